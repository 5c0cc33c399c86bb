"""The scheduler, simulated with a clock of its own: nothing lost, no core idle, padding bounded, nobody starved.

Longer than 300 lines: the order of clips, case by case.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindi_stt.runner.scheduler import Priority, QueueFull, Run, Scheduler, SchedulerLimits, Work

LIMITS = SchedulerLimits(max_queue_s=1e9, max_wait_s=1e9, max_run_s=4, max_padding=0.2, max_clips=8)
FOREVER = 1e12

Job = tuple[float, "Work[int]"]


class Simulation:
    """Runs jobs, (arrival in seconds, work), on simulated cores; a run costs an overhead and a share of its audio."""

    def __init__(
        self, cores: int, limits: SchedulerLimits = LIMITS, overhead_s: float = 0.01, rtf: float = 0.05
    ) -> None:
        self.scheduler: Scheduler[int] = Scheduler(cores, limits)
        self.cores = cores
        self.service_s: Callable[[Run[int]], float] = lambda run: overhead_s + rtf * run.padded_s
        self.started: dict[int, float] = {}
        self.finished: dict[int, float] = {}
        self.refused: list[int] = []
        self.dropped: list[int] = []
        self.runs: list[Run[int]] = []

    def run(self, jobs: list[Job]) -> None:
        order = itertools.count()
        events: list[tuple[float, int, object]] = [(at, next(order), work) for at, work in jobs]
        heapq.heapify(events)
        while events:
            now, _, event = heapq.heappop(events)
            if isinstance(event, Work):
                try:
                    self.scheduler.submit(event)
                except QueueFull:
                    self.refused.append(event.item)
            else:
                assert isinstance(event, Run)
                self.scheduler.finished(event, self.service_s(event))
                self.finished |= {work.item: now for work in event.works}
            while True:
                run, dropped = self.scheduler.take(now)
                self.dropped += [work.item for work in dropped]
                if run is None:
                    break
                self.runs.append(run)
                self.started |= {work.item: now for work in run.works}
                heapq.heappush(events, (now + self.service_s(run), next(order), run))
            assert self.scheduler.n_running >= self.cores or not self.scheduler.n_queued, (
                "a core idles while work waits"
            )


def poisson(n: int, per_s: float, seed: int = 0, longest_s: float = 15) -> list[Job]:
    rng = np.random.default_rng(seed)
    arrivals = np.cumsum(rng.exponential(1 / per_s, n)).tolist()
    lengths = rng.uniform(0.5, longest_s, n).tolist()
    return [(at, Work(i, s, f"flow-{i}", FOREVER)) for i, (at, s) in enumerate(zip(arrivals, lengths, strict=True))]


# The canary has no audio: 0 s.
durations = st.floats(0.1, 20) | st.just(0.0)
works = st.lists(st.tuples(st.floats(0, 10), durations, st.integers(0, 3), st.sampled_from(Priority)), max_size=60)


@given(works, st.integers(1, 4))
def test_everything_runs_once_and_padding_is_bounded(
    jobs: list[tuple[float, float, int, Priority]], cores: int
) -> None:
    simulation = Simulation(cores)
    simulation.run([(at, Work(i, s, str(flow), FOREVER, p)) for i, (at, s, flow, p) in enumerate(jobs)])
    ran = [work.item for run in simulation.runs for work in run.works]
    assert sorted(ran) == list(range(len(jobs)))
    assert not simulation.dropped
    assert simulation.scheduler.queued_s == 0
    for run in simulation.runs:
        lengths = [work.duration_s for work in run.works]
        assert len(lengths) == 1 or run.padded_s <= LIMITS.max_run_s
        assert sum(lengths) >= (1 - LIMITS.max_padding) * run.padded_s - 1e-9


def test_one_request_on_an_idle_machine_has_all_of_it() -> None:
    simulation = Simulation(2)
    simulation.run([(0.0, Work(0, 5.0, "a", FOREVER)), (10.0, Work(1, 5.0, "b", FOREVER))])
    assert [run.alone for run in simulation.runs] == [True, True]


def test_work_is_spread_before_it_is_put_together() -> None:
    simulation = Simulation(2)
    simulation.run([(0.0, Work(i, 1.0, str(i), FOREVER)) for i in range(10)])
    sizes = [len(run.works) for run in simulation.runs]
    assert sizes[0] == 1
    assert max(sizes) > 1, "many short clips wait, so they share runs"
    long = Simulation(2)
    long.run([(0.0, Work(i, 10.0, str(i), FOREVER)) for i in range(10)])
    assert {len(run.works) for run in long.runs} == {1}


def test_short_clips_pass_a_long_file() -> None:
    """An hour in 15 s clips, all there at once; a 3 s clip arrives every second."""
    hour = [(0.0, Work(1000 + i, 15.0, "hour", FOREVER)) for i in range(240)]
    short = [(float(t), Work(t, 3.0, f"short-{t}", FOREVER)) for t in range(1, 60)]
    simulation = Simulation(2)
    simulation.run(hour + short)
    waits = [simulation.started[t] - t for t in range(1, 60)]
    assert max(waits) <= 0.01 + 0.05 * 15 + 1e-9, "no longer than the run in progress"
    assert max(simulation.finished[1000 + i] for i in range(240)) < 240, "and the hour gets done meanwhile"


def test_two_flows_share_by_audio_not_by_clips() -> None:
    long = [(0.0, Work(i, 10.0, "long clips", FOREVER)) for i in range(40)]
    short = [(0.0, Work(100 + i, 2.5, "short clips", FOREVER)) for i in range(160)]
    simulation = Simulation(1, overhead_s=0.0)
    simulation.run(long + short)
    done_long = sum(10.0 for i in range(40) if simulation.finished[i] <= 10)
    done_short = sum(2.5 for i in range(160) if simulation.finished[100 + i] <= 10)
    assert done_long == pytest.approx(done_short, abs=15)


def test_the_last_words_of_a_live_speaker_go_first() -> None:
    waiting = [(0.0, Work(i, 8.0, f"step-{i}", FOREVER)) for i in range(20)]
    simulation = Simulation(1)
    simulation.run([*waiting, (1.0, Work(99, 4.0, "final", FOREVER, Priority.LIVE_FINAL))])
    assert simulation.started[99] - 1.0 <= 0.42, "no longer than the run in progress"


@given(st.lists(st.tuples(st.floats(0.1, 3), st.sampled_from("ab")), min_size=1, max_size=60), st.integers(1, 3))
def test_a_run_has_clips_of_one_model(jobs: list[tuple[float, str]], cores: int) -> None:
    simulation = Simulation(cores)
    simulation.run([(0.0, Work(i, s, str(i), FOREVER, model=model)) for i, (s, model) in enumerate(jobs)])
    assert all(len({work.model for work in run.works}) == 1 for run in simulation.runs)
    assert sum(len(run.works) for run in simulation.runs) == len(jobs)


def test_bounds_refuse_at_once_with_retry_after() -> None:
    limits = SchedulerLimits(max_queue_s=50, max_wait_s=1e9, max_run_s=4, max_padding=0.2, max_clips=8)
    scheduler: Scheduler[int] = Scheduler(1, limits)
    for i in range(5):
        scheduler.submit(Work(i, 10.0, str(i), FOREVER))
    with pytest.raises(QueueFull) as refused:
        scheduler.submit(Work(9, 10.0, "x", FOREVER))
    assert refused.value.retry_after_s > 0
    scheduler.take(0.0)
    scheduler.submit(Work(9, 10.0, "x", FOREVER))


def test_a_clip_longer_than_the_queues_bound_is_taken_when_nothing_waits() -> None:
    limits = SchedulerLimits(max_queue_s=5, max_wait_s=1e9, max_run_s=4, max_padding=0.2, max_clips=8)
    scheduler: Scheduler[int] = Scheduler(1, limits)
    scheduler.submit(Work(0, 10.0, "a", FOREVER))
    assert scheduler.take(0.0)[0] is not None


def test_the_predicted_wait_is_right_under_load() -> None:
    simulation = Simulation(2, overhead_s=0.0)
    simulation.run(poisson(200, 100.0))
    rest = [Work(1000 + i, 10.0, str(i), FOREVER) for i in range(50)]
    for work in rest:
        simulation.scheduler.submit(work)
    predicted = simulation.scheduler.predicted_wait_of("", 0.0)
    assert predicted == pytest.approx(50 * 10 * 0.05 / 2, rel=0.1)


def test_abandoned_clips_use_no_time() -> None:
    scheduler: Scheduler[int] = Scheduler(1, LIMITS)
    gone, late, good = (Work(i, 5.0, str(i), deadline) for i, deadline in enumerate((FOREVER, 3.0, FOREVER)))
    for work in (gone, late, good):
        scheduler.submit(work)
    gone.abandoned = True
    run, dropped = scheduler.take(4.0)
    assert run is not None
    assert run.works == (good,)
    assert dropped == [gone, late]


def test_mean_wait_is_no_worse_than_first_come_first_served() -> None:
    """Fairness must not cost throughput: the same load on an ideal queue, at 80 % of capacity."""
    jobs = poisson(4_000, 2 * 0.8 / (0.01 + 0.05 * 7.75), seed=1)
    simulation = Simulation(2)
    simulation.run(jobs)
    waits = [simulation.started[work.item] - at for at, work in jobs]
    free = [0.0, 0.0]
    ideal = []
    for at, work in jobs:
        start = max(at, heapq.heappop(free))
        ideal.append(start - at)
        heapq.heappush(free, start + 0.01 + 0.05 * work.duration_s)
    assert np.mean(waits) <= 1.05 * np.mean(ideal)
    assert np.percentile(waits, 95) <= 1.2 * np.percentile(ideal, 95)


def backlog(n_recordings: int, n_clips: int, client: str) -> list[Job]:
    """Recordings of one client that come at once, each with clips of 16 s."""
    return [
        (0.0, Work(1_000 + i * n_clips + k, 16.0, f"recording-{i}", FOREVER, client=client))
        for i in range(n_recordings)
        for k in range(n_clips)
    ]


def submit_all(scheduler: Scheduler[int], jobs: list[Job]) -> None:
    for _, work in jobs:
        scheduler.submit(work)


@pytest.mark.parametrize("cores", [1, 2])
def test_a_clients_many_recordings_delay_others_by_one_segment(cores: int) -> None:
    """Twenty recordings are twenty flows, and still one client."""
    simulation = Simulation(cores, rtf=0.05)
    visits: list[Job] = [(0.3 + 0.7 * i, Work(i, 2.0, f"visit-{i}", FOREVER, client="neighbour")) for i in range(30)]
    simulation.run([*backlog(20, 16, "busy"), *visits])
    segment_s = 0.01 + 0.05 * 16.0
    waits = [simulation.started[work.item] - at for at, work in visits]
    assert max(waits) <= segment_s + 1e-9


def test_a_short_clip_does_not_wait_for_the_end_of_long_ones_of_others() -> None:
    scheduler: Scheduler[int] = Scheduler(2, LIMITS)
    submit_all(scheduler, backlog(4, 16, "busy"))
    assert [scheduler.take(0.0)[0] is not None for _ in range(3)] == [True, True, False]
    scheduler.submit(Work(0, 9.0, "long", FOREVER, client="another"))
    assert scheduler.take(0.0)[0] is None, "it is more than half as long as what runs"
    scheduler.submit(Work(1, 2.0, "own", FOREVER, client="busy"))
    assert scheduler.take(0.0)[0] is None, "its client has the cores"
    scheduler.submit(Work(2, 2.0, "visit", FOREVER, client="neighbour"))
    run, _ = scheduler.take(0.0)
    assert run is not None
    assert [work.item for work in run.works] == [2]


def test_one_extra_run_at_a_time() -> None:
    scheduler: Scheduler[int] = Scheduler(1, LIMITS)
    submit_all(scheduler, backlog(2, 16, "busy"))
    scheduler.take(0.0)
    submit_all(scheduler, [(0.0, Work(i, 2.0, f"{i}", FOREVER, client=f"client-{i}")) for i in range(3)])
    extra, _ = scheduler.take(0.0)
    assert extra is not None
    assert [work.item for work in extra.works] == [0]
    assert not extra.alone
    assert scheduler.take(0.0)[0] is None
    scheduler.finished(extra, 0.1)
    following, _ = scheduler.take(0.1)
    assert following is not None
    assert [work.item for work in following.works] == [1]


def test_equal_clips_take_no_extra_run() -> None:
    simulation = Simulation(2)
    simulation.run([(0.0, Work(i, 2.0, f"{i}", FOREVER, client=f"client-{i}")) for i in range(40)])
    events = sorted(
        [(simulation.started[i], 1) for i in range(40)] + [(simulation.finished[i] - 1e-9, -1) for i in range(40)]
    )
    assert max(itertools.accumulate(change for _, change in events)) <= 2 * LIMITS.max_clips


def test_a_flood_of_live_speakers_takes_one_turn_like_others() -> None:
    """Forty-eight connections of one client that end long utterances all the time."""
    simulation = Simulation(1, rtf=0.05)
    flood: list[Job] = [
        (0.5 * i, Work(1_000 + i, 16.0, f"speaker-{i % 48}", FOREVER, Priority.LIVE_FINAL, client="busy"))
        for i in range(200)
    ]
    visits: list[Job] = [(5.0 + 4.0 * i, Work(i, 2.0, f"visit-{i}", FOREVER, client="neighbour")) for i in range(10)]
    simulation.run([*flood, *visits])
    segment_s = 0.01 + 0.05 * 16.0
    assert max(simulation.started[work.item] - at for at, work in visits) <= 2 * segment_s + 1e-9


def test_last_words_go_before_the_rest_of_the_same_client_and_of_others() -> None:
    simulation = Simulation(1, rtf=0.05)
    words: list[Job] = [
        (0.3, Work(0, 2.0, "speaker", FOREVER, Priority.LIVE_FINAL, client="busy")),
        (0.3, Work(1, 2.0, "speaker", FOREVER, Priority.LIVE_FINAL, client="captions")),
    ]
    others: list[Job] = [(0.1, Work(10 + i, 4.0, f"visit-{i}", FOREVER, client=f"client-{i}")) for i in range(20)]
    simulation.run([*backlog(20, 16, "busy"), *others, *words])
    order = sorted(simulation.started, key=simulation.started.__getitem__)
    assert order.index(1) <= 2
    segment_s, visit_s = 0.01 + 0.05 * 16, 0.01 + 0.05 * 4
    assert simulation.started[0] <= segment_s + 2 * visit_s


def test_a_full_backlog_refuses_its_own_client_only() -> None:
    limits = replace(LIMITS, max_queue_s=1_000.0, client_share=0.75)
    scheduler: Scheduler[int] = Scheduler(1, limits)
    with pytest.raises(QueueFull):
        submit_all(scheduler, backlog(20, 16, "busy"))
    assert 700.0 < scheduler.queued_s <= 750.0
    scheduler.submit(Work(0, 2.0, "visit", FOREVER, client="neighbour"))


def test_the_wait_of_a_backlog_is_not_predicted_for_others() -> None:
    limits = replace(LIMITS, max_wait_s=5.0)
    scheduler: Scheduler[int] = Scheduler(1, limits)
    with pytest.raises(QueueFull):
        submit_all(scheduler, backlog(20, 16, "busy"))
    scheduler.submit(Work(0, 2.0, "visit", FOREVER, client="neighbour"))
    with pytest.raises(QueueFull):
        scheduler.submit(Work(1, 2.0, "another", FOREVER, client="busy"))


def test_a_canary_is_never_refused() -> None:
    scheduler: Scheduler[int] = Scheduler(1, replace(LIMITS, max_queue_s=20.0, max_wait_s=0.1))
    with pytest.raises(QueueFull):
        submit_all(scheduler, backlog(20, 16, "busy"))
    scheduler.submit(Work(0, 0.0, "canary", FOREVER, Priority.LIVE_FINAL))
    run, _ = scheduler.take(0.0)
    assert run is not None
    assert [work.item for work in run.works] == [0]
