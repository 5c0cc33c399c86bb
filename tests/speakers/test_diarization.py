"""Speakers of words, with a model that tells voices apart by their bands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hindi_stt.bundle.speakers import SpeakerBundle
from hindi_stt.errors import BundleInvalid, InvalidRequest, SpeakersNotInstalled
from hindi_stt.speakers.diarization import Diarization
from hindi_stt.speakers.embedder import Embedder
from hindi_stt.speakers.options import SpeakerOptions
from hindi_stt.speakers.source import SpeakerSource
from hindi_stt.types import Segment, SpeakerTurn, Word
from tests.support.speaker_model import RATE, voice, write_speaker_bundle

MODULES_UNDER_TEST = (
    "hindi_stt/bundle/speakers.py",
    "hindi_stt/speakers/diarization.py",
    "hindi_stt/speakers/embedder.py",
    "hindi_stt/speakers/options.py",
    "hindi_stt/speakers/source.py",
)

LOW, HIGH = (200.0, 900.0), (2500.0, 6000.0)


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return Embedder(write_speaker_bundle(tmp_path_factory.mktemp("speakers") / "bundle"))


def conversation(who: str, turn_s: float = 3.0) -> tuple[np.ndarray, list[Word]]:
    """A turn of the low voice for each l, of the high one for each h; a word every half second, named after it."""
    parts, words = [], []
    for i, letter in enumerate(who):
        parts.append(voice(*(LOW if letter == "l" else HIGH), turn_s, 10 * i))
        parts.append(voice(100, 7000, 0.5, 10 * i + 5) * 0)
        start_s = i * (turn_s + 0.5)
        words += [Word(letter, start_s + k / 2 + 0.05, start_s + k / 2 + 0.45, 1.0) for k in range(int(turn_s * 2))]
    return np.concatenate(parts), words


def labelled(embedder: Embedder, who: str, options: SpeakerOptions, rate: int = RATE) -> list[Segment]:
    samples, words = conversation(who)
    diarization = Diarization(lambda: embedder, options, RATE)
    middle = len(samples) // 2
    middle_s = middle / RATE
    first = [word for word in words if word.end_s <= middle_s]
    second = [
        Word(word.text, word.start_s - middle_s, word.end_s - middle_s, 1.0) for word in words if word.end_s > middle_s
    ]
    diarization.add(samples[:middle], 0.0, first)
    diarization.add(samples[middle:], middle_s, second)
    segments, turns = diarization.label([Segment(words[0].start_s, words[-1].end_s, tuple(words))])
    assert all(turn.end_s > turn.start_s for turn in turns)
    assert {turn.speaker for turn in turns} == {segment.speaker for segment in segments}
    return segments


def test_each_turn_becomes_a_segment_of_its_speaker(embedder: Embedder) -> None:
    segments = labelled(embedder, "lhlh", SpeakerOptions(diarize=True))
    assert [(segment.speaker, {word.text for word in segment.words}) for segment in segments] == [
        ("Speaker 1", {"l"}),
        ("Speaker 2", {"h"}),
        ("Speaker 1", {"l"}),
        ("Speaker 2", {"h"}),
    ]


def test_one_voice_is_one_speaker_who_keeps_the_segment(embedder: Embedder) -> None:
    (segment,) = labelled(embedder, "hhhh", SpeakerOptions(diarize=True))
    assert segment.speaker == "Speaker 1"
    assert len(segment.words) == 24


def test_the_number_of_speakers_of_the_request(embedder: Embedder) -> None:
    options = SpeakerOptions(diarize=True, num_speakers=1)
    assert {segment.speaker for segment in labelled(embedder, "lhlh", options)} == {"Speaker 1"}


def test_words_without_any_sound_have_a_speaker(embedder: Embedder) -> None:
    diarization = Diarization(lambda: embedder, SpeakerOptions(diarize=True), RATE)
    diarization.add(np.zeros(0, np.float32), 0.0, [Word("a", 0.0, 0.1, 1.0)])
    segments, turns = diarization.label([Segment(0.0, 0.1, (Word("a", 0.0, 0.1, 1.0),))])
    assert [segment.speaker for segment in segments] == ["Speaker 1"]
    assert turns == (SpeakerTurn(0.0, 0.1, "Speaker 1"),)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"diarize": "perhaps"}, "diarize"),
        ({"num_speakers": "2"}, "num_speakers"),
        ({"max_speakers": "7"}, "max_speakers"),
        ({"diarize": "true", "num_speakers": "0"}, "num_speakers"),
        ({"diarize": "true", "num_speakers": "२"}, "num_speakers"),
        ({"diarize": "true", "max_speakers": "21"}, "max_speakers"),
        ({"diarize": "true", "max_speakers": "9" * 5000}, "max_speakers"),
        ({"diarize": "true", "max_speakers": "00000000199"}, "max_speakers"),  # more than nine digits
        ({"diarize": "true", "num_speakers": "000000001" + "0" * 5000}, "num_speakers"),
        ({"diarize": "true", "num_speakers": "4", "max_speakers": "3"}, "num_speakers"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_by_name(fields: dict[str, str], param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        SpeakerOptions().updated(fields)
    assert refused.value.param == param


def test_defaults_that_are_sent_ask_for_nothing() -> None:
    """Clients that were generated from the OpenAPI document send them."""
    assert SpeakerOptions().updated({"diarize": "false", "max_speakers": "8"}) == SpeakerOptions()


def test_a_bundle_that_is_found_later_is_used_and_loaded_once(tmp_path: Path) -> None:
    def resolve() -> SpeakerBundle:
        if not (tmp_path / "bundle").is_dir():
            raise SpeakersNotInstalled("none")
        return SpeakerBundle.open(tmp_path / "bundle")

    source = SpeakerSource(resolve)
    with pytest.raises(SpeakersNotInstalled):
        source.embedder()
    write_speaker_bundle(tmp_path / "bundle")
    assert source.embedder() is source.embedder()


def test_a_damaged_bundle_is_refused(tmp_path: Path) -> None:
    bundle = write_speaker_bundle(tmp_path / "bundle")
    bundle.model.write_bytes(b"no model")
    with pytest.raises(BundleInvalid, match="SHA-256"):
        SpeakerBundle.open(bundle.folder)
    with pytest.raises(BundleInvalid, match="cannot be used"):
        Embedder(bundle)
