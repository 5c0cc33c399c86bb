"""A bounded number of slots that clients of one event loop share fairly: threads, or calls in flight."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Protocol, TypeVar

import anyio

from hindi_stt.concurrency.fair_queue import FairQueue
from hindi_stt.concurrency.threads import run_to_end
from hindi_stt.observability.request_context import current_client

__all__ = ["ClientThreads", "FairSlots", "FairThreads", "MayWait"]

T = TypeVar("T")


class FairSlots:
    """Slots for work in progress; who finds none waits for a turn.

    The turn is that of the client which has held slots for the shortest time: see `hindi_stt.concurrency.fair_queue`.

    Args:
        slots: Total number of slots.
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
            client: Name of the client.
        """
        await self.acquire(client)
        start_s = time.perf_counter()
        try:
            yield
        finally:
            self.release(client, time.perf_counter() - start_s)

    @property
    def n_held(self) -> int:
        """Slots that are held, by all clients."""
        return self._held.total()

    async def acquire(self, client: str) -> None:
        """Wait for a slot, which `release` gives back."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.push(client, turn)
        self._give_turns()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it got its slot before it was cancelled
                self.release(client, 0.0)
            raise

    def release(self, client: str, elapsed_s: float) -> None:
        """Release a slot.

        Args:
            client: The client that held it.
            elapsed_s: For how long it was held, in seconds.
        """
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
            if entry.item.done():  # the waiting task was cancelled
                continue
            self._free -= 1
            self._held[entry.client] += 1
            self._queue.begin(entry.client)
            entry.item.set_result(None)


class FairThreads:
    """Threads for CPU work outside the event loop, shared as `FairSlots`.

    Args:
        threads: Total number of threads.
        per_client: Most that one client holds at a time.
    """

    def __init__(self, threads: int, per_client: int) -> None:
        self._slots = FairSlots(threads, per_client)
        self._limiter = anyio.CapacityLimiter(threads)  # never waited for: the slots are as many

    @property
    def n_in_use(self) -> int:
        """Threads that are held."""
        return self._slots.n_held

    async def run(self, client: str, work: Callable[[], T]) -> T:
        """Run work in a thread, when it is the client's turn; a thread that was started ends before this does.

        Args:
            client: Name of the client.
            work: A slice of bounded length, so that others have their turns.

        Returns:
            What `work` returns.
        """
        async with self._slots.held(client):
            return await run_to_end(work, limiter=self._limiter)

    async def run_reading(self, client: str, work: Callable[[], T], file: MayWait, limiter: anyio.CapacityLimiter) -> T:
        """Run work that waits for a file: meanwhile it holds a thread of its own, but no slot.

        Args:
            client: Name of the client.
            work: A slice of bounded length, but for its waiting.
            file: The file that it reads; used by one piece of work at a time.
            limiter: Bounds the threads.

        Returns:
            What `work` returns.
        """
        turn = _Turn(self._slots, client)
        await turn.take()
        file.idle = turn.given_up
        try:
            return await run_to_end(work, limiter=limiter)
        finally:
            file.idle = contextlib.nullcontext
            turn.release()


class ClientThreads:
    """Threads that the clients of one event loop share, for whatever is done for the current request.

    Args:
        threads: Shared by turns.
        waiting: Bound on the additional threads of work that waits for a file.
    """

    def __init__(self, threads: FairThreads, waiting: anyio.CapacityLimiter) -> None:
        self._threads = threads
        self._waiting = waiting

    @property
    def n_in_use(self) -> int:
        """Threads that work, or wait for a file."""
        return self._threads.n_in_use + self._waiting.borrowed_tokens

    async def run(self, work: Callable[[], T], *, waits: MayWait | None = None) -> T:
        """Run CPU work outside the event loop; clients take turns, so a piece of work should be short.

        Args:
            work: The work; it ends before this call does, also on cancellation.
            waits: The file for whose data it may have to wait; others get their turns meanwhile.

        Returns:
            What `work` returns.
        """
        if waits is not None:
            return await self._threads.run_reading(current_client(), work, waits, self._waiting)
        return await self._threads.run(current_client(), work)


class MayWait(Protocol):
    """A file whose reader may have to wait for data.

    Attributes:
        idle: Entered around each wait, in the reader's thread.
    """

    idle: Callable[[], contextlib.AbstractContextManager[None]]


class _Turn:
    """A slot that a thread gives up while it waits."""

    def __init__(self, slots: FairSlots, client: str) -> None:
        self._slots = slots
        self._client = client
        self._loop = asyncio.get_running_loop()
        self._start_s = 0.0

    async def take(self) -> None:
        """Wait for the turn."""
        await self._slots.acquire(self._client)
        self._start_s = time.perf_counter()

    def release(self) -> None:
        """End the turn."""
        self._slots.release(self._client, time.perf_counter() - self._start_s)

    @contextlib.contextmanager
    def given_up(self) -> Iterator[None]:
        """Without the turn; called in the thread."""
        self._loop.call_soon_threadsafe(self.release)
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(self.take(), self._loop).result()
