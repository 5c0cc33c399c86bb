"""The dispatcher over a model whose runs the test lets go on: results, errors, bounds, and clips that nobody wants."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence

import numpy as np
import pytest

from hindi_stt.errors import EmptyBody, HindiSTTError, InternalError, Overloaded, Timeout
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.runner.dispatcher import Dispatcher
from hindi_stt.runner.scheduler import SchedulerLimits
from hindi_stt.types import Features, LogProbs

LIMITS = SchedulerLimits(max_queue_s=20, max_wait_s=1e9, max_run_s=8, max_padding=0.2, max_clips=8)
FOREVER = 1e12


class Model:
    """The runs of a dispatcher. free: runs go on while it is set; each answers with the durations of its clips."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.begun = threading.Semaphore(0)
        self.runs: list[tuple[str, list[float]]] = []
        self.counted: list[list[float]] = []
        self.dropped: list[str] = []
        self.fails = False
        self.dispatcher = Dispatcher(
            self._run,
            1,
            LIMITS,
            on_run=lambda clips, _: self.counted.append([clip.duration_s for clip in clips]),
            on_drop=self.dropped.append,
        )

    def _run(self, model: str, clips: Sequence[Features], _alone: bool) -> list[LogProbs | HindiSTTError]:
        self.runs.append((model, [clip.duration_s for clip in clips]))
        self.begun.release()
        assert self.free.wait(30)
        if self.fails:
            raise RuntimeError("broken")
        return [
            EmptyBody("empty") if clip.duration_s == 1.5 else LogProbs(np.full((1, 1), clip.duration_s), 0.04)
            for clip in clips
        ]

    def clips(self, *names: str) -> list[float]:
        """The durations of the clips that ran, of these models or of all."""
        return [duration_s for name, clips in self.runs if not names or name in names for duration_s in clips]

    async def begins(self) -> None:
        assert await asyncio.to_thread(self.begun.acquire, timeout=30)

    def __call__(self, duration_s: float, model: str = "a", deadline_s: float = FOREVER) -> asyncio.Task[LogProbs]:
        features = Features(np.zeros((1, max(1, round(100 * duration_s))), np.float32), duration_s)
        work = self.dispatcher(
            features, model=model, flow=f"{duration_s}", deadline_s=deadline_s, client=f"{duration_s}"
        )
        return asyncio.ensure_future(work)


@pytest.fixture
def model() -> Iterator[Model]:
    model = Model()
    yield model
    model.free.set()
    model.dispatcher.close()


def run(use: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await use()

    asyncio.run(bounded())


def test_each_clip_gets_its_own_result(model: Model) -> None:
    async def use() -> None:
        model.free.set()
        durations_s = [1.0, 2.0, 0.5, 3.0, 1.0]
        results = await asyncio.gather(*(model(duration_s) for duration_s in durations_s))
        assert [float(result.values[0, 0]) for result in results] == durations_s
        assert sorted(model.clips()) == sorted(durations_s)
        assert model.counted == [clips for _, clips in model.runs]

    run(use)


def test_clips_that_wait_share_a_run_with_those_of_their_model_only(model: Model) -> None:
    async def use() -> None:
        first = model(4.0)
        await model.begins()
        rest = [model(2.0, "a"), model(2.0, "b"), model(2.1, "a")]
        await asyncio.sleep(0)
        model.free.set()
        await asyncio.gather(first, *rest)
        assert sorted(model.clips("a")) == [2.0, 2.1, 4.0]
        assert model.clips("b") == [2.0]

    run(use)


def test_one_clips_error_is_its_own(model: Model) -> None:
    async def use() -> None:
        first = model(4.0)
        await model.begins()
        good, bad = model(1.45), model(1.5)
        await asyncio.sleep(0)
        model.free.set()
        await first
        assert float((await good).values[0, 0]) == 1.45
        with pytest.raises(EmptyBody):
            await bad

    run(use)


def test_a_run_that_fails_fails_its_clips_and_no_later_ones(model: Model, caplog: pytest.LogCaptureFixture) -> None:
    async def use() -> None:
        model.free.set()
        model.fails = True
        with pytest.raises(InternalError):
            await model(1.0)
        model.fails = False
        assert float((await model(2.0)).values[0, 0]) == 2.0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hindi_stt.observability.request_context.log.propagate", True)
        run(use)
    assert "1.0" in caplog.text
    assert "RuntimeError: broken" in caplog.text


def test_more_than_the_bound_is_refused(model: Model) -> None:
    async def use() -> None:
        first = model(4.0)
        await model.begins()
        waiting = [model(6.0 + n / 100) for n in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded) as refused:
            await model(6.5)
        assert refused.value.retry_after_s is not None
        assert refused.value.retry_after_s > 0
        model.free.set()
        await asyncio.gather(first, *waiting)

    run(use)


def test_a_clip_whose_deadline_has_passed_never_runs(model: Model) -> None:
    async def use() -> None:
        first = model(4.0)
        await model.begins()
        late = model(3.0, deadline_s=time.monotonic() - 1)
        await asyncio.sleep(0)
        model.free.set()
        with pytest.raises(Timeout):
            await late
        await first
        assert [clips for _, clips in model.runs] == [[4.0]]
        assert model.dropped == ["timeout"]

    run(use)


def test_a_clip_whose_caller_has_gone_never_runs(model: Model) -> None:
    async def use() -> None:
        first = model(4.0)
        await model.begins()
        gone, stays = model(3.9), model(3.8)
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        model.free.set()
        await asyncio.gather(first, stays)
        assert model.clips() == [4.0, 3.8]
        assert model.dropped == ["client_closed_request"]

    run(use)


def test_a_caller_that_disconnects_while_its_clip_runs_affects_no_other(model: Model) -> None:
    async def use() -> None:
        gone = model(4.0)
        await model.begins()
        stays = model(3.0)
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        model.free.set()
        assert float((await stays).values[0, 0]) == 3.0

    run(use)


def test_the_real_model_answers_as_it_does_alone(acoustic: LocalAcoustic) -> None:
    rng = np.random.default_rng(0)
    n_mels = acoustic.bundle.manifest.features.n_mels
    clips = [Features(rng.standard_normal((n_mels, n)).astype(np.float32), n / 100) for n in (120, 90, 200, 119, 400)]
    dispatcher = Dispatcher(
        lambda _model, batch, _alone: acoustic(batch), 2, LIMITS, on_run=lambda *_: None, on_drop=lambda _: None
    )

    async def use() -> None:
        calls = (dispatcher(clip, model="a", flow=f"{i}", deadline_s=FOREVER) for i, clip in enumerate(clips))
        for clip, result in zip(clips, await asyncio.gather(*calls), strict=True):
            (alone,) = acoustic([clip])
            assert isinstance(alone, LogProbs)
            np.testing.assert_array_equal(result.values, alone.values)

    run(use)
    dispatcher.close()
