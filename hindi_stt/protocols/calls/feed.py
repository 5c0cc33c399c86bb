"""Where the events of live calls go, and where listeners get them: in this process, or in a Redis for several.

An event is a JSON object with a `type`: `call.started`, `partial`, `final`, `dtmf`, `mark`, `warning`, `error`,
`call.ended`. A listener gets the lasting events from the call's beginning on, whenever it comes; partials are the
latest only.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import time
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final, Protocol

from hindi_stt.errors import CallNotFound, SlowReader

__all__ = ["ENDED", "STARTED", "CallEvent", "CallFeed", "MemoryFeed"]

CallEvent = Mapping[str, Any]
STARTED: Final = "call.started"
ENDED: Final = "call.ended"

# Lasting events of one call: two hours of short turns of both sides.
MAX_EVENTS: Final = 5_000
"""Most lasting events of a call that are kept; the oldest are left out then."""
_MAX_WAITING: Final = 1_000
KEPT_S: Final = 300.0
"""How long a call that has ended is kept for a listener who comes late."""
# So many of them, with so many events of all together: those of a long call are tens of megabytes.
_MAX_ENDED: Final = 64
_MAX_ENDED_EVENTS: Final = 10_000
TICK_S: Final = 15.0
"""How often a listener hears that there is nothing new."""


class CallFeed(Protocol):
    """The events of calls. `begin` and `publish` return at once."""

    async def reserve(self, owner: str, call_id: str) -> bool:
        """Take the id of a call that is about to begin, until its `call.ended` or `release`.

        Args:
            owner: Whose it is.
            call_id: Its id.

        Returns:
            Whether no live call has it, in any process that shares the feed.
        """
        ...

    async def release(self, owner: str, call_id: str) -> None:
        """Give back the id of a call that does not begin.

        Args:
            owner: Whose it is.
            call_id: Its id.
        """
        ...

    def begin(self, owner: str, call_id: str, event: CallEvent) -> None:
        """Begin a call; one of the same id that has ended is forgotten.

        Args:
            owner: Whose it is.
            call_id: Its id.
            event: Its first event.
        """
        ...

    def publish(self, owner: str, call_id: str, event: CallEvent, *, lasting: bool) -> None:
        """Add an event to a call that has begun.

        Args:
            owner: Whose the call is.
            call_id: Its id.
            event: The event; `call.ended` is the last one.
            lasting: Whether listeners that come later get it, too.
        """
        ...

    async def calls(self, owner: str) -> list[CallEvent]:
        """Return the first events of an owner's live calls, the oldest call first."""
        ...

    def follow(self, owner: str, call_id: str) -> AsyncGenerator[CallEvent | None]:
        """Follow a call from its beginning until its end.

        Args:
            owner: Whose it is.
            call_id: Its id.

        Returns:
            The events; None where nothing has come for a while.

        Raises:
            CallNotFound: The owner has no such call, live or lately ended.
            SlowReader: The listener takes events more slowly than they come.
        """
        ...

    async def close(self) -> None:
        """End all that follow, and let go of connections."""
        ...


class _Call:
    """One call of this process."""

    def __init__(self, event: CallEvent) -> None:
        self.events: deque[CallEvent] = deque([event], maxlen=MAX_EVENTS)
        self.listeners: set[asyncio.Queue[CallEvent | None]] = set()
        self.ended = False
        self.ended_s = 0.0


class MemoryFeed:
    """The calls of this process."""

    def __init__(self) -> None:
        self._calls: dict[tuple[str, str], _Call] = {}
        self._reserved: set[tuple[str, str]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._closing = asyncio.Event()

    async def reserve(self, owner: str, call_id: str) -> bool:
        """See `CallFeed.reserve`."""
        if (owner, call_id) in self._reserved:
            return False
        self._reserved.add((owner, call_id))
        return True

    async def release(self, owner: str, call_id: str) -> None:
        """See `CallFeed.release`."""
        self._reserved.discard((owner, call_id))

    def begin(self, owner: str, call_id: str, event: CallEvent) -> None:
        """See `CallFeed.begin`."""
        self._calls[owner, call_id] = _Call(event)

    def publish(self, owner: str, call_id: str, event: CallEvent, *, lasting: bool) -> None:
        """See `CallFeed.publish`."""
        call = self._calls.get((owner, call_id))
        if call is None:
            return
        if lasting:
            call.events.append(event)
        for queue in list(call.listeners):
            try:
                queue.put_nowait(event)
            except asyncio.QueueFull:
                call.listeners.discard(queue)
                queue.get_nowait()
                queue.put_nowait(None)
        if event["type"] == ENDED:
            self._reserved.discard((owner, call_id))
            call.ended, call.ended_s = True, time.monotonic()
            self._forget_oldest()
            if self._timer is None:
                self._forget_later(KEPT_S)

    async def calls(self, owner: str) -> list[CallEvent]:
        """See CallFeed."""
        return [call.events[0] for (whose, _), call in self._calls.items() if whose == owner and not call.ended]

    async def follow(self, owner: str, call_id: str) -> AsyncGenerator[CallEvent | None]:
        """See `CallFeed.follow`."""
        call = self._calls.get((owner, call_id))
        if call is None:
            raise CallNotFound(f"{owner} has no call {call_id[:64]!r}.")
        queue: asyncio.Queue[CallEvent | None] = asyncio.Queue(_MAX_WAITING)
        call.listeners.add(queue)
        try:
            for event in list(call.events):
                yield event
            while not (call.ended and queue.empty()) and not self._closing.is_set():
                try:
                    async with asyncio.timeout(TICK_S):
                        event_or_end = await queue.get()
                except TimeoutError:
                    yield None
                    continue
                if event_or_end is None:
                    if self._closing.is_set():
                        return
                    raise SlowReader(f"The client has {_MAX_WAITING} events that it has not read.")
                yield event_or_end
        finally:
            call.listeners.discard(queue)

    async def close(self) -> None:
        """See CallFeed."""
        self._closing.set()
        if self._timer is not None:
            self._timer.cancel()
        for call in self._calls.values():
            for queue in call.listeners:
                with contextlib.suppress(asyncio.QueueFull):
                    queue.put_nowait(None)

    def _forget_later(self, after_s: float) -> None:
        """Forget in the background: one timer for all calls, with nothing of the context of a call's connection."""
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(after_s, self._forget_again, context=contextvars.Context())

    def _forget_again(self) -> None:
        self._timer = None
        self._forget_oldest()
        if ended := [call.ended_s for call in self._calls.values() if call.ended]:
            self._forget_later(max(0.0, min(ended) + KEPT_S - time.monotonic()))

    def _forget_oldest(self) -> None:
        """Forget calls that ended long ago, and the oldest of too many; the one that has ended last is kept."""
        ended = sorted(
            ((key, call) for key, call in self._calls.items() if call.ended), key=lambda found: found[1].ended_s
        )
        since_s = time.monotonic() - KEPT_S
        n_calls, n_events = len(ended), sum(len(call.events) for _, call in ended)
        for key, call in ended:
            too_many = n_calls > 1 and (n_calls > _MAX_ENDED or n_events > _MAX_ENDED_EVENTS)
            if call.ended_s > since_s and not too_many:
                return
            del self._calls[key]
            n_calls, n_events = n_calls - 1, n_events - len(call.events)


def now_s() -> float:
    """Seconds since 1970, to the millisecond."""
    return round(time.time(), 3)
