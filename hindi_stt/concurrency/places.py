"""A bounded number of long-lived things (connections, slow uploads), of which no client may hold all."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Final, Generic, TypeVar

__all__ = ["NoPlace", "Places"]

T = TypeVar("T")

# A holder that has sent something within this time is not idle.
_IDLE_S: Final = 5.0


class NoPlace(Exception):
    """All places are taken.

    Args:
        n: Number of places.
        own: Whether the client itself holds as many as it may.
    """

    def __init__(self, n: int, *, own: bool) -> None:
        super().__init__(f"{n} places are taken")
        self.n = n
        self.own = own


class Places(Generic[T]):
    """The places, and the client that holds each.

    Where all are taken and a client comes that holds fewer than others, the idlest place of the one with most is freed.

    Args:
        bound: Places in all.
        per_client: Places that one client may hold.
        idle_s: Returns the seconds since a holder last sent something.
        end: Ends a holder, whose place is given to another.
    """

    def __init__(self, bound: int, per_client: int, idle_s: Callable[[T], float], end: Callable[[T], None]) -> None:
        self._bound = bound
        self._per_client = per_client
        self._idle_s = idle_s
        self._end = end
        self._held: dict[str, list[T]] = {}

    def check(self, client: str) -> None:
        """Make sure that there is a place for a client, if need be by ending another's.

        Raises:
            NoPlace: There is none.
        """
        n_own = len(self._held.get(client, ()))
        if n_own >= self._per_client:
            raise NoPlace(n_own, own=True)
        if sum(map(len, self._held.values())) < self._bound:
            return
        idle = [
            (len(holders), self._idle_s(holder), name, holder)
            for name, holders in self._held.items()
            if len(holders) > n_own + 1
            for holder in holders
            if self._idle_s(holder) >= _IDLE_S
        ]
        if not idle:
            raise NoPlace(self._bound, own=False)
        _, _, name, holder = max(idle, key=lambda found: found[:2])
        self._leave(name, holder)
        self._end(holder)

    @contextlib.contextmanager
    def held(self, client: str, holder: T) -> Iterator[None]:
        """Hold a place, which `check` has found.

        Args:
            client: Name of the client.
            holder: The holder of the place.
        """
        self._held.setdefault(client, []).append(holder)
        try:
            yield
        finally:
            self._leave(client, holder)

    def _leave(self, client: str, holder: T) -> None:
        holders = self._held.get(client, [])
        if holder in holders:
            holders.remove(holder)
            if not holders:
                del self._held[client]
