"""Packets of one track in the order of their numbers: platforms do not promise it, and may send one twice."""

from __future__ import annotations

from typing import Final

__all__ = ["PacketOrder"]

# A packet is waited for until so many later ones are here: half a second of 20 ms packets.
_MAX_WAITING: Final = 25
# A number that is further behind than this is no late packet: the platform has begun to count again.
_RESTART: Final = 50


class PacketOrder:
    """Orders the packets of one track.

    Attributes:
        n_lost: Packets that never came, or came too late.
        n_repeated: Packets that came twice.
    """

    def __init__(self) -> None:
        self.n_lost = 0
        self.n_repeated = 0
        self._next: int | None = None
        self._waiting: dict[int, bytes] = {}

    def take(self, number: int | None, data: bytes) -> list[bytes]:
        """Take a packet.

        Args:
            number: Its number on the track, which grows by one; None where the platform gives none.
            data: Its audio.

        Returns:
            The packets whose turn it is.
        """
        if number is None:
            return [data]
        if self._next is None or number < self._next - _RESTART:
            done = self.flush()
            self._next = number + 1
            return [*done, data]
        if number < self._next or number in self._waiting:
            self.n_repeated += 1
            return []
        self._waiting[number] = data
        ready = self._ready()
        if len(self._waiting) > _MAX_WAITING:
            ready += self._skip()
        return ready

    def flush(self) -> list[bytes]:
        """Return the packets that waited for others, which will not come."""
        ready: list[bytes] = []
        while self._waiting:
            ready += self._skip()
        return ready

    def _skip(self) -> list[bytes]:
        first = min(self._waiting)
        self.n_lost += first - (self._next or 0)
        self._next = first
        return self._ready()

    def _ready(self) -> list[bytes]:
        ready = []
        while self._next in self._waiting:
            ready.append(self._waiting.pop(self._next))
            self._next += 1
        return ready
