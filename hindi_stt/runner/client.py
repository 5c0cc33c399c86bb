"""The hop between an API worker and the runner: what travels, and the call."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import aiohttp
import numpy as np
from bentoml import IODescriptor
from bentoml.exceptions import BentoMLException, ServiceUnavailable

from hindi_stt.concurrency.fair_slots import FairSlots
from hindi_stt.errors import HindiSTTError, InferenceFailed, Overloaded, RunnerUnavailable, from_code
from hindi_stt.observability.request_context import current_client, current_request_id
from hindi_stt.observability.tracing import current_traceparent
from hindi_stt.types import Features, LogProbs

__all__ = ["NOT_RUN", "FeatureItem", "LogProbsItem", "RunnerCall", "to_item"]


# BentoML reads this type at run time and knows an array by its origin, which NDArray lost in NumPy 2.5.
Values = np.ndarray[Any, np.dtype[np.float32]]


class FeatureItem(IODescriptor):
    """One clip on its way to the runner. model: a tag; sent_s, deadline_s: readings of the machine-wide monotonic
    clock; live_final: the last words of a live speaker; trace: the span that it belongs to, empty where there is none;
    client: whose it is.
    """

    model: str
    values: Values
    duration_s: float
    flow: str
    sent_s: float
    deadline_s: float
    live_final: bool = False
    trace: str = ""
    client: str = ""

    @property
    def features(self) -> Features:
        """The clip as the acoustic model takes it."""
        return Features(self.values, self.duration_s)


class LogProbsItem(IODescriptor):
    """One clip's result on its way back: log-probs, or the code and message of an error."""

    values: Values
    frame_shift_s: float = 0.0
    error_code: str = ""
    error_message: str = ""
    retry_after_s: float = 0.0


def to_item(result: LogProbs | HindiSTTError) -> LogProbsItem:
    """A result as it travels."""
    if isinstance(result, HindiSTTError):
        return LogProbsItem(
            values=np.empty((0, 0), np.float32),
            error_code=result.code,
            error_message=result.message,
            retry_after_s=result.retry_after_s or 0.0,
        )
    return LogProbsItem(values=result.values, frame_shift_s=result.frame_shift_s)


NOT_RUN: Final = LogProbsItem(values=np.empty((0, 0), np.float32), error_code=InferenceFailed.code)


# aiohttp's pool, which BentoML's client uses as it is, has 100 connections, and whoever finds none waits in order of
# arrival. Calls that may be made at a time leave some of them for canaries.
_CALLS: Final = 96


class RunnerCall:
    """Features → LogProbs through the runner.

    Calls of all clients share a number of connections in turns, and the runner orders what has reached it: see
    `hindi_stt.runner.scheduler`.

    Args:
        runner: BentoML's client of it.
        timeout_s: After which nobody wants a clip's result.
        answered: Called after each answer.
        client_share: The part of the connections that one client may use.
    """

    def __init__(self, runner: Any, timeout_s: float, answered: Callable[[], None], client_share: float = 1.0) -> None:
        self._runner = runner
        self._timeout_s = timeout_s
        self._answered = answered
        self._slots = FairSlots(_CALLS, math.ceil(client_share * _CALLS))

    async def __call__(self, model: str, features: Features, *, live_final: bool = False) -> LogProbs:
        """Log-probs of one clip; see `FeatureItem`. Raises the clip's own error, Overloaded, RunnerUnavailable."""
        async with self._slots.held(current_client()):
            return await self._call(model, features, live_final=live_final)

    async def probe(self, model: str, features: Features) -> LogProbs:
        """As a call, but before all others: for canaries. Raises what a call raises."""
        return await self._call(model, features, live_final=True)

    async def _call(self, model: str, features: Features, *, live_final: bool) -> LogProbs:
        now_s = time.monotonic()
        item = FeatureItem(
            model=model,
            values=features.values,
            duration_s=features.duration_s,
            flow=current_request_id(),
            sent_s=now_s,
            live_final=live_final,
            trace=current_traceparent(),
            client=current_client(),
            deadline_s=now_s + self._timeout_s,
        )
        # BentoML's client learns its methods from the runner: until the two have met it has none.
        infer = getattr(self._runner.to_async, "infer", None)
        if infer is None:
            raise RunnerUnavailable("The model runner is starting.")
        try:
            (result,) = await _once_more(lambda: infer([item]))
        except ServiceUnavailable as error:
            raise Overloaded("The runner is overloaded.", retry_after_s=1) from error
        except (BentoMLException, aiohttp.ClientError, OSError) as error:
            raise RunnerUnavailable(f"The model runner does not answer ({type(error).__name__}).") from error
        self._answered()
        if result.error_code:
            raise from_code(result.error_code, result.error_message, retry_after_s=result.retry_after_s or None)
        return LogProbs(result.values, result.frame_shift_s)


async def _once_more(call: Callable[[], Awaitable[list[LogProbsItem]]]) -> list[LogProbsItem]:
    """The call, again if its connection was closed under it: the runner closes those that have been idle for a while.

    A model run has no effect but its answer, so that nothing is done twice.
    """
    try:
        return await call()
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
        return await call()
