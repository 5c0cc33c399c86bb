"""The call of the runner from an API worker.

A `ScheduledRunner` takes clips as `runner.wire` has them. A `BatchingRunner` takes them through BentoML's own client,
whose dispatcher puts the calls of several clients together: as `FeatureItem`, and answers with `LogProbsItem`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, Final, Self

import numpy as np
from bentoml import IODescriptor

from hindi_stt.bentoml_compat.runner_proxy import CONNECTIONS, SESSIONS, call_runner, post_to_runner
from hindi_stt.bentoml_compat.versions import check_names
from hindi_stt.concurrency.fair_slots import FairSlots
from hindi_stt.errors import HindiSTTError, InferenceFailed, RunnerUnavailable, from_code
from hindi_stt.observability.request_context import current_client, current_request_id
from hindi_stt.observability.tracing import current_traceparent
from hindi_stt.runner.wire import MEDIA_TYPE, PATH, ClipMessage, decode_result, encode_clip
from hindi_stt.types import Features, LogProbs

__all__ = ["NOT_RUN", "FeatureItem", "LogProbsItem", "RunnerCall", "to_item"]


# BentoML reads this type at run time and knows an array by its origin, which NDArray lost in NumPy 2.5.
Values = np.ndarray[Any, np.dtype[np.float32]]


class FeatureItem(IODescriptor):
    """A `ClipMessage` through BentoML's client; values: its features, float32 of shape (n_channels, n_frames)."""

    model: str
    values: Values
    duration_s: float
    flow: str
    sent_s: float
    deadline_s: float
    live_final: bool = False
    trace: str = ""
    client: str = ""

    @classmethod
    def of(cls, message: ClipMessage) -> Self:
        """The item of a message.

        Args:
            message: The clip.

        Returns:
            What BentoML's client sends.
        """
        features = message.features
        rest = {name: getattr(message, name) for name in cls.model_fields if name not in {"values", "duration_s"}}
        return cls(values=features.values, duration_s=features.duration_s, **rest)

    @property
    def features(self) -> Features:
        """The clip as the acoustic model takes it."""
        return Features(self.values, self.duration_s)


class LogProbsItem(IODescriptor):
    """One clip's result on its way back.

    Attributes:
        values: Log-probabilities, float32 of shape (n_frames, n_tokens); empty with an error.
        frame_shift_s: Seconds between two frames.
        error_code: Code of the clip's error; empty where there is none.
        error_message: Message of the error.
        retry_after_s: Seconds after which trying again makes sense; 0 where that is not known.
    """

    values: Values
    frame_shift_s: float = 0.0
    error_code: str = ""
    error_message: str = ""
    retry_after_s: float = 0.0


def to_item(result: LogProbs | HindiSTTError) -> LogProbsItem:
    """Make the message of a result.

    Args:
        result: Log-probabilities of a clip, or its error.

    Returns:
        What travels back to the API worker.
    """
    if isinstance(result, HindiSTTError):
        return LogProbsItem(
            values=np.empty((0, 0), np.float32),
            error_code=result.code,
            error_message=result.message,
            retry_after_s=result.retry_after_s or 0.0,
        )
    return LogProbsItem(values=result.values, frame_shift_s=result.frame_shift_s)


NOT_RUN: Final = LogProbsItem(values=np.empty((0, 0), np.float32), error_code=InferenceFailed.code)


# Of the connections, some are left for canaries.
_CALLS: Final = CONNECTIONS - 4


class RunnerCall:
    """Features to log-probabilities through the runner.

    Calls of all clients share a number of connections by turns, and the runner orders what has reached it: see
    `hindi_stt.runner.scheduler`.

    Args:
        runner: BentoML's client of the runner.
        timeout_s: Seconds after which a clip is dropped.
        answered: Called after each answer.
        client_share: Share of the connections that one client may use, in (0, 1].
        batching: Whether the runner is a `BatchingRunner`.
    """

    def __init__(
        self,
        runner: Any,
        timeout_s: float,
        answered: Callable[[], None],
        client_share: float = 1.0,
        *,
        batching: bool = False,
    ) -> None:
        check_names([SESSIONS])
        self._batching = batching
        self._runner = runner
        self._timeout_s = timeout_s
        self._answered = answered
        self._slots = FairSlots(_CALLS, math.ceil(client_share * _CALLS))

    async def __call__(self, model: str, features: Features, *, live_final: bool = False) -> LogProbs:
        """Run the model on one clip.

        Args:
            model: Tag of the model.
            features: The clip.
            live_final: Whether these are the last words of a live speaker, who waits for them.

        Returns:
            Log-probabilities of the clip.

        Raises:
            HindiSTTError: The clip's own error.
            Overloaded: The runner sheds load.
            RunnerUnavailable: The runner cannot be reached, or fails.
        """
        async with self._slots.held(current_client()):
            return await self._call(model, features, live_final=live_final)

    async def probe(self, model: str, features: Features) -> LogProbs:
        """Run the model on one clip before all others; for canaries.

        Args:
            model: Tag of the model.
            features: The clip.

        Returns:
            Log-probabilities of the clip.

        Raises:
            HindiSTTError: As a call raises.
        """
        return await self._call(model, features, live_final=True)

    async def _call(self, model: str, features: Features, *, live_final: bool) -> LogProbs:
        now_s = time.monotonic()
        message = ClipMessage(
            model=model,
            features=features,
            flow=current_request_id(),
            sent_s=now_s,
            deadline_s=now_s + self._timeout_s,
            live_final=live_final,
            trace=current_traceparent(),
            client=current_client(),
        )
        if self._batching:
            return await self._call_api(message)
        data = await post_to_runner(self._runner, PATH, encode_clip(message), MEDIA_TYPE)
        self._answered()
        try:
            return decode_result(data)
        except ValueError as error:
            raise RunnerUnavailable("The model runner's answer cannot be read.") from error

    async def _call_api(self, message: ClipMessage) -> LogProbs:
        (result,) = await call_runner(self._runner, [FeatureItem.of(message)])
        self._answered()
        if result.error_code:
            raise from_code(result.error_code, result.error_message, retry_after_s=result.retry_after_s or None)
        return LogProbs(result.values, result.frame_shift_s)
