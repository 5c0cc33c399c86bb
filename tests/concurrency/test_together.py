"""Works that share what is closed afterwards: none goes on when one fails or the caller is cancelled."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable

import pytest

from hindi_stt.concurrency.together import run_together


class Reader:
    """Reads a file to the end of its time, and tells when it is closed under it."""

    def __init__(self, file: io.BytesIO) -> None:
        self.file = file
        self.read_after_close = False

    async def read(self) -> None:
        try:
            while True:
                self._read()
                await asyncio.sleep(0)
        finally:
            await asyncio.sleep(0.01)  # as a thread takes a while to end
            self._read()

    def _read(self) -> None:
        if self.file.closed:
            self.read_after_close = True


async def fail() -> None:
    await asyncio.sleep(0.01)
    raise KeyError("one of them")


async def end_with(action: Callable[[asyncio.Task[object]], None], *, failing: bool) -> list[Reader]:
    readers: list[Reader] = []

    async def use() -> None:
        with io.BytesIO(b"audio") as file:
            readers.extend(Reader(file) for _ in range(3))
            works = [reader.read() for reader in readers]
            await run_together([*works, fail()] if failing else works)

    task: asyncio.Task[object] = asyncio.create_task(use())
    await asyncio.sleep(0.005)
    action(task)
    await asyncio.wait([task])
    await asyncio.sleep(0.05)
    assert isinstance(task.exception() if not task.cancelled() else asyncio.CancelledError(), BaseException)
    return readers


@pytest.mark.parametrize("failing", [True, False])
def test_none_reads_what_is_closed(failing: bool) -> None:
    readers = asyncio.run(end_with(lambda task: None if failing else task.cancel(), failing=failing))  # type: ignore[func-returns-value]
    assert [reader.read_after_close for reader in readers] == [False] * 3


def test_results_come_in_order() -> None:
    async def after(seconds: float) -> float:
        await asyncio.sleep(seconds)
        return seconds

    assert asyncio.run(run_together(after(seconds) for seconds in (0.02, 0.0, 0.01))) == [0.02, 0.0, 0.01]
