"""The watchdog kills a process that has stopped, and never one that only has the id of another."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from hindi_stt.processes import watchdog
from hindi_stt.processes.watchdog import Heartbeat, Watchdog, processes_report
from tests.support.descriptors import eventually, no_descriptors

BEATING = """
import asyncio, pathlib, sys
from hindi_stt.processes.watchdog import Heartbeat, beat_in_thread

async def run():
    folder, kind = pathlib.Path(sys.argv[1]), sys.argv[2]
    if kind == "job":
        beat_in_thread(folder, kind)
    else:
        Heartbeat(folder, kind).start()
    await asyncio.sleep(60)

asyncio.run(run())
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(watchdog, "_INTERVAL_S", 0.02)  # so that ten checks take no time
    return tmp_path


@pytest.fixture(params=["api", "job", "runner"])
def beating(folder: Path, request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", BEATING, folder, request.param])
    try:
        deadline = time.monotonic() + 30
        while not any(file.read_text() for file in folder.glob("*-heartbeat-*")):  # it is empty when it is made
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield process, request.param
    finally:
        process.kill()
        process.wait()


def watch(folder: Path, kind: str, until: Callable[[], bool] = lambda: False, *, at_least_s: float = 0.0) -> list[int]:
    """Ids of the processes that it killed, until this has happened, or in a time in which it would check often."""
    killed: list[int] = []

    async def use() -> None:
        watching = asyncio.create_task(Watchdog(folder, kind, killed.append).watch())  # type: ignore[arg-type]
        if not at_least_s:
            await eventually(lambda: bool(killed) or until(), 60)
        await asyncio.sleep(at_least_s)
        watching.cancel()

    asyncio.run(use())
    return killed


def test_a_stopped_process_is_killed(folder: Path, beating: tuple[subprocess.Popen[bytes], str]) -> None:
    process, kind = beating
    assert processes_report(folder)[kind]["running"] == 1
    process.send_signal(signal.SIGSTOP)
    assert watch(folder, kind) == [process.pid]
    assert process.wait(60) == -signal.SIGKILL


def test_a_process_with_the_same_id_is_left_alone(folder: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        file = folder / f"runner-heartbeat-{process.pid}"
        file.write_text(repr(psutil.Process(process.pid).create_time() - 3600))
        assert watch(folder, "runner", lambda: not file.exists()) == []
        assert watch(folder, "runner", at_least_s=1.0) == []
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


def test_a_file_that_names_no_process(folder: Path) -> None:
    (folder / "runner-heartbeat-x").write_text("0.0")
    assert watch(folder, "runner", at_least_s=1.0) == []


@pytest.mark.slow
def test_the_watchdog_continues_after_descriptors_ran_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A runner that hangs afterwards is killed as before."""
    runner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    killed: list[int] = []

    async def use() -> None:
        watching = asyncio.create_task(Watchdog(tmp_path, "runner", killed.append).watch())
        await asyncio.sleep(0.1)
        with no_descriptors():
            await eventually(lambda: bool(caplog.records), 60)
            await asyncio.sleep(1.2)  # two more failures, which are not logged again
        started = repr(psutil.Process(runner.pid).create_time())
        (tmp_path / f"runner-heartbeat-{runner.pid}").write_text(started)
        await eventually(lambda: bool(killed), 60)
        watching.cancel()

    try:
        asyncio.run(use())
    finally:
        runner.kill()
        runner.wait()
    assert killed == [runner.pid]
    failures = [text for record in caplog.records if "watch over processes (runner) failed" in (text := record.message)]
    assert len(failures) == 1


def test_a_heartbeat_continues_after_its_folder_was_removed(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()

    async def use() -> None:
        heartbeat = Heartbeat(folder, "runner")
        heartbeat.start()
        await eventually(lambda: any(folder.iterdir()), 60)
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
        await asyncio.sleep(1.2)
        folder.mkdir()
        await eventually(lambda: any(folder.iterdir()), 60)

    asyncio.run(use())


def test_outside_of_a_server_there_is_nothing_to_watch() -> None:
    asyncio.run(asyncio.wait_for(Watchdog(None, "runner", lambda _: None).watch(), 60))
    assert processes_report(None) == {}
