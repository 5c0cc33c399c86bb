"""Work in threads that ends before what it uses is closed, whenever the task that waits for it is cancelled.

A thread cannot be cancelled. `anyio.to_thread.run_sync` and `asyncio.to_thread` return at once where their task is
cancelled by asyncio (a timeout, a client that has gone), and the thread goes on: it writes what the task writes again,
or reads a file that the task closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

import anyio
import anyio.to_thread

__all__ = ["entered_in_thread", "run_to_end"]

T = TypeVar("T")


async def run_to_end(work: Callable[[], T], *, limiter: anyio.CapacityLimiter | None = None, always: bool = False) -> T:
    """Run work in a thread and wait for its end, also where this task is cancelled meanwhile.

    Args:
        work: The work. If it still waits for a thread when the task is cancelled, it is not run at all.
        limiter: Bounds the threads at a time; without, anyio's own does.
        always: Run it also then, since it lets go of something.

    Returns:
        What the work returns.

    Raises:
        asyncio.CancelledError: The task was cancelled; the work has ended, or will never begin.
    """
    once = _Once(work)
    running = asyncio.ensure_future(anyio.to_thread.run_sync(once, limiter=limiter))
    running.add_done_callback(_forget)
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait({running})
        except asyncio.CancelledError as error:
            cancelled = error
            if not always and once.give_up():
                running.cancel()
                raise
    if cancelled is not None:
        raise cancelled
    return running.result()


class _Once(Generic[T]):
    """Work that may be given up until it begins."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._begun = self._given_up = False

    def __call__(self) -> T:
        with self._lock:
            if self._given_up:
                raise RuntimeError("the work was given up before it began")
            self._begun = True
        return self._work()

    def give_up(self) -> bool:
        """Keep it from beginning; False where it has begun."""
        with self._lock:
            self._given_up = not self._begun
        return self._given_up


def _forget(running: asyncio.Future[Any]) -> None:
    """Log an exception that no task waits for."""
    if not running.cancelled():
        running.exception()


@contextlib.asynccontextmanager
async def entered_in_thread(
    context: AbstractContextManager[T], run: Callable[[Callable[[], object]], Awaitable[object]] = run_to_end
) -> AsyncGenerator[T]:
    """Enter and leave a context manager in threads; what was entered is left, whenever the task is cancelled.

    Args:
        context: Its `__exit__` is called without an exception.
        run: Enters it: runs a function in a thread, to its end.

    Yields:
        What entering it gives.
    """
    entered: list[T] = []
    try:
        await run(lambda: entered.append(context.__enter__()))
        yield entered[0]
    finally:
        if entered:
            await run_to_end(lambda: context.__exit__(None, None, None), always=True)
