"""Where the orchestrator runs its work: the acoustic model, here or in another process, and threads for the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar

from hindi_stt.concurrency.fair_slots import MayWait
from hindi_stt.errors import HindiSTTError
from hindi_stt.inference.acoustic import Acoustic
from hindi_stt.types import Features, LogProbs

__all__ = ["AsyncioBackend", "Backend", "InlineBackend", "Job", "run_inline"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

# Clips that go to a model in this process at once.
_LOCAL_BATCH: Final = 8


class Job(Protocol[T_co]):
    """Work that was started; an `asyncio.Task` is one."""

    def done(self) -> bool:
        """Whether it has ended."""
        ...

    def result(self) -> T_co:
        """What it returned; raises what it raised."""
        ...


class Backend(Protocol):
    """What one recording needs of the place where it is transcribed.

    Attributes:
        clips_per_call: Clips that `log_probs` takes at once.
    """

    clips_per_call: int

    async def log_probs(self, clips: Sequence[Features], *, wait_if_busy: bool) -> list[LogProbs]:
        """Run the acoustic model.

        Args:
            clips: At most `clips_per_call`.
            wait_if_busy: Wait until the model has room for them, instead of raising Overloaded.

        Returns:
            The log-probs of each clip.

        Raises:
            HindiSTTError: The first clip's error that there is.
        """
        ...

    async def in_thread(self, work: Callable[[], T], *, waits: MayWait | None = None) -> T:
        """Run CPU work beside whatever else the process does; it ends before this does, also when this is cancelled.

        Args:
            work: A piece of bounded length.
            waits: The file that it reads, where reading it may have to wait for a client.
        """
        ...

    def start(self, work: Coroutine[Any, Any, T]) -> Job[T]:
        """Begin with work that goes on beside what follows, if this place can do several things at a time."""
        ...

    async def first_of(self, *jobs: Job[Any] | None) -> None:
        """Wait until one of these has ended; those that are None do not count."""
        ...

    async def ended(self, *jobs: Job[Any] | None) -> None:
        """Wait until all of these have ended, whatever came of them."""
        ...

    async def cancel(self, *jobs: Job[Any] | None) -> None:
        """Cancel those that have not ended, and wait until all have."""
        ...


class AsyncioBackend:
    """The part of a `Backend` that is the same for all that run in an asyncio event loop."""

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """See `Backend`."""
        return asyncio.get_running_loop().create_task(work)

    async def first_of(self, *jobs: Job[Any] | None) -> None:
        """See `Backend`."""
        await asyncio.wait(_tasks(jobs), return_when=asyncio.FIRST_COMPLETED)

    async def ended(self, *jobs: Job[Any] | None) -> None:
        """See `Backend`."""
        await asyncio.gather(*_tasks(jobs), return_exceptions=True)

    async def cancel(self, *jobs: Job[Any] | None) -> None:
        """See `Backend`."""
        for task in _tasks(jobs):
            task.cancel()
        await self.ended(*jobs)


def _tasks(jobs: Sequence[Job[Any] | None]) -> list[asyncio.Task[Any]]:
    return [job for job in jobs if isinstance(job, asyncio.Task)]


class InlineBackend:
    """A model in this process and thread, one thing after the other, without an event loop: for `run_inline`.

    Args:
        acoustic: The model.
    """

    clips_per_call = _LOCAL_BATCH

    def __init__(self, acoustic: Acoustic) -> None:
        self._acoustic = acoustic

    async def log_probs(self, clips: Sequence[Features], *, wait_if_busy: bool) -> list[LogProbs]:
        """See `Backend`."""
        del wait_if_busy
        found: list[LogProbs] = []
        for result in self._acoustic(clips):
            if isinstance(result, HindiSTTError):
                raise result
            found.append(result)
        return found

    async def in_thread(self, work: Callable[[], T], *, waits: MayWait | None = None) -> T:
        """See `Backend`; in this thread."""
        del waits
        return work()

    def start(self, work: Coroutine[Any, Any, T]) -> Job[T]:
        """See `Backend`; the work has ended when this returns."""
        return _Ended(work)

    async def first_of(self, *jobs: Job[Any] | None) -> None:
        """See `Backend`; all have ended."""

    async def ended(self, *jobs: Job[Any] | None) -> None:
        """See `Backend`; all have."""

    async def cancel(self, *jobs: Job[Any] | None) -> None:
        """See `Backend`; all have ended."""


class _Ended(Generic[T]):
    """A job of `InlineBackend`."""

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._error: Exception | None = None
        try:
            self._result = run_inline(work)
        except Exception as error:  # noqa: BLE001  # it belongs to whoever asks for the result
            self._error = error

    def done(self) -> bool:
        return True

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        return self._result


def run_inline(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never has to wait, as all do over `InlineBackend`: no event loop is needed.

    Args:
        work: The coroutine.

    Returns:
        What it returns.

    Raises:
        RuntimeError: It wanted to wait for something.
    """
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    work.close()
    raise RuntimeError("a coroutine over InlineBackend has to wait")
