"""Items that were read from a live connection and are not handled yet, and what ends a connection."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final, Generic, TypeVar

from hindi_stt.errors import HindiSTTError

__all__ = ["GOING_AWAY", "INTERNAL_ERROR", "NORMAL", "POLICY", "TRY_LATER", "Inbox", "SessionClosing", "SessionEnded"]

T = TypeVar("T")

# Close codes of RFC 6455.
NORMAL: Final = 1000
GOING_AWAY: Final = 1001
POLICY: Final = 1008
INTERNAL_ERROR: Final = 1011
TRY_LATER: Final = 1013


class SessionClosing(Exception):
    """The session ends.

    It is raised where the end is noticed, and put into the inbox where the session first handles everything before it.

    Args:
        error: The error that is sent to the client.
        code: Close code of the WebSocket.
    """

    def __init__(self, error: HindiSTTError, code: int) -> None:
        super().__init__(error.message)
        self.error = error
        self.code = code


class SessionEnded(Exception):
    """The client has ended its stream and has had everything."""


class Inbox(Generic[T]):
    """Items in order, bounded in seconds of audio. For one task that takes.

    Args:
        max_s: Seconds of audio that may wait.
    """

    def __init__(self, max_s: float) -> None:
        self._items: deque[T] = deque()
        self._max_s = max_s
        self._waiting_s = 0.0
        self._changed = asyncio.Event()

    async def put(self, item: T, duration_s: float = 0.0) -> None:
        """Wait for space, and add an item.

        Args:
            item: The item that was read.
            duration_s: Seconds of audio that it counts as; the first item is always added.
        """
        while self._waiting_s and self._waiting_s + duration_s > self._max_s:
            await self._wait()
        self.put_now(item)
        self._waiting_s += duration_s

    def put_now(self, item: T) -> None:
        """Add an item at once, and without counting it."""
        self._items.append(item)
        self._changed.set()

    async def take(self) -> list[T]:
        """Return all items, after waiting until there is one."""
        while not self._items:
            await self._wait()
        taken = list(self._items)
        self._items.clear()
        self._waiting_s = 0.0
        self._changed.set()
        return taken

    async def _wait(self) -> None:
        self._changed.clear()
        await self._changed.wait()
