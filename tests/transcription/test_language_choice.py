"""language=auto over two real models, of which one knows the recording: it is the one that is found."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import pytest

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.errors import AudioTooLong, InferenceFailed, Timeout, UnsupportedAudio
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.transcription.accounting import Accounting
from hindi_stt.transcription.backend import InlineBackend
from hindi_stt.transcription.language_choice import identify_model
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.transcription.recording import Recording
from hindi_stt.types import Features, LogProbs
from tests.conftest import DATA
from tests.support.bundles import slow_sibling, slowed
from tests.support.streams import RATE
from tests.support.wav import wav

Model = tuple[Pipeline, InlineBackend]


@pytest.fixture(scope="module")
def models(pipeline: Pipeline, acoustic: LocalAcoustic, tmp_path_factory: pytest.TempPathFactory) -> list[Model]:
    """The embedded model, and one that understands speech at half speed only."""
    bundle: Bundle = slow_sibling(tmp_path_factory.mktemp("slow") / "bundle")
    slow = Pipeline(bundle, Settings(model=""))
    return [(pipeline, InlineBackend(acoustic)), (slow, InlineBackend(LocalAcoustic(bundle, threads=1)))]


class Told(Accounting):
    """What was told, in seconds. refuses: whether no clip is let in."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.admitted: list[float] = []
        self.in_progress_s: list[float] = []
        self._refuses = refuses

    def admit(self, duration_s: float) -> None:
        if self._refuses:
            raise AudioTooLong("not today")
        self.admitted.append(duration_s)

    def in_progress(self, duration_s: float) -> AbstractContextManager[None]:
        self.in_progress_s.append(duration_s)
        return nullcontext()


def identify(
    models: Sequence[Model], recording: Recording, accounting: Accounting | None = None, limit_s: float = 60
) -> int:
    backends = dict(models)
    work = identify_model(
        recording, [model for model, _ in models], backends.__getitem__, accounting or Told(), limit_s
    )
    return asyncio.run(work)


@pytest.mark.parametrize("order", [1, -1], ids=["the first wins", "the second wins"])
@pytest.mark.parametrize("name", ["rain.flac", "family.flac"])
def test_the_model_that_knows_the_recording(models: list[Model], tmp_path: Path, name: str, order: int) -> None:
    slow = slowed(DATA / name, tmp_path / "slow.wav")
    candidates = models[::order]
    names = [model.bundle.manifest.name for model, _ in candidates]
    assert names[identify(candidates, Recording(DATA / name))] != "slow"
    assert names[identify(candidates, Recording(slow))] == "slow"


def test_only_the_first_clip_is_looked_at(models: list[Model]) -> None:
    told = Told()
    ten_minutes = np.concatenate([np.random.default_rng(0).normal(0, 0.1, 20 * RATE).astype(np.float32)] * 3)
    identify(models, Recording(wav(ten_minutes)), told)
    assert told.admitted == told.in_progress_s
    assert len(told.admitted) == 2
    assert all(0 < duration_s <= 10.5 for duration_s in told.admitted)


def test_the_recording_is_there_from_its_beginning_afterwards(models: list[Model]) -> None:
    file = io.BytesIO((DATA / "rain.flac").read_bytes())
    identify(models, Recording(file))
    pipeline, backend = models[0]
    assert (
        pipeline.transcribe(file, backend._acoustic).text
        == pipeline.transcribe(DATA / "rain.flac", backend._acoustic).text
    )


def test_one_candidate_is_it_whatever_is_said(models: list[Model]) -> None:
    assert identify(models[:1], Recording(wav(np.zeros(RATE, np.float32)))) == 0


def test_errors_of_the_recording_and_of_the_accounting(models: list[Model]) -> None:
    with pytest.raises(UnsupportedAudio):
        identify(models, Recording(b"no audio" * 100))
    with pytest.raises(AudioTooLong, match="not today"):
        identify(models, Recording(DATA / "rain.flac"), Told(refuses=True))


class Growing(io.BytesIO):
    """A file that is there, and says that it may grow."""

    ended = False

    def end(self) -> None:
        self.ended = True


def test_an_upload_that_cannot_be_read_is_ended(models: list[Model]) -> None:
    file = Growing(b"no audio" * 100)
    with pytest.raises(UnsupportedAudio):
        identify(models, Recording(file, growing=file))  # type: ignore[arg-type]  # it never waits
    assert file.ended
    file = Growing((DATA / "rain.flac").read_bytes())
    assert identify(models, Recording(file, growing=file)) == 0  # type: ignore[arg-type]
    assert not file.ended, "the rest of it is still to be transcribed"


class Failing(InlineBackend):
    """A model that never answers, or with an error."""

    def __init__(self, acoustic: LocalAcoustic, error: Exception | None) -> None:
        super().__init__(acoustic)
        self._error = error

    async def log_probs(self, clips: Sequence[Features], *, wait_if_busy: bool) -> list[LogProbs]:
        del clips, wait_if_busy
        if self._error is None:
            await asyncio.Event().wait()
            raise AssertionError
        raise self._error


def test_a_model_that_fails_or_never_answers(models: list[Model], acoustic: LocalAcoustic) -> None:
    (pipeline, _), other = models
    with pytest.raises(InferenceFailed):
        identify([(pipeline, Failing(acoustic, InferenceFailed("broken"))), other], Recording(DATA / "rain.flac"))
    with pytest.raises(Timeout, match=r"0\.2 s"):
        identify([other, (pipeline, Failing(acoustic, None))], Recording(DATA / "rain.flac"), limit_s=0.2)
