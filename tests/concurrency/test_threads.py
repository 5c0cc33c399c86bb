"""Work in threads: it ends before a cancellation is raised, and what it opened is closed."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from pathlib import Path

import pytest

from hindi_stt.concurrency.threads import entered_in_thread, run_to_end
from tests.support.cancelling import at_every_await, cancelled_at


def test_work_ends_before_the_cancellation_is_raised() -> None:
    ended: list[int] = []

    def work() -> int:
        time.sleep(0.05)
        ended.append(1)
        return 7

    async def attempt(n: int) -> bool:
        ended.clear()
        reached, result = await cancelled_at(run_to_end(work), n)
        assert ended == [1] if not reached or n > 1 else ended in ([], [1])
        assert isinstance(result, asyncio.CancelledError) if reached else result == 7
        before = list(ended)
        await asyncio.sleep(0.1)
        assert ended == before
        return reached

    assert asyncio.run(at_every_await(attempt)) >= 1


def test_a_cancellation_while_the_work_runs() -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(60)
        ended.set()

    async def run() -> None:
        task = asyncio.create_task(run_to_end(work))
        while not begun.is_set():  # noqa: ASYNC110  # it is set by a thread
            await asyncio.sleep(0.001)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0.01)
        assert not task.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()

    asyncio.run(run())


def test_a_file_that_was_opened_is_closed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    opened: list[io.BufferedReader] = []

    class Slow:
        def __enter__(self) -> io.BufferedReader:
            opened.append((tmp_path / "file").open("rb"))
            return opened[-1]

        def __exit__(self, *_: object) -> None:
            opened[-1].close()

    async def use() -> None:
        async with entered_in_thread(Slow()) as file:
            await asyncio.sleep(0)
            file.read()

    async def attempt(n: int) -> bool:
        opened.clear()
        reached, _ = await cancelled_at(use(), n)
        assert all(file.closed for file in opened)
        return reached

    assert asyncio.run(at_every_await(attempt)) >= 3
