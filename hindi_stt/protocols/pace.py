"""How much faster than real time the audio of a connection is taken."""

from __future__ import annotations

import asyncio
import time
from typing import Final

__all__ = ["Pace"]

# Packets come in bursts where the network does.
_BURST_S: Final = 5.0


class Pace:
    """Makes a connection that sends faster than it may wait, so that its sender has to.

    Args:
        speed: Times real time, of which five seconds of audio may be ahead; 0 for no bound.
    """

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._start_s = time.monotonic()
        self._taken_s = 0.0

    async def keep(self, duration_s: float) -> None:
        """Wait until so much more audio may be taken.

        Args:
            duration_s: Seconds of audio.
        """
        if not self._speed:
            return
        self._taken_s += duration_s
        ahead_s = self._taken_s - _BURST_S - self._speed * (time.monotonic() - self._start_s)
        if ahead_s > 0:
            await asyncio.sleep(ahead_s / self._speed)
