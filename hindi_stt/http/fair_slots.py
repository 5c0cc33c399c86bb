"""A bounded number of slots that clients of one event loop share fairly: threads, or calls in flight."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from typing import TypeVar

import anyio
import anyio.to_thread

from hindi_stt.fair_turns import FairQueue

__all__ = ["FairSlots", "FairThreads"]

T = TypeVar("T")


class FairSlots:
    """Slots for work in progress; who finds none waits for a turn.

    The turn is that of the client which has held slots for the shortest time: see `hindi_stt.fair_turns`.

    Args:
        slots: In all.
        per_client: Most that one client holds at a time. Where this is less than `slots`, there is always one for
            another client.
    """

    def __init__(self, slots: int, per_client: int) -> None:
        self._free = slots
        self._per_client = per_client
        self._held: Counter[str] = Counter()
        self._queue: FairQueue[asyncio.Future[None]] = FairQueue()

    @contextlib.asynccontextmanager
    async def held(self, client: str) -> AsyncGenerator[None]:
        """Hold a slot while the body runs.

        Args:
            client: Whose work it is.
        """
        await self._acquire(client)
        start_s = time.perf_counter()
        try:
            yield
        finally:
            self._release(client, time.perf_counter() - start_s)

    async def _acquire(self, client: str) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.push(client, turn)
        self._give_turns()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it had its turn before it could be told
                self._release(client, 0.0)
            raise

    def _release(self, client: str, elapsed_s: float) -> None:
        self._free += 1
        self._held[client] -= 1
        if not self._held[client]:
            del self._held[client]
        self._queue.charge(client, elapsed_s)
        self._give_turns()

    def _give_turns(self) -> None:
        while self._free:
            entry = self._queue.pop(lambda client: self._held[client] < self._per_client)
            if entry is None:
                return
            if entry.item.done():  # whoever waited has been cancelled
                continue
            self._free -= 1
            self._held[entry.client] += 1
            self._queue.begin(entry.client)
            entry.item.set_result(None)


class FairThreads:
    """Threads for CPU work beside the event loop, shared as `FairSlots`.

    Args:
        threads: In all.
        per_client: Most that one client holds at a time.
    """

    def __init__(self, threads: int, per_client: int) -> None:
        self._slots = FairSlots(threads, per_client)
        self._limiter = anyio.CapacityLimiter(threads)  # never waited for: the slots are as many

    async def run(self, client: str, work: Callable[[], T]) -> T:
        """Run work in a thread, when it is the client's turn; a thread that was started ends before this does.

        Args:
            client: Whose work it is.
            work: A slice of bounded length, so that others have their turns.

        Returns:
            What `work` returns.
        """
        async with self._slots.held(client):
            return await anyio.to_thread.run_sync(work, limiter=self._limiter)
