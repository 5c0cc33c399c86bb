"""The runner as the backend of live streams."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeVar

from hindi_stt.api.live.catch_up import TrackPace
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.errors import Overloaded, Timeout
from hindi_stt.types import Features, LogProbs

__all__ = ["LiveBackend"]

T = TypeVar("T")

# A window that the runner has not answered by then is stale.
_PARTIAL_TIMEOUT_S: Final = 2.0


class LiveBackend:
    """`streaming.InferenceBackend` over the runner: finals wait their turn, partials do not.

    Args:
        recognizer: The worker's recognizer.
        model: Tag of the model.
        pace: How far the track is ahead of real time.
    """

    def __init__(self, recognizer: Recognizer, model: str, pace: TrackPace) -> None:
        self._recognizer = recognizer
        self._model = model
        self._pace = pace

    def partial(self) -> AbstractAsyncContextManager[None]:
        """See `InferenceBackend.partial`; hypotheses are for those who speak, not for recordings that they wait for."""
        if self._pace.held_back:
            raise Overloaded("There is no time for partial transcripts of audio that is ahead of real time.")
        return self._recognizer.partial()

    async def log_probs(self, features: Features, *, final: bool) -> LogProbs:
        """See `InferenceBackend.log_probs`."""
        limit_s = self._recognizer.settings.request_timeout_s if final else _PARTIAL_TIMEOUT_S
        try:
            async with asyncio.timeout(limit_s):
                return await self._recognizer.log_probs(self._model, features, wait_if_busy=final, live_final=final)
        except TimeoutError as error:
            raise Timeout(f"The model did not answer within {limit_s:g} s.") from error

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run CPU work outside the event loop; see InferenceBackend."""
        return await self._recognizer.in_thread(work)
