"""Cancel a coroutine at each of its awaits in turn, as time-outs and clients that hang up do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")

_MOST_AWAITS = 2000


class CancelledAt:
    """Awaits a coroutine, and has a task cancelled when it has been suspended for the n-th time.

    task: the one to cancel; without, the one that awaits the coroutine.
    """

    def __init__(self, work: Coroutine[Any, Any, T], n: int, task: asyncio.Task[Any] | None = None) -> None:
        self._work = work
        self._n = n
        self._task = task
        self.reached = False

    def __await__(self) -> Generator[Any, Any, T]:
        task = self._task or asyncio.current_task()
        assert task is not None
        steps = self._work.__await__()
        suspended, sent, failure = 0, None, None
        while True:
            try:
                waits_for = steps.throw(failure) if failure is not None else steps.send(sent)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            suspended += 1
            if suspended == self._n:
                self.reached = True
                asyncio.get_running_loop().call_soon(task.cancel)
            sent = failure = None
            try:
                sent = yield waits_for
            except BaseException as error:  # noqa: BLE001  # it is thrown into the coroutine
                failure = error


async def cancelled_at(work: Coroutine[Any, Any, T], n: int) -> tuple[bool, T | BaseException | None]:
    """Whether there was an n-th await, and what the coroutine gave or raised."""
    run = CancelledAt(work, n)

    async def task() -> T:
        return await run

    (result,) = await asyncio.gather(asyncio.ensure_future(task()), return_exceptions=True)
    return run.reached, result


async def at_every_await(attempt: Callable[[int], Coroutine[Any, Any, bool]]) -> int:
    """Run attempts with a cancellation at the first, second, … await until one has fewer.

    Args:
        attempt: Makes the attempt with a cancellation at the n-th await, checks what is left of it, and tells whether
            there was such an await.

    Returns:
        How many awaits there were.
    """
    for n in range(1, _MOST_AWAITS):
        if not await attempt(n):
            return n - 1
    raise AssertionError("it never ends")
