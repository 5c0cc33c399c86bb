"""Whom the watchdog kills: a process that has stopped, and never one that only has the id of another."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from hindi_stt.processes import watchdog
from hindi_stt.processes.watchdog import Watchdog, processes_report

BEATING = """
import asyncio, sys
from hindi_stt.processes.watchdog import Heartbeat, beat_in_thread

async def run():
    if sys.argv[1] == "job":
        beat_in_thread("job")
    else:
        Heartbeat(sys.argv[1]).start()
    await asyncio.sleep(60)

asyncio.run(run())
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    monkeypatch.setattr(watchdog, "_INTERVAL_S", 0.02)  # so that ten looks take no time
    return tmp_path


@pytest.fixture(params=["api", "job", "runner"])
def beating(folder: Path, request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", BEATING, request.param])
    try:
        deadline = time.monotonic() + 30
        while not list(folder.glob("*-heartbeat-*")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield process, request.param
    finally:
        process.kill()
        process.wait()


def watch(kind: str, seconds: float) -> list[int]:
    """Whom it killed in this time."""
    killed: list[int] = []

    async def look() -> None:
        with_timeout = asyncio.wait_for(Watchdog(killed.append, kind).watch(), seconds)  # type: ignore[arg-type]
        with pytest.raises(asyncio.TimeoutError):
            await with_timeout

    asyncio.run(look())
    return killed


def test_a_stopped_process_is_killed(beating: tuple[subprocess.Popen[bytes], str]) -> None:
    process, kind = beating
    assert processes_report()[kind]["running"] == 1
    process.send_signal(signal.SIGSTOP)
    assert watch(kind, 1.5) == [process.pid]
    assert process.wait(10) == -signal.SIGKILL


def test_a_process_with_the_same_id_is_left_alone(folder: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        file = folder / f"runner-heartbeat-{process.pid}"
        file.write_text(repr(psutil.Process(process.pid).create_time() - 3600))
        assert watch("runner", 1.5) == []
        assert process.poll() is None
        assert not file.exists()
    finally:
        process.kill()
        process.wait()


def test_a_file_that_names_no_process(folder: Path) -> None:
    (folder / "runner-heartbeat-x").write_text("0.0")
    assert watch("runner", 1.5) == []
