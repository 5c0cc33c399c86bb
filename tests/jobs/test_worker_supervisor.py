"""Every loop that watches something outlives a process without descriptors, and says so."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from hindi_stt.jobs.worker_supervisor import Workers
from hindi_stt.processes.watchdog import Heartbeat, Watchdog


@contextlib.contextmanager
def no_descriptors() -> Iterator[None]:
    """This process cannot open anything."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
    held: list[int] = []
    try:
        with contextlib.suppress(OSError):
            while True:
                held.append(os.open("/dev/null", os.O_RDONLY))
        yield
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def eventually(happened: Callable[[], bool], within_s: float) -> None:
    async with asyncio.timeout(within_s):
        while not happened():  # noqa: ASYNC110  # what happens is outside of this loop
            await asyncio.sleep(0.05)


def test_the_watchdog_outlives_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A runner that stands still afterwards is ended as before."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    runner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    ended: list[int] = []

    async def scene() -> None:
        watching = asyncio.create_task(Watchdog(ended.append).watch())
        await asyncio.sleep(0.1)
        with no_descriptors():
            await asyncio.sleep(1.2)
        started = repr(psutil.Process(runner.pid).create_time())
        (tmp_path / f"runner-heartbeat-{runner.pid}").write_text(started)
        await eventually(lambda: bool(ended), 20)
        watching.cancel()

    try:
        with caplog.at_level(logging.ERROR):
            asyncio.run(scene())
    finally:
        runner.kill()
        runner.wait()
    assert ended == [runner.pid]
    assert len([record for record in caplog.records if "watch over processes (runner) failed" in record.message]) == 1


def test_the_runners_sign_of_life_outlives_a_folder_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder))

    async def scene() -> bool:
        heartbeat = Heartbeat()
        heartbeat.start()
        await asyncio.sleep(0.1)
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
        await asyncio.sleep(1.2)
        folder.mkdir()
        await asyncio.sleep(1.2)
        return any(folder.iterdir())

    assert asyncio.run(scene())


def test_the_supervisor_of_job_workers_outlives_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker that ends meanwhile is replaced when that is possible."""
    started = tmp_path / "started"
    worker = ["-c", f"import time; open({str(started)!r}, 'a').write('x'); time.sleep(0.5)"]

    async def scene() -> None:
        workers = Workers(1, tmp_path / "lock", tmp_path)
        workers._command = [sys.executable, *worker]
        workers.start()
        try:
            await eventually(started.exists, 15)
            with no_descriptors():
                await asyncio.sleep(3.5)
            before = len(started.read_text())
            await eventually(lambda: len(started.read_text()) > before, 15)
        finally:
            await workers.stop()

    with caplog.at_level(logging.ERROR):
        asyncio.run(scene())
    assert any("start of a job worker failed" in record.message for record in caplog.records)
