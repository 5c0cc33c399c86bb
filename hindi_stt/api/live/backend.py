"""The runner as the backend of live streams."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeVar

from hindi_stt.api.recognizer import Recognizer
from hindi_stt.errors import Timeout
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
    """

    def __init__(self, recognizer: Recognizer, model: str) -> None:
        self._recognizer = recognizer
        self._model = model

    def partial(self) -> AbstractAsyncContextManager[None]:
        """See `InferenceBackend.partial`."""
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
