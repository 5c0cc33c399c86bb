"""Kill a process of the server that hangs, so that its supervisor starts another, as it does for one that died.

Each process marks a file twice a second, an API worker and the runner from their event loops, a job worker by a thread;
model runs happen in threads, so a long one does not stop it. API workers watch the runner and the job workers, the
runner watches the API workers. And where the supervisor itself is killed, the processes that it leaves behind end:
nobody could stop them, or use the port.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import psutil

from hindi_stt.concurrency.background_tasks import repeat

__all__ = ["Heartbeat", "Kind", "Watchdog", "beat_in_thread", "end_with_supervisor", "processes_report"]

Kind = Literal["runner", "api", "job"]

_INTERVAL_S: Final = 0.5
# Checks in a row, each after the watcher itself has slept as planned: a machine that was suspended is no hung process.
# A job worker runs when nothing else wants the cores, so that on a busy machine it may be silent for long.
_MAX_SILENT_CHECKS: Final[dict[Kind, int]] = {"runner": 10, "api": 20, "job": 120}
# For a process that was stopped by a signal, whatever its kind: it can do nothing.
_MAX_STOPPED_CHECKS: Final = 10
_SILENT_S: Final = 2.0


def _file(folder: Path, kind: Kind) -> Path:
    return folder / f"{kind}-heartbeat-{os.getpid()}"


def _write_start_time(file: Path) -> None:
    """Write when this process was started: its id may be another's by the time that somebody reads it.

    The file appears with its content: one that was empty for a moment would be that of a process that has ended.
    """
    part = file.with_name(file.name.replace("heartbeat", "starting"))
    part.write_text(repr(psutil.Process().create_time()))
    part.replace(file)


def _beat_once(file: Path) -> None:
    if file.exists():
        file.touch()
    else:
        _write_start_time(file)


class Heartbeat:
    """The side of a process that is watched: a file named after it, marked for as long as its event loop turns.

    Args:
        folder: Runtime folder of the server; None where the process belongs to none, and is not watched.
        kind: Kind of this process.
    """

    def __init__(self, folder: Path | None, kind: Kind) -> None:
        self._file = _file(folder, kind) if folder else None
        self._kind: Kind = kind
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the heartbeat; needs a running event loop."""
        if self._file:
            self._task = asyncio.create_task(self._beat(self._file), name="the heartbeat")

    async def _beat(self, file: Path) -> None:
        async def once() -> None:  # in the event loop: a thread would keep the heartbeat of a loop that hangs
            _beat_once(file)

        try:
            await repeat(f"the heartbeat of this process ({self._kind})", once, _INTERVAL_S)
        finally:
            file.unlink(missing_ok=True)  # noqa: ASYNC240


def beat_in_thread(folder: Path | None, kind: Kind) -> None:
    """Mark this process's file from a thread until the process ends; for one without an event loop.

    Args:
        folder: Runtime folder of the server; None where the process belongs to none, and is not watched.
        kind: Kind of this process.
    """
    if folder is None:
        return
    file = _file(folder, kind)

    def beat() -> None:
        while True:
            with contextlib.suppress(OSError):  # a full disk, or a server that has just ended
                _beat_once(file)
            time.sleep(_INTERVAL_S)

    threading.Thread(target=beat, name="heartbeat", daemon=True).start()


class Watchdog:
    """The side of a process that watches others.

    Args:
        folder: Runtime folder of the server; None where this process belongs to none, and has nothing to watch.
        kind: Kind of the processes that are watched.
        on_kill: Called with the id of each process that was killed.
    """

    def __init__(self, folder: Path | None, kind: Kind, on_kill: Callable[[int], None]) -> None:
        self._folder = folder
        self._kind: Kind = kind
        self._on_kill = on_kill
        self._seen: dict[Path, tuple[int, int]] = {}

    async def watch(self) -> None:
        """Check all files twice a second until cancelled; to be run as a task."""
        if folder := self._folder:

            async def check_all() -> None:
                for file in folder.glob(f"{self._kind}-heartbeat-*"):  # a folder in memory
                    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                        self._check(file)

            await repeat(f"the watch over processes ({self._kind})", check_all, _INTERVAL_S)

    def _check(self, file: Path) -> None:
        beat = file.stat().st_mtime_ns
        last, silent_checks = self._seen.get(file, (0, 0))
        silent_checks = silent_checks + 1 if beat == last else 0
        self._seen[file] = (beat, silent_checks)
        if not silent_checks:
            return
        process = _process(file)
        if process is None:  # it has ended without removing its file
            file.unlink()
        elif silent_checks < min(_MAX_STOPPED_CHECKS, _MAX_SILENT_CHECKS[self._kind]):
            return
        elif silent_checks >= _MAX_SILENT_CHECKS[self._kind] or process.status() == psutil.STATUS_STOPPED:
            file.unlink()  # first, so that of several watchers only one kills it
            os.kill(process.pid, signal.SIGKILL)
            self._on_kill(process.pid)


def _process(file: Path) -> psutil.Process | None:
    """The process that marks this file, where it is still the one that made it."""
    try:
        process = psutil.Process(int(file.name.rpartition("-")[2]))
        same = repr(process.create_time()) == file.read_text() and process.status() != psutil.STATUS_ZOMBIE
        return process if same else None
    except (psutil.NoSuchProcess, ValueError):
        return None


def processes_report(folder: Path | None) -> dict[str, dict[str, int]]:
    """Count the processes of a server.

    Args:
        folder: Runtime folder of the server; None where there is none.

    Returns:
        For each kind, how many processes are "running", and how many have been "silent" for two seconds: a part of the
        body of GET /health.
    """
    report: dict[str, dict[str, int]] = {}
    for file in folder.glob("*-heartbeat-*") if folder else ():
        with contextlib.suppress(OSError):
            if _process(file) is None:
                continue
            silent = time.time() - file.stat().st_mtime > _SILENT_S
            counts = report.setdefault(file.name.partition("-")[0], {"running": 0, "silent": 0})
            counts["silent" if silent else "running"] += 1
    return report


def end_with_supervisor() -> None:
    """Send this process SIGTERM when the process that started it is gone; called in each process of a server."""
    supervisor = os.getppid()

    def wait() -> None:
        while os.getppid() == supervisor:
            time.sleep(_INTERVAL_S)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="end_with_supervisor", daemon=True).start()
