"""Loops that watch something for as long as a process lives: what fails once is tried again, and the log says so."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from typing import Final

__all__ = ["Surviving"]

log = logging.getLogger("hindi_stt")

# The same complaint is not repeated sooner.
_LOG_INTERVAL_S: Final = 60.0


class Surviving:
    """Around each round of a loop: an OSError (no descriptors, no memory for a process, a full disk) ends that only.

    Args:
        what: The loop does, for the log.
        also: Other exceptions that end no more than a round.
    """

    def __init__(self, what: str, *also: type[Exception]) -> None:
        self._what = what
        self._caught: tuple[type[Exception], ...] = (OSError, *also)
        self._logged: dict[str, float] = {}

    @contextlib.contextmanager
    def round(self) -> Iterator[None]:
        """One round of the loop."""
        try:
            yield
        except self._caught as error:
            reason, now_s = str(error) or type(error).__name__, time.monotonic()
            if now_s - self._logged.get(reason, float("-inf")) >= _LOG_INTERVAL_S:
                self._logged[reason] = now_s
                log.error("%s failed, and is tried again: %s", self._what, reason)  # noqa: TRY400
