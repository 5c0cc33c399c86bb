"""Start workers as forks of the supervisor, which has imported all that they need.

What: replaces the class by which circus starts a process, for BentoML's workers only. Why: a new interpreter imports
again what the supervisor has just imported, half of the time from the command to the first answer, and holds a copy of
its own of it; a fork shares those pages until it writes to them. What was read and checked before the port opened is
what the workers use: nothing is opened or checked twice.

A fork is left as a new interpreter would be: the environment, signals, descriptors, argument vector and log of a worker
of BentoML's. Only on Linux, only where the supervisor has one thread, and never for a server that reloads its code.
"""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import gc
import importlib
import logging
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn

import psutil
from circus import process as circus_process
from setproctitle import setproctitle

__all__ = ["ForkedProcess", "patch"]

_WORKER_MODULE: Final = "_bentoml_impl.worker.service"

_new_interpreter: Final = circus_process.Popen


class ForkedProcess(psutil.Process):
    """A child of this process, with what circus uses of a `psutil.Popen`.

    Args:
        pid: Its id.

    Attributes:
        returncode: Its exit status, negative for a signal; None while it runs.
        stdout: None: it writes where this process writes.
        stderr: As `stdout`.
    """

    stdout = None
    stderr = None

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status, without waiting for it."""
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # circus itself has waited for it, and knows the status
                self.returncode = 0
            else:
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def patch(prepare: Callable[[], None]) -> None:
    """Have supervisors of this process fork their workers, where that is possible.

    Args:
        prepare: Called in each forked worker once BentoML has set up its log: what a process has to do for itself.
    """
    if sys.platform != "linux":
        return

    def start(args: Sequence[str], **options: Any) -> Any:
        if _may_fork(args, options):
            return _fork(args, prepare, options["preexec_fn"], options["env"], options["cwd"])
        return _new_interpreter(args, **options)

    circus_process.Popen = start


def _may_fork(args: Sequence[str], options: Mapping[str, Any]) -> bool:
    return (
        list(args[1:3]) == ["-m", _WORKER_MODULE]
        and options.get("stdout") is options.get("stderr") is options.get("executable") is None
        and not options["shell"]
        and threading.active_count() == 1
    )


def _fork(
    args: Sequence[str], prepare: Callable[[], None], preexec: Callable[[], None], env: Mapping[str, str], cwd: str
) -> ForkedProcess:
    gc.freeze()  # so that collections in a worker do not write to the pages that it shares
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        with warnings.catch_warnings():
            # Python 3.12 counts the threads of C libraries too: those of ZeroMQ and OpenBLAS, which expect forks.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            _run(args, prepare, preexec, env, cwd, blocked)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    return ForkedProcess(pid)


def _run(
    args: Sequence[str],
    prepare: Callable[[], None],
    preexec: Callable[[], None],
    env: Mapping[str, str],
    cwd: str,
    blocked: set[int | signal.Signals],
) -> NoReturn:
    """In the fork: become a worker, and end when it ends."""
    status = 1
    try:
        _reset_signals()
        preexec()
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(env)
        _leave_descriptors()
        _reset_interpreter(args)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        status = contextvars.Context().run(_main, args[3:], prepare)
    except BaseException:  # noqa: BLE001  # nothing of the stack of the supervisor may see it
        traceback.print_exc()
    finally:
        _end(status)


def _main(args: Sequence[str], prepare: Callable[[], None]) -> int:
    """Run BentoML's worker; returns its exit status."""
    from _bentoml_impl.worker.service import main
    from bentoml._internal import log

    configure = log.configure_server_logging
    loggers = [
        logger
        for logger in logging.root.manager.loggerDict.values()
        if isinstance(logger, logging.Logger) and not logger.disabled
    ]

    def configure_and_prepare() -> None:
        configure()
        for logger in loggers:  # which it disables, since they were there before its own
            logger.disabled = False
        prepare()

    log.configure_server_logging = configure_and_prepare
    try:
        main(list(args))
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
    return 1


def _end(status: int) -> NoReturn:
    """End as an interpreter does: after threads and exit handlers, but without the stack of the supervisor."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001
        atexit._run_exitfuncs()  # noqa: SLF001
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    finally:
        os._exit(status)


def _reset_signals() -> None:
    """Give up the supervisor's handlers, as `exec` does; what is ignored stays so."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _leave_descriptors() -> None:
    """Give up the descriptors that `exec` would close, and keep their numbers: objects that close them live on."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        number = int(name)
        try:
            if number != nothing and not os.get_inheritable(number):
                os.dup2(nothing, number, inheritable=False)
        except OSError:  # the one of the listing itself
            continue
    os.close(nothing)


def _reset_interpreter(args: Sequence[str]) -> None:
    """Undo what the supervisor has done to modules that a worker uses."""
    from prometheus_client import values

    atexit._clear()  # noqa: SLF001
    asyncio._set_running_loop(None)  # noqa: SLF001
    asyncio.set_event_loop_policy(None)
    importlib.reload(values)  # chooses between one process and many when it is imported
    sys.argv = [_WORKER_MODULE, *args[3:]]
    setproctitle(" ".join(args))
