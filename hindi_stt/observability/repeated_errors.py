"""Log an unexpected error with its stack once a minute for each kind, however often it happens."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

__all__ = ["RepeatedErrors"]

log = logging.getLogger("hindi_stt")

_INTERVAL_S: Final = 60.0

_Kind = tuple[type[BaseException], int | None, str]


class RepeatedErrors:
    """Thread-safe. The kind of an error is its class, its errno if it has one, and the message that it is logged with.

    Args:
        interval_s: Shortest time between two entries of one kind, in seconds.
    """

    def __init__(self, interval_s: float = _INTERVAL_S) -> None:
        self._interval_s = interval_s
        self._lock = threading.Lock()
        self._logged: dict[_Kind, float] = {}
        self._n_left_out: dict[_Kind, int] = {}

    def log(self, error: BaseException, message: str, *arguments: object, stack: bool = True) -> None:
        """Log it, unless one of its kind was logged within the last minute; the next entry says how many were not.

        Args:
            error: The exception.
            message: Description of the failure, a format string of `logging`.
            *arguments: Arguments of the format string.
            stack: Whether the error's stack is logged with it.
        """
        kind, now_s = (type(error), getattr(error, "errno", None), message), time.monotonic()
        with self._lock:
            if now_s - self._logged.get(kind, float("-inf")) < self._interval_s:
                self._n_left_out[kind] = self._n_left_out.get(kind, 0) + 1
                return
            self._logged[kind] = now_s
            n = self._n_left_out.pop(kind, 0)
        more = f" ({n} more like this since the last entry)" if n else ""
        template = message + more
        log.error(template, *arguments, exc_info=error if stack else None)
