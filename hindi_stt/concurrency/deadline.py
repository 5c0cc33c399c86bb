"""A bound on the wait for each next result of something that goes on for long."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from hindi_stt.errors import Timeout

__all__ = ["Deadline"]


class Deadline:
    """Bounds waits, where there is a limit.

    Args:
        limit_s: Seconds from each `restart`; None for no limit.
        what: Beginning of the error's message: "There was no transcript".
    """

    def __init__(self, limit_s: float | None, what: str) -> None:
        self._limit_s = limit_s
        self._what = what
        self._at = 0.0

    def restart(self) -> None:
        """Begin anew; to be called before the first wait."""
        if self._limit_s is not None:
            self._at = asyncio.get_running_loop().time() + self._limit_s

    @contextlib.asynccontextmanager
    async def bound(self) -> AsyncGenerator[None]:
        """Around a wait.

        Raises:
            Timeout: The time is over.
        """
        if self._limit_s is None:
            yield
            return
        try:
            async with asyncio.timeout_at(self._at):
                yield
        except TimeoutError as error:
            raise Timeout(f"{self._what} within {self._limit_s:g} s.") from error
