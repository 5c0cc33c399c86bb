"""The resources that a stream needs: the acoustic model, and threads for other CPU work."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from hindi_stt.concurrency.fair_slots import MayWait
from hindi_stt.concurrency.threads import run_to_end
from hindi_stt.errors import HindiSTTError
from hindi_stt.inference.acoustic import Acoustic
from hindi_stt.types import Features, LogProbs

__all__ = ["ClipBackend", "InferenceBackend", "LocalBackend"]

T = TypeVar("T")


class InferenceBackend(Protocol):
    """The acoustic model, in this or another process, and threads for work outside the event loop."""

    def partial(self) -> AbstractAsyncContextManager[None]:
        """Reserve capacity for a hypothesis about an utterance in progress: its features and its model run.

        Returns:
            A context manager that holds the capacity.

        Raises:
            Overloaded: There is none.
        """
        ...

    async def log_probs(self, features: Features, *, final: bool) -> LogProbs:
        """Compute the log-probs of one clip.

        Args:
            features: Of the clip, float32 [mels, frames].
            final: Whether the result is needed; others may be refused under load.

        Returns:
            float32 [output frames, classes].

        Raises:
            HindiSTTError: The clip cannot be run.
        """
        ...

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run CPU work outside the event loop; on cancellation, the work ends before CancelledError is raised."""
        ...


class LocalBackend:
    """The model in this process."""

    def __init__(self, acoustic: Acoustic) -> None:
        self._acoustic = acoustic

    def partial(self) -> AbstractAsyncContextManager[None]:
        """See `InferenceBackend.partial`; it is never refused."""
        return contextlib.nullcontext()

    async def log_probs(self, features: Features, *, final: bool) -> LogProbs:
        """See `InferenceBackend.log_probs`."""
        del final
        (result,) = await asyncio.to_thread(self._acoustic, [features])
        if isinstance(result, HindiSTTError):
            raise result
        return result

    async def in_thread(self, work: Callable[[], T]) -> T:
        """See InferenceBackend."""
        return await run_to_end(work)


class ClipBackend:
    """A stream's clips, for `transcription.recording.transcribe_clips`.

    Args:
        backend: The stream's.
        final: Whether the clips are certain: see `InferenceBackend.log_probs`.
    """

    clips_per_call = 1

    def __init__(self, backend: InferenceBackend, *, final: bool) -> None:
        self._backend = backend
        self._final = final

    async def log_probs(self, clips: Sequence[Features], *, wait_if_busy: bool) -> list[LogProbs]:
        """See `Backend.log_probs`."""
        del wait_if_busy  # the stream's backend does for finals
        (features,) = clips
        return [await self._backend.log_probs(features, final=self._final)]

    async def in_thread(self, work: Callable[[], T], *, waits: MayWait | None = None) -> T:
        """Run CPU work outside the event loop.

        Args:
            work: The work.
            waits: Ignored, since packets are already here.

        Returns:
            The work's result.
        """
        del waits
        return await self._backend.in_thread(work)
