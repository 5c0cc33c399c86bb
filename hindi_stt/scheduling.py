"""What runs next on the cores, and what is refused: no I/O, no threads, no clock of its own.

Cost is seconds of audio, not requests. Each core takes one run at a time; a run is one clip, or a few short ones of
like length where more wait than there are idle cores: on a CPU, longer clips gain nothing from batching.

Order is start-time fair queueing (Goyal, Vin and Cheng, 1996) over flows: the clips of one recording are one flow, so
that an hour-long file in progress does not hold back short clips that come later. The last words of a live speaker go
before everything else, and interactive work goes before bulk.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Generic, TypeVar

__all__ = ["Priority", "QueueFull", "Run", "Scheduler", "SchedulerLimits", "Work"]

T = TypeVar("T")

# Seconds of a core per second of audio, assumed until the first runs have been measured.
_FIRST_COST: Final = 0.05
_COST_MEMORY: Final = 0.9
# Waiting clips looked at when a run is filled up.
_MAX_CANDIDATES: Final = 32
_MAX_IDLE_FLOWS: Final = 1024


class Priority(IntEnum):
    """Lower goes first."""

    LIVE_FINAL = 0
    INTERACTIVE = 1
    BULK = 2


class QueueFull(Exception):
    """Not admitted; retry_after_s: when there should be room, in seconds."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"the queue is full for about {retry_after_s:.1f} s")
        self.retry_after_s = retry_after_s


@dataclass(slots=True, eq=False)
class Work(Generic[T]):
    """One clip. duration_s: seconds of audio; flow: whose it is; deadline_s: after it, nobody wants the result.

    model: the one that it is for; a run has clips of one model.
    """

    item: T
    duration_s: float
    flow: str
    deadline_s: float
    priority: Priority = Priority.INTERACTIVE
    model: str = ""
    abandoned: bool = False
    rank: tuple[float, int] = field(default=(0.0, 0), init=False)


@dataclass(frozen=True, slots=True)
class Run(Generic[T]):
    """Clips that go through the model together. alone: nothing else runs or waits, so it may use every core."""

    works: tuple[Work[T], ...]
    alone: bool

    @property
    def padded_s(self) -> float:
        """Seconds of audio with the padding: what the run costs."""
        return len(self.works) * max(work.duration_s for work in self.works)


@dataclass(frozen=True, slots=True)
class SchedulerLimits:
    """Bounds, and how far clips are put together.

    max_queue_s: most audio waiting; max_wait_s: longest predicted wait of what is admitted; max_run_s: most padded
    audio in a run of several clips; max_padding: most padding, as a share of a run; max_clips: most clips in a run.
    """

    max_queue_s: float
    max_wait_s: float
    max_run_s: float
    max_padding: float
    max_clips: int


class Scheduler(Generic[T]):
    """Admits, orders and groups work for a number of cores. Times are readings of the caller's clock, in seconds."""

    def __init__(self, cores: int, limits: SchedulerLimits) -> None:
        self._cores = cores
        self._limits = limits
        self._heaps: dict[Priority, list[tuple[tuple[float, int], Work[T]]]] = {priority: [] for priority in Priority}
        self._sequence = itertools.count()
        self._virtual_time = 0.0
        self._flow_ends: dict[str, float] = {}
        self._running_s = 0.0
        self._cost = _FIRST_COST
        self.queued_s = 0.0
        self.n_queued = 0
        self.n_running = 0

    @property
    def predicted_wait_s(self) -> float:
        """How long a clip that arrives now would wait, if everything before it is done first."""
        if self.n_running < self._cores and not self.n_queued:
            return 0.0
        return (self.queued_s + self._running_s / 2) * self._cost / self._cores

    def submit(self, work: Work[T]) -> None:
        """Queue a clip. Raises QueueFull."""
        wait_s = self.predicted_wait_s
        if self.n_queued and (self.queued_s + work.duration_s > self._limits.max_queue_s):
            raise QueueFull(max(wait_s, work.duration_s * self._cost))
        if wait_s > self._limits.max_wait_s:
            raise QueueFull(wait_s - self._limits.max_wait_s)
        start_tag = max(self._virtual_time, self._flow_ends.get(work.flow, 0.0))
        self._flow_ends[work.flow] = start_tag + work.duration_s
        work.rank = (start_tag, next(self._sequence))
        self._push(work)

    def take(self, now_s: float) -> tuple[Run[T] | None, list[Work[T]]]:
        """The next run for an idle core (None where all are busy or nothing waits), and what was dropped on the way.

        Dropped is what was abandoned or whose deadline has passed: it leaves before it costs anything.
        """
        dropped: list[Work[T]] = []
        if self.n_running >= self._cores:
            return None, dropped
        for priority in Priority:
            first = self._pop(priority, now_s, dropped)
            if first is not None:
                works = [first, *self._companions(first, now_s, dropped)]
                self._virtual_time = max(self._virtual_time, first.rank[0])
                self._forget_idle_flows()
                run = Run(tuple(works), alone=not self.n_queued and not self.n_running)
                self.n_running += 1
                self._running_s += run.padded_s
                return run, dropped
        return None, dropped

    def finished(self, run: Run[T], elapsed_s: float) -> None:
        """Note that a run has ended after this time on its core."""
        self.n_running -= 1
        self._running_s -= run.padded_s
        if not run.alone and run.padded_s:  # a run on every core says little about one, and a canary has no audio
            self._cost = _COST_MEMORY * self._cost + (1 - _COST_MEMORY) * elapsed_s / run.padded_s

    def _push(self, work: Work[T]) -> None:
        heapq.heappush(self._heaps[work.priority], (work.rank, work))
        self.queued_s += work.duration_s
        self.n_queued += 1

    def _pop(self, priority: Priority, now_s: float, dropped: list[Work[T]]) -> Work[T] | None:
        heap = self._heaps[priority]
        while heap:
            work = heapq.heappop(heap)[1]
            self.n_queued -= 1
            # Sums of floats drift: an empty queue is exactly empty.
            self.queued_s = self.queued_s - work.duration_s if self.n_queued else 0.0
            if not work.abandoned and work.deadline_s > now_s:
                return work
            dropped.append(work)
        return None

    def _companions(self, first: Work[T], now_s: float, dropped: list[Work[T]]) -> list[Work[T]]:
        """Waiting clips that share the run of `first`: only such as no idle core could take at once."""
        limits = self._limits
        spare = self.n_queued - (self._cores - self.n_running - 1)
        longest = total = first.duration_s
        chosen: list[Work[T]] = []
        put_back: list[Work[T]] = []
        for _ in range(_MAX_CANDIDATES if 2 * first.duration_s <= limits.max_run_s else 0):
            if len(chosen) >= min(spare, limits.max_clips - 1):
                break
            work = self._pop(first.priority, now_s, dropped)
            if work is None:
                break
            n, new_longest = len(chosen) + 2, max(longest, work.duration_s)
            fits = work.model == first.model and n * new_longest <= limits.max_run_s
            if fits and total + work.duration_s >= (1 - limits.max_padding) * n * new_longest:
                chosen.append(work)
                longest, total = new_longest, total + work.duration_s
            else:
                put_back.append(work)
        for work in put_back:
            self._push(work)
        return chosen

    def _forget_idle_flows(self) -> None:
        if len(self._flow_ends) > _MAX_IDLE_FLOWS:
            self._flow_ends = {flow: end for flow, end in self._flow_ends.items() if end > self._virtual_time}
