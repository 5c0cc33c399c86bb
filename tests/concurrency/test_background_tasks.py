"""Background work that fails is logged and tried again; cancelling it ends it."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable

import pytest

from hindi_stt.concurrency.background_tasks import repeating_task


def run(*outcomes: Exception | None) -> None:
    """Repeat work that raises, or returns, these one after the other, and then waits until it is cancelled."""
    left = list(outcomes)

    async def use() -> None:
        finished = asyncio.Event()

        async def work() -> None:
            if not left:
                finished.set()
                await asyncio.sleep(60)
            if (outcome := left.pop(0)) is not None:
                raise outcome

        task = repeating_task("the watch", work, pause_s=0.0)
        assert task.get_name() == "the watch"
        await asyncio.wait_for(finished.wait(), 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(use())


def test_it_continues_after_an_error_and_after_a_round(caplog: pytest.LogCaptureFixture) -> None:
    run(MemoryError("none left"), None, None)
    (record,) = caplog.records
    assert record.getMessage() == "the watch failed, and is tried again"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], MemoryError)


def test_what_the_system_lacks_is_logged_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    run(OSError(errno.EMFILE, "Too many open files"))
    (record,) = caplog.records
    assert record.getMessage() == "the watch failed, and is tried again: [Errno 24] Too many open files"
    assert record.exc_info is None


def test_each_kind_of_error_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    def full() -> OSError:
        return OSError(errno.ENOSPC, "No space left on device")

    def none_left() -> OSError:
        return OSError(errno.EMFILE, "Too many open files")

    def wrong() -> ValueError:
        return ValueError("x")

    kinds: list[Callable[[], Exception]] = [full, none_left, wrong]
    run(*(make() for make in kinds * 3))
    assert len(caplog.records) == len(kinds)
