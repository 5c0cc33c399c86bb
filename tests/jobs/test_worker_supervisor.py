"""The supervisor of job workers goes on when the process cannot open anything, and says so."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from hindi_stt.jobs.worker_supervisor import Workers
from tests.support.descriptors import eventually, no_descriptors


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def workers_that_end(folder: Path) -> tuple[Workers, Path]:
    """One worker, which writes a letter into a file and ends half a second later."""
    started = folder / "started"
    workers = Workers(1, folder, folder)
    workers._command = [
        sys.executable,
        "-c",
        f"import time; open({str(started)!r}, 'a').write('x'); time.sleep(0.5)",
    ]
    return workers, started


@pytest.mark.slow
def test_a_worker_is_started_again_after_descriptors_ran_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:

    async def use() -> None:
        workers, started = workers_that_end(tmp_path)
        workers.start()
        try:
            await eventually(started.exists, 60)
            with no_descriptors():
                await eventually(lambda: any("start of a job worker failed" in text for text in messages(caplog)), 60)
            before = len(started.read_text())
            await eventually(lambda: len(started.read_text()) > before, 60)
        finally:
            await workers.stop()

    asyncio.run(use())


def test_the_lock_file_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:

    async def use() -> None:
        workers, started = workers_that_end(tmp_path)
        with no_descriptors():
            workers.start()
            await eventually(lambda: bool(caplog.records), 60)
        assert "start of job workers failed" in messages(caplog)[0]
        try:
            await eventually(started.exists, 60)
        finally:
            await workers.stop()

    asyncio.run(use())
