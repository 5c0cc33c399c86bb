"""A circuit breaker: bounds the time of each call to a service, and pauses calls while it does not answer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

__all__ = ["CircuitBreaker", "NoAnswer"]

log = logging.getLogger("hindi_stt")

T = TypeVar("T")

# So many calls in a row have to fail before there is a pause: one that was slow is no outage.
_FAILURES: Final = 3
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 30.0


class NoAnswer(Exception):
    """The service did not answer within the budget, its client failed, or it is not asked at present."""


class CircuitBreaker:
    """Calls to one service from one event loop; the pattern of M. Nygard's "Release It!".

    After three failures in a row nothing is asked for a second, then one call tries again, and each further failure
    doubles the pause, up to half a minute.

    Args:
        what: The service's name, for the log.
        budget_s: Longest time that a call may take, in seconds.
        failures: Exceptions of the service's client that mean that it does not answer.
    """

    def __init__(self, what: str, budget_s: float, failures: tuple[type[Exception], ...]) -> None:
        self._what = what
        self._budget_s = budget_s
        self._failures: tuple[type[Exception], ...] = (TimeoutError, OSError, *failures)
        self._n_failures = 0
        self._pause_s = _FIRST_PAUSE_S
        self._closed_until_s = float("-inf")

    async def call(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work within the budget.

        Args:
            work: Begins one call of the service; it is cancelled when its time is over.

        Returns:
            What the work returns.

        Raises:
            NoAnswer: See the class.
        """
        now_s = time.monotonic()
        if now_s < self._closed_until_s:
            raise NoAnswer(f"{self._what} is not asked at present")
        if self._n_failures >= _FAILURES:  # this call tries again; the others wait for what it finds
            self._closed_until_s = now_s + self._pause_s
        try:
            async with asyncio.timeout(self._budget_s):
                answer = await work()
        except self._failures as error:
            self._note_failure(error)
            raise NoAnswer(f"{self._what} does not answer") from error
        if self._n_failures >= _FAILURES:
            log.warning("%s answers again", self._what)
        self._n_failures, self._pause_s, self._closed_until_s = 0, _FIRST_PAUSE_S, float("-inf")
        return answer

    def _note_failure(self, error: Exception) -> None:
        self._n_failures += 1
        if self._n_failures < _FAILURES:
            return
        if self._n_failures == _FAILURES:
            reason = str(error) or f"no answer within {self._budget_s:g} s"
            log.error("%s does not answer and is asked seldom from now on: %s", self._what, reason)
        else:
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
        self._closed_until_s = time.monotonic() + self._pause_s
