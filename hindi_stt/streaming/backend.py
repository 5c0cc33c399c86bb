"""What a stream needs from where it runs: the acoustic model, and threads for the rest."""

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
    """The acoustic model, here or elsewhere, and a way to compute beside the event loop."""

    def partial(self) -> AbstractAsyncContextManager[None]:
        """A place for a hypothesis about what is not over, features and model. Raises Overloaded if there is none."""
        ...

    async def log_probs(self, features: Features, *, final: bool) -> LogProbs:
        """One clip's log-probs, or its error raised. What is not final may be left out when there is no room."""
        ...

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run CPU work beside the event loop; where the task is cancelled, the work has ended when that is raised."""
        ...


class LocalBackend:
    """The model in this process."""

    def __init__(self, acoustic: Acoustic) -> None:
        self._acoustic = acoustic

    def partial(self) -> AbstractAsyncContextManager[None]:
        """See InferenceBackend; there is always room."""
        return contextlib.nullcontext()

    async def log_probs(self, features: Features, *, final: bool) -> LogProbs:
        """See InferenceBackend."""
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
        """See `transcription.backend.Backend`."""
        del wait_if_busy  # the stream's backend does for finals
        (features,) = clips
        return [await self._backend.log_probs(features, final=self._final)]

    async def in_thread(self, work: Callable[[], T], *, waits: MayWait | None = None) -> T:
        """See `transcription.backend.Backend`."""
        del waits
        return await self._backend.in_thread(work)
