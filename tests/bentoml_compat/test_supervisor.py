"""The supervisor replaces a dead process soon, and takes SIGTERM while it is at it; a real one of BentoML's."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

# `look` takes a second, and circus refuses every other command meanwhile.
CODE = """
import sys
from bentoml._internal.utils.circus import create_standalone_arbiter
from bentoml.serving import create_watcher
from tornado import gen

if sys.argv[1] == "patched":
    from hindi_stt.bentoml_compat import supervisor
    supervisor.patch()

watcher = create_watcher(name="w", cmd=sys.executable, args=["-c", "import time; time.sleep(60)"], numprocesses=1)
manage = watcher.manage_processes

@gen.coroutine
def look():
    print("look", flush=True)
    yield manage()
    if sys.argv[2] == "slowly":
        yield gen.sleep(1)

watcher.manage_processes = look
# BentoML's own interval of ten seconds, or what the patch makes of it; for the slow looks always one second.
options = {"check_delay": 1} if sys.argv[2] == "slowly" else {}
arbiter = create_standalone_arbiter([watcher], **options)
print(arbiter.check_delay, flush=True)
arbiter.start(cb=lambda _: print("started", flush=True))
"""


class Supervisor:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def wait_for(self, wanted: str) -> None:
        while (line := self.line()) != wanted:
            assert line, "the supervisor has ended"

    def children(self) -> list[int]:
        return [child.pid for child in psutil.Process(self.process.pid).children()]


@contextlib.contextmanager
def supervisor(how: str, pace: str) -> Iterator[Supervisor]:
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", CODE, how, pace],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    main = psutil.Process(process.pid)
    try:
        yield Supervisor(process)
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):  # a supervisor that has ended has ended its children
            main.suspend()  # so that it starts no other
            while main.status() not in {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE}:
                time.sleep(0.01)
            children = main.children(recursive=True)
            process.kill()
            for child in children:
                child.kill()
        process.communicate()  # not before: its children have its output open


@pytest.mark.parametrize(("how", "interval_s"), [("patched", 1.0), ("usual", 10.0)])
def test_how_often_it_looks(how: str, interval_s: float) -> None:
    with supervisor(how, "quickly") as running:
        assert float(running.line()) == interval_s


@pytest.mark.slow
def test_a_dead_process_is_replaced() -> None:
    with supervisor("patched", "quickly") as running:
        running.wait_for("started")
        (before,) = running.children()
        psutil.Process(before).kill()
        for _ in range(3):
            running.wait_for("look")
        (after,) = running.children()
        assert after != before


@pytest.mark.slow
def test_sigterm_is_taken_while_it_looks() -> None:
    with supervisor("patched", "slowly") as running:
        running.wait_for("started")
        running.wait_for("look")
        running.process.terminate()
        assert running.process.wait(60) == 0


@pytest.mark.slow
def test_bentomls_own_loses_sigterm() -> None:
    """Why the patch is there; when this fails, it may go."""
    with supervisor("usual", "slowly") as running:
        running.wait_for("started")
        running.wait_for("look")
        running.process.terminate()
        for _ in range(3):
            running.wait_for("look")
        assert running.process.poll() is None
