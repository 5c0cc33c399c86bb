"""Speakers whom a request names: their references, and whom they are found to be."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hindi_stt.audio import AudioLimits
from hindi_stt.errors import InvalidRequest, InvalidSpeakerReference
from hindi_stt.speakers.diarization import Diarization
from hindi_stt.speakers.embedder import Embedder
from hindi_stt.speakers.known import KnownSpeaker, SpeakerReference, enrol, match_known, parse_references
from hindi_stt.speakers.options import SpeakerOptions
from hindi_stt.types import Segment, Word
from tests.support.segmentation_model import add_segmentation
from tests.support.speaker_model import RATE, voice, write_speaker_bundle

MODULES_UNDER_TEST = (
    "hindi_stt/speakers/known.py",
    "hindi_stt/speakers/vectors.py",
    "hindi_stt/speakers/windows.py",
)

LIMITS = AudioLimits(3600, 0.1, 2)
LOW, HIGH, OTHER = (200.0, 900.0), (2500.0, 6000.0), (1200.0, 1800.0)


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return Embedder(write_speaker_bundle(tmp_path_factory.mktemp("known") / "bundle"))


def wav(samples: np.ndarray, rate: int = RATE) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV")
    return file.getvalue()


def data_url(recording: bytes) -> str:
    return "data:audio/wav;base64," + base64.b64encode(recording).decode()


def reference(name: str, band: tuple[float, float], duration_s: float = 4.0) -> SpeakerReference:
    return SpeakerReference(name, wav(voice(*band, duration_s, 77)))


def test_names_and_data_urls_become_references() -> None:
    recordings = [wav(voice(*LOW, 2.0, 1)), bytes(range(256))]
    urls = [data_url(recordings[0]), "data:;base64,\n" + base64.urlsafe_b64encode(recordings[1]).decode()]
    found = parse_references([" Asha ", "रवि"], urls)
    assert [(one.name, one.recording) for one in found] == [("Asha", recordings[0]), ("रवि", recordings[1])]
    assert parse_references([], []) == ()


@pytest.mark.parametrize(
    ("names", "count", "param"),
    [
        (["a1"], 0, "known_speaker_references"),
        ([], 1, "known_speaker_names"),
        (["a1", "b1"], 1, "known_speaker_references"),
        (["a1", "b1", "c1", "d1", "e1"], 5, "known_speaker_names"),
        (["a1", "a1 "], 2, "known_speaker_names"),
        ([" "], 1, "known_speaker_names"),
        (["x" * 65], 1, "known_speaker_names"),
        (["a\nb"], 1, "known_speaker_names"),
        (["Speaker 2"], 1, "known_speaker_names"),
        (["B"], 1, "known_speaker_names"),
    ],
)
def test_names_that_cannot_be_used_are_refused_by_field(names: list[str], count: int, param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_references(names, [data_url(b"x")] * count)
    assert refused.value.param == param


@pytest.mark.parametrize(
    "url", ["", "https://example.org/a.wav", "data:audio/wav,plain", "data:audio/wav;base64,abc", "data:;base64,é"]
)
def test_what_is_no_data_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidSpeakerReference) as refused:
        parse_references(["Asha"], [url])
    assert (refused.value.code, refused.value.status) == ("invalid_speaker_reference", 400)
    assert refused.value.param == "known_speaker_references"


@pytest.mark.parametrize(
    "recording",
    [b"no audio", wav(voice(*LOW, 1.0, 1)), wav(voice(*LOW, 11.0, 1)), b""],
    ids=["text", "1s", "11s", "empty"],
)
def test_a_reference_of_another_length_or_no_audio_is_refused(embedder: Embedder, recording: bytes) -> None:
    with pytest.raises(InvalidSpeakerReference, match=r"'Asha'.*2 to 10 seconds"):
        enrol([SpeakerReference("Asha", recording)], embedder, LIMITS)


def test_a_reference_without_speech_is_refused(tmp_path: Path) -> None:
    with_segmentation = Embedder(add_segmentation(tmp_path / "bundle"))
    with pytest.raises(InvalidSpeakerReference, match="no speech"):
        enrol([SpeakerReference("Asha", wav(np.zeros(3 * RATE, np.float32)))], with_segmentation, LIMITS)


def conversation(embedder: Embedder, known: tuple[KnownSpeaker, ...]) -> tuple[list[str | None], tuple[str, ...]]:
    """The low voice, the high one, and the low one again."""
    diarization = Diarization(lambda: embedder, SpeakerOptions(diarize=True, known=known), RATE)
    words = []
    for i, band in enumerate((LOW, HIGH, LOW)):
        own = [Word("x", k / 2, k / 2 + 0.4, 1.0) for k in range(6)]
        diarization.add(voice(*band, 3.0, i), 4.0 * i, own)
        words += [Word("x", 4.0 * i + word.start_s, 4.0 * i + word.end_s, 1.0) for word in own]
    segments, turns = diarization.label([Segment(words[0].start_s, words[-1].end_s, tuple(words))])
    assert {turn.speaker for turn in turns} == {segment.speaker for segment in segments}
    return [segment.speaker for segment in segments], diarization.warnings


def test_known_voices_have_their_names_and_others_their_numbers(embedder: Embedder) -> None:
    known = enrol([reference("Asha", HIGH), reference("Ravi", OTHER)], embedder, LIMITS)
    speakers, warnings = conversation(embedder, known)
    assert speakers == ["Speaker 1", "Asha", "Speaker 1"]
    assert warnings == ("known_speaker_names: 'Ravi' was not heard",)


def test_the_order_of_references_does_not_matter(embedder: Embedder) -> None:
    known = enrol([reference("Asha", HIGH), reference("Ravi", LOW)], embedder, LIMITS)
    expected = (["Ravi", "Asha", "Ravi"], ())
    assert conversation(embedder, known) == conversation(embedder, known[::-1]) == expected


def test_a_name_is_one_group_the_most_alike() -> None:
    known = (KnownSpeaker("Asha", (1.0, 0.0)),)
    means = np.array([[0.8, 0.6], [0.96, 0.28], [0.0, 1.0]], np.float32)
    assert match_known(means, known, 0.7) == {1: "Asha"}
    assert match_known(means[2:], known, 0.7) == {}
    assert match_known(np.empty((0, 2), np.float32), known, 0.7) == {}


def test_embeddings_of_another_model_are_nobody() -> None:
    """As those of a job that waits while the speaker model is replaced by one of another dimension."""
    known = (KnownSpeaker("Asha", (1.0, 0.0, 0.0)), KnownSpeaker("Ravi", (0.0, 1.0)))
    assert match_known(np.eye(2, dtype=np.float32), known, 0.7) == {1: "Ravi"}
