"""The orchestrator over a model in memory whose answers come when the test wants them."""

# ruff: noqa: ARG002  (what the protocols name)

from __future__ import annotations

import asyncio
import gc
import io
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

import numpy as np
import pytest

from hindi_stt.audio import Recording
from hindi_stt.concurrency.fair_slots import MayWait
from hindi_stt.errors import InferenceFailed, Overloaded, Timeout
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.accounting import Accounting
from hindi_stt.transcription.backend import InlineBackend
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.transcription.recording import Transcription
from hindi_stt.types import Features, LogProbs
from tests.support.streams import RATE, speech
from tests.support.wav import wav

MODULES_UNDER_TEST = (
    "hindi_stt/concurrency/deadline.py",
    "hindi_stt/decoding/assembly.py",
    "hindi_stt/transcription/pipeline.py",
)

T = TypeVar("T")
# Three sentences with pauses that long recordings are cut at: several clips.
LONG = np.concatenate([speech("family.flac", 1.5, "rain.flac", 1.5)] * 6)


class Runner:
    """A backend whose calls wait until they are released, in any order."""

    clips_per_call = 1

    def __init__(self, acoustic: LocalAcoustic) -> None:
        self._acoustic = acoustic
        self.waiting: list[asyncio.Future[None]] = []
        self.waited_if_busy: list[bool] = []
        self.most = self.n_in_progress = self.n_cancelled = 0
        self.fails_at: int | None = None
        self.held = True

    async def log_probs(self, clips: Sequence[Features], *, wait_if_busy: bool) -> list[LogProbs]:
        number = len(self.waited_if_busy)
        self.waited_if_busy.append(wait_if_busy)
        self.n_in_progress += 1
        self.most = max(self.most, self.n_in_progress)
        try:
            if self.held:
                self.waiting.append(asyncio.get_running_loop().create_future())
                await self.waiting[-1]
            if number == self.fails_at:
                raise InferenceFailed("This clip cannot be run.")
            (result,) = self._acoustic(clips)
            assert isinstance(result, LogProbs)
            return [result]
        except asyncio.CancelledError:
            self.n_cancelled += 1
            raise
        finally:
            self.n_in_progress -= 1

    async def in_thread(self, work: Callable[[], T], *, waits: MayWait | None = None) -> T:
        await asyncio.sleep(0)
        return work()


class Counted(Accounting):
    """What was told, in order."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.decoded_s = self.in_progress_s = 0.0

    async def decoded(self, duration_s: float) -> None:
        self.decoded_s += duration_s

    def in_progress(self, duration_s: float) -> AbstractContextManager[None]:
        @contextmanager
        def counted():  # type: ignore[no-untyped-def]
            self.in_progress_s += duration_s
            try:
                yield
            finally:
                self.in_progress_s -= duration_s

        return counted()

    def finished(self, duration_s: float, elapsed_s: float, stages_s: Mapping[str, float]) -> None:
        self.told.append("finished")

    def close(self) -> None:
        self.told.append("closed")


class Growing(io.BytesIO):
    """A file that is there, and says that it may grow."""

    ended = False

    def end(self) -> None:
        self.ended = True


async def settle() -> None:
    for _ in range(400):
        await asyncio.sleep(0)


def transcription(
    pipeline: Pipeline, runner: Runner, accounting: Accounting | None = None, **bounds: float
) -> Transcription:
    return Transcription(
        pipeline, runner, Recording(wav(LONG)), accounting=accounting, max_in_flight=4, limit_s=bounds.get("limit_s")
    )


def test_answers_in_any_order_make_the_same_transcript(pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    runner = Runner(acoustic)

    async def run() -> str:
        task = asyncio.create_task(transcription(pipeline, runner).transcript())
        while not task.done():
            await settle()
            for future in reversed(runner.waiting):
                if not future.done():
                    future.set_result(None)
                    break
        return (await task).text

    assert asyncio.run(run()) == pipeline.transcribe(wav(LONG), acoustic).text
    assert runner.most == 4, "as many calls as may be in progress, and no more"
    assert runner.waited_if_busy == [False] + [True] * (len(runner.waited_if_busy) - 1)
    assert len(runner.waited_if_busy) > 4


def test_segments_come_as_soon_as_they_are_final(pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    runner = Runner(acoustic)

    async def run() -> None:
        segments = transcription(pipeline, runner).segments()
        first = asyncio.ensure_future(anext(segments))
        await settle()
        runner.waiting[1].set_result(None)
        await settle()
        assert not first.done(), "the second clip's words wait for the first one's"
        runner.waiting[0].set_result(None)
        assert (await first).text
        await segments.aclose()

    asyncio.run(run())
    assert runner.n_in_progress == 0


@pytest.mark.parametrize("how", ["an error", "a cancellation"])
def test_what_is_in_progress_ends_with_the_recording(pipeline: Pipeline, acoustic: LocalAcoustic, how: str) -> None:
    runner, counted, file = Runner(acoustic), Counted(), Growing(wav(LONG))
    runner.fails_at = 0

    async def run() -> None:
        recording = Recording(file, growing=file)  # type: ignore[arg-type]  # it never waits
        whole = Transcription(pipeline, runner, recording, accounting=counted, max_in_flight=4)
        task = asyncio.create_task(whole.transcript())
        await settle()
        assert runner.n_in_progress == 4
        if how == "an error":
            runner.waiting[0].set_result(None)
            with pytest.raises(InferenceFailed):
                await task
        else:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())
    assert runner.n_in_progress == 0
    assert runner.n_cancelled == (3 if how == "an error" else 4)
    assert file.ended
    assert not file.closed, "it is its owner's to close"
    assert counted.told == ["closed"]
    assert counted.in_progress_s == pytest.approx(0)


def test_a_model_that_never_answers(pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    runner, counted = Runner(acoustic), Counted()
    with pytest.raises(Timeout, match=r"within 0\.2 s"):
        asyncio.run(transcription(pipeline, runner, counted, limit_s=0.2).transcript())
    assert runner.n_in_progress == 0
    assert counted.told == ["closed"]


def test_what_accounting_refuses_ends_the_recording(pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    runner = Runner(acoustic)

    class Full(Counted):
        async def decoded(self, duration_s: float) -> None:
            raise Overloaded("There is no room.")

    with pytest.raises(Overloaded):
        asyncio.run(transcription(pipeline, runner, Full()).transcript())
    assert not runner.waited_if_busy, "nothing went to the model"


def test_a_whole_recording_is_counted_once(pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    runner, counted = Runner(acoustic), Counted()
    runner.held = False
    asyncio.run(transcription(pipeline, runner, counted).transcript())
    assert counted.told == ["closed", "finished"]
    assert counted.decoded_s == pytest.approx(len(LONG) / RATE, abs=0.1)
    assert counted.in_progress_s == pytest.approx(0)


@pytest.mark.parametrize("samples", [LONG, LONG[: 2 * RATE]], ids=["several clips", "one clip"])
def test_a_transcription_is_freed_without_a_collection(
    samples: np.ndarray, pipeline: Pipeline, acoustic: LocalAcoustic
) -> None:
    async def transcribe() -> weakref.ref[Transcription]:
        transcription = Transcription(pipeline, InlineBackend(acoustic), Recording(io.BytesIO(wav(samples))))
        await transcription.transcript()
        return weakref.ref(transcription)

    gc.collect()
    gc.disable()
    try:
        assert asyncio.run(transcribe())() is None
    finally:
        gc.enable()
