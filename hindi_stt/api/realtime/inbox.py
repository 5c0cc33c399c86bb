"""Items that were read from a connection and are not handled yet."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final

from hindi_stt.api.realtime.client_events import Append, Clear, Commit
from hindi_stt.api.realtime.session_config import SessionConfig
from hindi_stt.errors import HindiSTTError

__all__ = [
    "GOING_AWAY",
    "INTERNAL_ERROR",
    "POLICY",
    "TRY_LATER",
    "ConfigChange",
    "Inbox",
    "Item",
    "PartialReady",
    "Rejected",
    "SessionClosing",
    "joined",
]

# Close codes of RFC 6455.
GOING_AWAY: Final = 1001
POLICY: Final = 1008
INTERNAL_ERROR: Final = 1011
TRY_LATER: Final = 1013


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """Another configuration, effective from here on.

    Attributes:
        config: The configuration.
        beta: Whether it was sent in the spelling of OpenAI's beta.
    """

    config: SessionConfig
    beta: bool


@dataclass(frozen=True, slots=True)
class Rejected:
    """A client's event that cannot be used.

    Attributes:
        error: The reason.
        event_id: The client's id of the event, for the error about it.
    """

    error: HindiSTTError
    event_id: str | None


@dataclass(frozen=True, slots=True)
class PartialReady:
    """A hypothesis about the utterance in progress can be taken."""


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


Item = Append | Commit | Clear | ConfigChange | Rejected | PartialReady | SessionClosing


class Inbox:
    """Items in order, bounded in seconds of audio. For one task that takes.

    Args:
        max_s: Seconds of audio that may wait.
    """

    def __init__(self, max_s: float) -> None:
        self._items: deque[Item] = deque()
        self._max_s = max_s
        self._waiting_s = 0.0
        self._changed = asyncio.Event()

    async def put(self, item: Item, duration_s: float = 0.0) -> None:
        """Wait for space, and add an item.

        Args:
            item: The item that was read.
            duration_s: Seconds of audio that it counts as; the first item is always added.
        """
        while self._waiting_s and self._waiting_s + duration_s > self._max_s:
            await self._wait()
        self.put_now(item)
        self._waiting_s += duration_s

    def put_now(self, item: Item) -> None:
        """Add an item at once, and without counting it."""
        self._items.append(item)
        self._changed.set()

    async def take(self) -> list[Item]:
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


def joined(items: list[Item]) -> list[Item]:
    """Join packets that follow each other: a connection that is behind catches up in one step."""
    found: list[Item] = []
    for item in items:
        before = found[-1] if found else None
        if isinstance(item, Append) and isinstance(before, Append):
            found[-1] = before.model_copy(update={"audio": before.audio + item.audio})
        else:
            found.append(item)
    return found
