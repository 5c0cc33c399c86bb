"""Decides which clips run next and which are refused, without I/O, threads or a clock of its own.

Cost is seconds of audio, not requests. Each core takes one run at a time; a run is one clip, or a few short ones of
like length where more wait than there are idle cores: on a CPU, longer clips gain nothing from batching.

Order is start-time fair queueing (Goyal, Vin and Cheng, 1996) on two levels: over clients, so that no client's backlog
delays anybody else, and within a client over flows: the clips of one recording are one flow, so that an hour-long file
in progress does not hold back short clips that come later. The last words of a live speaker go before everything else
of their client, and have a head start before others.

A run cannot be interrupted. So that a short clip need not wait for the end of a long one, one run more than there are
cores may be in progress: that of a clip at most half as long as each of those, of a client that has none of them.

Longer than 300 lines: one algorithm, whose parts make no sense apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Generic, TypeVar

from hindi_stt.concurrency.fair_queue import Entry, FairQueue

__all__ = ["Priority", "QueueFull", "Run", "Scheduler", "SchedulerLimits", "Work"]

T = TypeVar("T")

# Seconds of a core per second of audio, assumed until the first runs have been measured.
_FIRST_COST: Final = 0.05
_COST_MEMORY: Final = 0.9
# Waiting clips looked at when a run is filled up.
_MAX_CANDIDATES: Final = 32
_MAX_IDLE_FLOWS: Final = 1024
# A run in addition to one on each core is at most this share of each of them.
_MAX_EXTRA_SHARE: Final = 0.5


# By so many seconds of audio a client may be ahead of others, and still have its live speakers' last words before them:
# enough for many short utterances, and less than a flood of long ones.
_LIVE_HEAD_START_S: Final = 8.0


class Priority(IntEnum):
    """Lower goes first."""

    LIVE_FINAL = 0
    INTERACTIVE = 1


class QueueFull(Exception):
    """The work was not admitted.

    Args:
        retry_after_s: Seconds until there is probably space in the queue.
    """

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"the queue is full for about {retry_after_s:.1f} s")
        self.retry_after_s = retry_after_s


@dataclass(slots=True, eq=False)
class Work(Generic[T]):
    """One clip in the queue.

    Attributes:
        item: What the dispatcher needs to run it.
        duration_s: Seconds of audio; 0 for a canary, which is never refused.
        flow: Id of the recording to which it belongs.
        deadline_s: Reading of the caller's clock after which it is dropped.
        priority: Its priority.
        model: Tag of its model; a run has clips of one model only.
        client: Name of the client.
        abandoned: Set by the dispatcher when the caller was cancelled.
        rank: Order among the client's clips, set by `Scheduler.submit`.
    """

    item: T
    duration_s: float
    flow: str
    deadline_s: float
    priority: Priority = Priority.INTERACTIVE
    model: str = ""
    client: str = ""
    abandoned: bool = False
    rank: float = field(default=0.0, init=False)


@dataclass(frozen=True, slots=True)
class Run(Generic[T]):
    """Clips that go through the model together.

    Attributes:
        works: The clips.
        alone: Whether nothing else runs or waits, so that the run may use every core.
    """

    works: tuple[Work[T], ...]
    alone: bool

    @property
    def padded_s(self) -> float:
        """Seconds of audio including padding, to which the run's time is proportional."""
        return len(self.works) * max(work.duration_s for work in self.works)


@dataclass(frozen=True, slots=True)
class SchedulerLimits:
    """Bounds on the queue and on batching.

    Attributes:
        max_queue_s: Largest amount of waiting audio in seconds.
        max_wait_s: Longest predicted wait of an admitted clip in seconds.
        max_run_s: Largest amount of padded audio in a run of several clips, in seconds.
        max_padding: Largest share of padding in a run, in [0, 1).
        max_clips: Largest number of clips in a run.
        client_share: Share of `max_queue_s` that one client may use.
    """

    max_queue_s: float
    max_wait_s: float
    max_run_s: float
    max_padding: float
    max_clips: int
    client_share: float = 1.0


class _Flows:
    """Start tags of one client's recordings; `virtual_time` is the tag of the clip that was taken last."""

    def __init__(self) -> None:
        self.virtual_time = 0.0
        self._ends: dict[str, float] = {}

    def rank(self, flow: str, duration_s: float) -> float:
        """The start tag of a clip that comes now."""
        start_tag = max(self.virtual_time, self._ends.get(flow, 0.0))
        self._ends[flow] = start_tag + duration_s
        return start_tag

    def took(self, rank: float) -> None:
        """Note that a clip of this rank was taken."""
        self.virtual_time = max(self.virtual_time, rank)
        if len(self._ends) > _MAX_IDLE_FLOWS:
            self._ends = {flow: end for flow, end in self._ends.items() if end > self.virtual_time}


class Scheduler(Generic[T]):
    """Admits, orders and batches clips for a number of cores. It reads no clock: the caller gives times, in seconds.

    Args:
        cores: Number of runs at the same time.
        limits: Bounds on the queue and on batching.
    """

    def __init__(self, cores: int, limits: SchedulerLimits) -> None:
        self._cores = cores
        self._limits = limits
        self._queue: FairQueue[Work[T]] = FairQueue()
        self._flows: dict[str, _Flows] = {}
        self._queued_by_client: defaultdict[str, float] = defaultdict(float)
        self._running: list[Run[T]] = []
        self._cost = _FIRST_COST
        self.queued_s = 0.0
        self.n_queued = 0

    @property
    def n_running(self) -> int:
        """Runs in progress: as many as there are cores, and at times one more."""
        return len(self._running)

    @property
    def _running_s(self) -> float:
        return sum(run.padded_s for run in self._running)

    def predicted_wait_of(self, client: str, duration_s: float) -> float:
        """Predict how long a clip that arrives now would wait.

        While a client's backlog is served, every other client gets at most the same amount of service.

        Args:
            client: Name of the clip's client.
            duration_s: Seconds of audio of the clip.

        Returns:
            The wait in seconds.
        """
        if self.n_running < self._cores and not self.n_queued:
            return 0.0
        own_s = self._queued_by_client.get(client, 0.0)
        others_s = sum(
            min(queued_s, own_s + duration_s) for name, queued_s in self._queued_by_client.items() if name != client
        )
        return (own_s + others_s + self._running_s / 2) * self._cost / self._cores

    def submit(self, work: Work[T]) -> None:
        """Queue a clip.

        Args:
            work: The clip.

        Raises:
            QueueFull: The queue, or the client's share of it, is full.
        """
        if work.duration_s:  # a canary has no audio, and is never refused
            self._admit(work)
        work.rank = self._flows.setdefault(work.client, _Flows()).rank(work.flow, work.duration_s)
        head_start_s = _LIVE_HEAD_START_S if work.priority is Priority.LIVE_FINAL else 0.0
        self._queue.push(work.client, work, (work.priority, work.rank), head_start_s)
        self._count(work, 1)

    def _admit(self, work: Work[T]) -> None:
        limits, wait_s = self._limits, self.predicted_wait_of(work.client, work.duration_s)
        own_s = self._queued_by_client.get(work.client, 0.0)
        if (self.n_queued and self.queued_s + work.duration_s > limits.max_queue_s) or (
            own_s and own_s + work.duration_s > limits.client_share * limits.max_queue_s
        ):
            raise QueueFull(max(wait_s, work.duration_s * self._cost))
        if wait_s > limits.max_wait_s:
            raise QueueFull(wait_s - limits.max_wait_s)

    def take(self, now_s: float) -> tuple[Run[T] | None, list[Work[T]]]:
        """Take the next run that may begin.

        Args:
            now_s: Reading of the caller's clock.

        Returns:
            The run, or None if none may begin; and the clips that were dropped because they were abandoned or late.
        """
        dropped: list[Work[T]] = []
        if self.n_running >= self._cores:
            extra = self._pop_short(now_s, dropped) if self.n_running == self._cores else None
            return None if extra is None else self._begin([extra]), dropped
        first = self._pop(now_s, dropped)
        if first is None:
            return None, dropped
        return self._begin([first, *self._companions(first, now_s, dropped)]), dropped

    def _begin(self, entries: list[Entry[Work[T]]]) -> Run[T]:
        works = [entry.item for entry in entries]
        for work in works:
            self._charge(work)
        run = Run(tuple(works), alone=not self.n_queued and not self.n_running)
        self._running.append(run)
        return run

    def _pop_short(self, now_s: float, dropped: list[Work[T]]) -> Entry[Work[T]] | None:
        """A short clip of somebody who waits for the long ones of others: see this module's docstring."""
        busy = {work.client for run in self._running for work in run.works}
        shortest_s = min(min(work.duration_s for work in run.works) for run in self._running)
        longest_s = _MAX_EXTRA_SHARE * shortest_s
        return self._pop(
            now_s, dropped, lambda client: client not in busy and self._queue.first(client).duration_s <= longest_s
        )

    def finished(self, run: Run[T], elapsed_s: float) -> None:
        """Record that a run has ended.

        Args:
            run: The run.
            elapsed_s: For how long it ran, in seconds.
        """
        self._running.remove(run)
        if not run.alone and run.padded_s:  # a run on every core says little about one, and a canary has no audio
            self._cost = _COST_MEMORY * self._cost + (1 - _COST_MEMORY) * elapsed_s / run.padded_s

    def _count(self, work: Work[T], n: int) -> None:
        """Note that a clip waits (1), or does so no more (-1)."""
        self.n_queued += n
        # Sums of floats drift: an empty queue is exactly empty.
        self.queued_s = self.queued_s + n * work.duration_s if self.n_queued else 0.0
        if not self.n_queued:
            self._queued_by_client.clear()
        else:
            self._queued_by_client[work.client] = max(0.0, self._queued_by_client[work.client] + n * work.duration_s)

    def _charge(self, work: Work[T]) -> None:
        self._queue.begin(work.client)
        self._queue.charge(work.client, work.duration_s)
        if flows := self._flows.get(work.client):
            flows.took(work.rank)
        if len(self._flows) > _MAX_IDLE_FLOWS:
            self._flows = {client: kept for client, kept in self._flows.items() if client in self._queued_by_client}

    def _pop(
        self, now_s: float, dropped: list[Work[T]], eligible: Callable[[str], bool] = lambda _: True
    ) -> Entry[Work[T]] | None:
        while (entry := self._queue.pop(eligible)) is not None:
            work = entry.item
            self._count(work, -1)
            if not work.abandoned and work.deadline_s > now_s:
                return entry
            dropped.append(work)
        return None

    def _companions(self, first: Entry[Work[T]], now_s: float, dropped: list[Work[T]]) -> list[Entry[Work[T]]]:
        """Waiting clips that share the run of `first`: only such as no idle core could take at once."""
        limits, lead = self._limits, first.item
        spare = self.n_queued - (self._cores - self.n_running - 1)
        longest = total = lead.duration_s
        chosen: list[Entry[Work[T]]] = []
        put_back: list[Entry[Work[T]]] = []
        for _ in range(_MAX_CANDIDATES if 2 * lead.duration_s <= limits.max_run_s else 0):
            if len(chosen) >= min(spare, limits.max_clips - 1):
                break
            entry = self._pop(now_s, dropped)
            if entry is None:
                break
            work = entry.item
            n, new_longest = len(chosen) + 2, max(longest, work.duration_s)
            same = work.model == lead.model and work.priority is lead.priority
            fits = same and n * new_longest <= limits.max_run_s
            if fits and total + work.duration_s >= (1 - limits.max_padding) * n * new_longest:
                chosen.append(entry)
                longest, total = new_longest, total + work.duration_s
            else:
                put_back.append(entry)
        for entry in put_back:
            self._queue.put_back(entry)
            self._count(entry.item, 1)
        return chosen
