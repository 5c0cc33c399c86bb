"""Which client's work is next: no I/O, no threads, no clock of its own.

Start-time fair queueing (P. Goyal, H. M. Vin, H. Cheng, "Start-time Fair Queuing", SIGCOMM 1996) over clients. Each
client has a tag, the amount of service that it has had; the waiting client with the smallest tag is next. A client that
begins to wait starts at the tag of the client that was served last, so that idle time earns no credit, and a backlog of
one client delays the others by no more than the work in progress.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

__all__ = ["Entry", "FairQueue"]

T = TypeVar("T")

# Clients that have nothing waiting are remembered up to this number.
_MAX_IDLE_CLIENTS: Final = 1024


@dataclass(frozen=True, slots=True, order=True)
class Entry(Generic[T]):
    """Waiting work, ordered by rank.

    Attributes:
        rank: Order among the client's own work, the smallest first.
        sequence: Breaks ties.
        client: The client's name.
        item: The work.
        head_start: See `FairQueue.push`.
    """

    rank: tuple[float, ...]
    sequence: int
    client: str = field(compare=False)
    item: T = field(compare=False)
    head_start: float = field(default=0.0, compare=False)


class FairQueue(Generic[T]):
    """Waiting work of several clients.

    Taking work is two steps: `pop` removes an entry, and `charge` says what it costs its client, when that is known.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, list[Entry[T]]] = {}
        self._tags: dict[str, float] = {}
        self._virtual_time = 0.0
        self._sequence = itertools.count()

    def __len__(self) -> int:
        return sum(len(heap) for heap in self._waiting.values())

    def push(self, client: str, item: T, rank: tuple[float, ...] = (), head_start: float = 0.0) -> Entry[T]:
        """Add work.

        Args:
            client: Name of the client.
            item: The work.
            rank: Order among the client's own work; first come, first served among equals.
            head_start: Amount of service by which this client may be ahead of another one and still be served first.

        Returns:
            The entry, for `put_back`.
        """
        if client not in self._waiting:
            self._tags[client] = max(self._tags.get(client, 0.0), self._virtual_time)
        entry = Entry(rank, next(self._sequence), client, item, head_start)
        heapq.heappush(self._waiting.setdefault(client, []), entry)
        return entry

    def put_back(self, entry: Entry[T]) -> None:
        """Undo a `pop`: the entry has its old place."""
        heapq.heappush(self._waiting.setdefault(entry.client, []), entry)

    def first(self, client: str) -> T:
        """The work that is next of a client which waits."""
        return self._waiting[client][0].item

    def pop(self, eligible: Callable[[str], bool] = lambda _: True) -> Entry[T] | None:
        """Remove the next entry.

        Args:
            eligible: Whether a client, which waits, may have a turn now.

        Returns:
            The entry, or None where no client with a free slot waits.
        """
        candidates = [client for client in self._waiting if eligible(client)]
        if not candidates:
            return None
        client = min(candidates, key=self._place)
        heap = self._waiting[client]
        entry = heapq.heappop(heap)
        if not heap:
            del self._waiting[client]
        return entry

    def _place(self, client: str) -> tuple[float, int]:
        """Order of a client that waits: of two, the smaller one goes first."""
        first = self._waiting[client][0]
        return self._tags[client] - first.head_start, first.sequence

    def begin(self, client: str) -> None:
        """Note that work of this client begins: clients that arrive later start no earlier than it."""
        self._virtual_time = max(self._virtual_time, self._tags.get(client, 0.0))

    def charge(self, client: str, cost: float) -> None:
        """Charge a client for the service that it got.

        Args:
            client: Name of the client.
            cost: Cost of the work, in a unit common to all.
        """
        self._tags[client] = self._tags.get(client, self._virtual_time) + cost
        if len(self._tags) > len(self._waiting) + _MAX_IDLE_CLIENTS:
            self._tags = {
                name: tag for name, tag in self._tags.items() if name in self._waiting or tag > self._virtual_time
            }
