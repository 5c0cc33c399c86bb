"""What the recordings of a worker share: the runner, places for uploads and partials, and waiting for a busy runner."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import numpy as np
import pytest

from hindi_stt.access.limits import Client, RateLimits
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.audio import Recording
from hindi_stt.bundle.registry import Registry
from hindi_stt.errors import HindiSTTError, InferenceFailed, Overloaded, TooManyUploads, UploadTimeout
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Features, LogProbs, Waveform
from tests.conftest import DATA
from tests.support.metrics import metrics


class Runner:
    """A runner in this process that raises these errors first, and may hold its answers back."""

    def __init__(self, acoustic: LocalAcoustic, *errors: HindiSTTError) -> None:
        self._acoustic = acoustic
        self._errors = list(errors)
        self.live_finals: list[bool] = []

    async def __call__(self, model: str, features: Features, *, live_final: bool = False) -> LogProbs:
        assert model == self._acoustic.bundle.tag
        self.live_finals.append(live_final)
        if self._errors:
            raise self._errors.pop(0)
        (result,) = await asyncio.to_thread(self._acoustic, [features])
        assert isinstance(result, LogProbs)
        return result


def recognizer(acoustic: LocalAcoustic, runner: Runner, **settings: object) -> Recognizer:
    chosen = Settings.model_validate({"model": ""} | settings)
    return Recognizer(Registry((acoustic.bundle,)), runner, chosen, metrics(), RateLimits())


@pytest.fixture
def features(pipeline: Pipeline) -> Features:
    return pipeline.extract(Waveform(np.zeros(16_000, np.float32), 16_000, 16_000))


def test_a_recording_through_the_runner(pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    async def run() -> str:
        shared = recognizer(acoustic, Runner(acoustic))
        own = shared.pipelines[acoustic.bundle.tag]
        transcription = shared.recognize(Recording(DATA / "rain.flac"), own, own.options({}), Client("ann"))
        text = (await transcription.transcript()).text
        assert shared.load._total_s == 0
        assert shared.threads.n_in_use == 0
        return text

    assert asyncio.run(run()) == pipeline.transcribe(DATA / "rain.flac", acoustic).text


@pytest.mark.parametrize("waits", [True, False])
def test_a_runner_that_is_busy(acoustic: LocalAcoustic, features: Features, waits: bool) -> None:
    """A request that has begun waits; another is refused, and so is the next body of its client, for a moment."""
    busy = [Overloaded("full", retry_after_s=0.01), Overloaded("full", retry_after_s=0.01)]

    async def run() -> None:
        shared = recognizer(acoustic, runner := Runner(acoustic, *busy))
        call = shared.log_probs(acoustic.bundle.tag, features, wait_if_busy=waits)
        if waits:
            assert (await call).values.size
            assert len(runner.live_finals) == 3
        else:
            with pytest.raises(Overloaded):
                await call
            assert len(runner.live_finals) == 1
            with pytest.raises(Overloaded):
                shared.load.refuse_if_full("-")

    asyncio.run(run())


def test_other_errors_are_the_callers(acoustic: LocalAcoustic, features: Features) -> None:
    async def run() -> None:
        shared = recognizer(acoustic, Runner(acoustic, InferenceFailed("broken")))
        backend = shared.backend(shared.pipelines[acoustic.bundle.tag])
        with pytest.raises(InferenceFailed):
            await backend.log_probs([features], wait_if_busy=True)
        (result,) = await backend.log_probs([features], wait_if_busy=True)
        assert result.values.size

    asyncio.run(run())


def test_the_last_words_of_a_live_speaker_are_marked(acoustic: LocalAcoustic, features: Features) -> None:
    async def run() -> None:
        shared = recognizer(acoustic, runner := Runner(acoustic))
        await shared.log_probs(acoustic.bundle.tag, features, wait_if_busy=False, live_final=True)
        await shared.log_probs(acoustic.bundle.tag, features, wait_if_busy=False)
        assert runner.live_finals == [True, False]

    asyncio.run(run())


class Upload:
    """An upload whose client has sent nothing for so long."""

    def __init__(self, idle_s: float) -> None:
        self.idle_s = idle_s
        self.error: HindiSTTError | None = None

    def give_up(self, error: HindiSTTError) -> None:
        self.error = error


def test_places_for_recordings_that_are_transcribed_while_they_arrive(acoustic: LocalAcoustic) -> None:
    async def run() -> None:
        shared = recognizer(acoustic, Runner(acoustic), streamed_uploads=2, client_share=0.5)

        def place(name: str) -> AbstractContextManager[None]:
            return shared.arriving(Upload(0.0), Client(name))  # type: ignore[arg-type]

        with place("ann"):
            with pytest.raises(TooManyUploads, match="of ann"), place("ann"):
                pass
            with place("bob"), pytest.raises(TooManyUploads), place("eve"):
                pass
        with place("eve"):
            pass

    asyncio.run(run())


def test_an_idle_upload_gives_its_place_to_another_client(acoustic: LocalAcoustic) -> None:
    async def run() -> None:
        shared = recognizer(acoustic, Runner(acoustic), streamed_uploads=2, client_share=1.0)
        active, idle, another = Upload(0.0), Upload(3_600.0), Upload(0.0)
        with ExitStack() as stack:
            for upload, name in ((active, "ann"), (idle, "ann"), (another, "bob")):
                stack.enter_context(shared.arriving(upload, Client(name)))  # type: ignore[arg-type]
            assert isinstance(idle.error, UploadTimeout)
            assert active.error is another.error is None

    asyncio.run(run())


def test_partials_have_a_bound_of_their_own(acoustic: LocalAcoustic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hindi_stt.api.recognizer.available_cores", lambda: 3)
    monkeypatch.setattr("hindi_stt.api.recognizer._BUSY_LOOP_S", 60.0)

    async def run() -> None:
        shared = recognizer(acoustic, Runner(acoustic))
        async with shared.partial(), shared.partial():
            with pytest.raises(Overloaded):
                async with shared.partial():
                    pass
        async with shared.partial():
            pass
        monkeypatch.setattr("hindi_stt.api.recognizer._BUSY_LOOP_S", -1.0)
        with pytest.raises(Overloaded):
            async with shared.partial():
                pass

    asyncio.run(run())


def test_each_model_has_its_pipeline(acoustic: LocalAcoustic, tmp_path: Path) -> None:
    from tests.support.bundles import sibling

    other = sibling(tmp_path / "ta", "tamil", "ta")
    registry = Registry((acoustic.bundle, other))
    shared = Recognizer(registry, Runner(acoustic), Settings(model=""), metrics(), RateLimits())
    assert {tag: pipeline.bundle.tag for tag, pipeline in shared.pipelines.items()} == {
        acoustic.bundle.tag: acoustic.bundle.tag,
        other.tag: other.tag,
    }
