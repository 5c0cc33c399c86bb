"""Where the work of a recording runs: the acoustic model, here or in another process, and threads for the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

from hindi_stt.concurrency.fair_slots import MayWait
from hindi_stt.errors import HindiSTTError
from hindi_stt.inference.acoustic import Acoustic
from hindi_stt.types import Features, LogProbs

__all__ = ["Backend", "InlineBackend"]

T = TypeVar("T")

# Clips that go to a model in this process at once.
_LOCAL_BATCH: Final = 8


class InThread(Protocol):
    """Runs CPU work outside the event loop."""

    async def __call__(self, work: Callable[[], T], *, waits: MayWait | None = None) -> T:
        """Run work, which ends before this does, also when this is cancelled.

        Args:
            work: A piece of bounded length.
            waits: The file that it reads, where reading it may have to wait for a client.

        Returns:
            What it returns.
        """
        ...


class Backend(Protocol):
    """What one recording needs of the place where it is transcribed; used from one event loop.

    Attributes:
        clips_per_call: Clips that `log_probs` takes at once.
    """

    clips_per_call: int

    @property
    def in_thread(self) -> InThread:
        """Runs CPU work."""
        ...

    async def log_probs(self, clips: Sequence[Features], *, wait_if_busy: bool) -> list[LogProbs]:
        """Run the acoustic model.

        Args:
            clips: At most `clips_per_call`.
            wait_if_busy: Wait until the model has capacity, instead of raising Overloaded.

        Returns:
            The log-probs of each clip.

        Raises:
            HindiSTTError: The first clip's error that there is.
        """
        ...


class InlineBackend:
    """A model in this process and thread, one thing after the other.

    Args:
        acoustic: The model.
    """

    clips_per_call = _LOCAL_BATCH

    def __init__(self, acoustic: Acoustic) -> None:
        self._acoustic = acoustic

    async def log_probs(self, clips: Sequence[Features], *, wait_if_busy: bool) -> list[LogProbs]:
        """See `Backend.log_probs`."""
        del wait_if_busy
        found: list[LogProbs] = []
        for result in self._acoustic(clips):
            if isinstance(result, HindiSTTError):
                raise result
            found.append(result)
        return found

    async def in_thread(self, work: Callable[[], T], *, waits: MayWait | None = None) -> T:
        """Run work in the calling thread.

        Args:
            work: The work.
            waits: Ignored.

        Returns:
            The work's result.
        """
        del waits
        return work()
