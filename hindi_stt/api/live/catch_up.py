"""Audio that comes faster than it is spoken: taken as fast as it can be, but not at the cost of those who speak live.

A client that sends a recording has no speaker who waits. While others speak live, what it sends beyond a few seconds is
transcribed in turns that leave most of the cores free; its connection is then read more slowly, which its sender
notices by TCP. Nobody is ever taken more slowly than in real time, and nobody waits where no other client speaks.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
import weakref
from collections.abc import AsyncGenerator, Callable
from typing import Final, TypeVar

from hindi_stt.concurrency.fair_slots import FairSlots

__all__ = ["CatchUp", "TrackPace"]

T = TypeVar("T")

# So much may be ahead of real time: packets come in bursts where the network does.
_BURST_S: Final = 5.0
# So much of a wait is made up for: audio that stood still on its way, or here, is live audio nevertheless.
_CREDIT_S: Final = 30.0
# Whoever sent audio in real time so lately speaks live.
_LIVE_S: Final = 2.0


class CatchUp:
    """Turns of the tracks that are ahead of real time, of one API worker.

    Args:
        share: Share of the cores that they use together while others speak live; 1 for no bound.
        cores: Cores of the worker.
        waited: Takes the seconds that a track has waited for a turn.
    """

    def __init__(self, share: float, cores: float, waited: Callable[[float], None]) -> None:
        wanted = share * cores
        n_slots = max(1, math.ceil(wanted))
        self._slots = FairSlots(n_slots, n_slots)
        # A slot rests after each turn, so that all of them together are in use for the share of the time.
        self._rest = max(0.0, n_slots / wanted - 1)
        self._waited = waited
        self._bounded = share < 1
        self._tracks: weakref.WeakSet[TrackPace] = weakref.WeakSet()

    def track(self, client: str) -> TrackPace:
        """Add a track.

        Args:
            client: Name of its client.

        Returns:
            Its pace.
        """
        pace = TrackPace(self, client)
        self._tracks.add(pace)
        return pace

    def lift(self) -> None:
        """Let everything be taken as fast as it can be, from here on: the server ends."""
        self._bounded = False

    @contextlib.asynccontextmanager
    async def turn(self, pace: TrackPace) -> AsyncGenerator[None]:
        """Wait for a turn where the track is ahead and others speak live, and hold it while the body runs.

        Args:
            pace: The track's.
        """
        if not self.holds_back(pace):
            yield
            return
        start_s = time.monotonic()
        held = await self._acquire(pace)
        self._waited(time.monotonic() - start_s)
        start_s = time.monotonic()
        try:
            yield
        finally:
            if held:
                elapsed_s = time.monotonic() - start_s
                rest_s = self._rest * elapsed_s
                asyncio.get_running_loop().call_later(rest_s, self._slots.release, pace.client, elapsed_s)

    def holds_back(self, pace: TrackPace) -> bool:
        """Tell whether a track is ahead of real time while others speak live.

        Args:
            pace: The track's.

        Returns:
            Whether its work waits for turns.
        """
        return self._bounded and pace.ahead_s > 0 and self._others_speak(pace)

    async def _acquire(self, pace: TrackPace) -> bool:
        """Wait for a slot, at most until the track is not ahead any more."""
        try:
            async with asyncio.timeout(pace.ahead_s):
                await self._slots.acquire(pace.client)
        except TimeoutError:
            return False
        return True

    def _others_speak(self, pace: TrackPace) -> bool:
        since_s = time.monotonic() - _LIVE_S
        return any(other.live_s > since_s for other in self._tracks if other is not pace)


class TrackPace:
    """How far the audio of one track is ahead of real time.

    Args:
        catch_up: The worker's.
        client: Name of the client.

    Attributes:
        client: The same.
        live_s: Reading of time.monotonic() when the track last sent audio in real time; -inf while it is ahead.
    """

    def __init__(self, catch_up: CatchUp, client: str) -> None:
        self.client = client
        self.live_s = -math.inf
        self._catch_up = catch_up
        self._lead_s = 0.0
        self._taken_s = time.monotonic()

    @property
    def ahead_s(self) -> float:
        """Seconds by which the audio until now is ahead of real time beyond what it may be; negative where it is not.

        It is as many seconds until the track is not ahead any more.
        """
        return self._lead_s - (time.monotonic() - self._taken_s) - _BURST_S

    @property
    def held_back(self) -> bool:
        """Whether work for this track waits for turns now: see `CatchUp.holds_back`."""
        return self._catch_up.holds_back(self)

    def take(self, duration_s: float) -> None:
        """Count audio that has come.

        Args:
            duration_s: Its length in seconds.
        """
        now_s = time.monotonic()
        self._lead_s = max(-_CREDIT_S, self._lead_s - (now_s - self._taken_s)) + duration_s
        self._taken_s = now_s
        # Who has once been ahead sends a recording, whatever its first seconds looked like.
        self.live_s = now_s if self._lead_s <= _BURST_S else -math.inf

    async def in_turns(self, events: AsyncGenerator[T]) -> AsyncGenerator[T]:
        """Yield from a generator that works on the audio, each step of it in a turn; nothing is held between steps.

        Args:
            events: The generator.
        """
        while True:
            async with self._catch_up.turn(self):
                try:
                    event = await anext(events)
                except StopAsyncIteration:
                    return
            yield event
