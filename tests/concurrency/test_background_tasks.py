"""A watch that raises or returns is seen in the log and goes on; cancelling it ends it."""

from __future__ import annotations

import asyncio
import logging

import pytest

from hindi_stt.concurrency import background_tasks as lasting_tasks
from hindi_stt.concurrency.background_tasks import lasting_task


def test_a_watch_goes_on(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lasting_tasks, "_PAUSE_S", 0.0)
    monkeypatch.setattr(logging.getLogger("hindi_stt"), "propagate", True)
    runs: list[int] = []

    async def work() -> None:
        runs.append(len(runs))
        if runs[-1] == 0:
            raise MemoryError("none left")
        if runs[-1] >= 2:
            await asyncio.sleep(60)

    async def use() -> None:
        task = lasting_task("the watch", work)
        while len(runs) < 3:  # noqa: ASYNC110  # the work under test has no event of its own
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(use(), 10))
    failed, ended = caplog.records
    assert failed.exc_info is not None
    assert isinstance(failed.exc_info[1], MemoryError)
    assert "has ended" in ended.getMessage()
