"""Speakers of a live stream, with a model that tells voices apart by their bands."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from hindi_stt.speakers.embedder import Embedder
from hindi_stt.speakers.live import LiveDiarization
from hindi_stt.speakers.options import SpeakerOptions
from hindi_stt.types import Segment, Word
from tests.support.speaker_model import RATE, voice, write_speaker_bundle

MODULES_UNDER_TEST = (
    "hindi_stt/speakers/clip_speech.py",
    "hindi_stt/speakers/live.py",
    "hindi_stt/speakers/speech.py",
)

VOICES = {"l": (200.0, 900.0), "h": (2500.0, 6000.0), "m": (1100.0, 2000.0)}
PAUSE_S = 0.5


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return Embedder(write_speaker_bundle(tmp_path_factory.mktemp("speakers") / "bundle"))


class Call:
    """A stream of utterances, whose words are named after the voices."""

    def __init__(self, embedder: Embedder, options: SpeakerOptions | None = None) -> None:
        self.speakers = LiveDiarization(lambda: embedder, options or SpeakerOptions(diarize=True))
        self.now_s = 0.0
        self.seed = 0

    def utter(self, who: str, turn_s: float = 3.0) -> list[Segment]:
        """An utterance in which each letter is a turn; its segments as they were labelled."""
        parts, words = [], []
        start_s = self.now_s
        for letter in who:
            self.seed += 10
            parts += [voice(*VOICES[letter], turn_s, self.seed), np.zeros(round(PAUSE_S * RATE), np.float32)]
            times = np.arange(self.now_s, self.now_s + turn_s - 0.45, 0.5)
            words += [Word(letter, float(t) + 0.05, float(t) + 0.45, 1.0) for t in times]
            self.now_s += turn_s + PAUSE_S
        self.speakers.add(self.speakers.listen(np.concatenate(parts), RATE, start_s), has_words=True)
        return self.speakers.label([Segment(words[0].start_s, words[-1].end_s, tuple(words))])

    def told(self, who: str, turn_s: float = 3.0) -> list[tuple[str, str | None]]:
        """The voice and the speaker of each segment."""
        return [(segment.words[0].text, segment.speaker) for segment in self.utter(who, turn_s)]


def test_speakers_keep_their_names_from_one_utterance_to_the_next(embedder: Embedder) -> None:
    call = Call(embedder)
    found = [call.told(who) for who in "lhlmhl"]
    names = {"l": "Speaker 1", "h": "Speaker 2", "m": "Speaker 3"}
    assert found == [[(who, names[who])] for who in "lhlmhl"]


def test_an_utterance_of_two_is_cut_between_words(embedder: Embedder) -> None:
    call = Call(embedder)
    segments = call.utter("lhl")
    assert [segment.speaker for segment in segments] == ["Speaker 1", "Speaker 2", "Speaker 1"]
    assert [{word.text for word in segment.words} for segment in segments] == [{"l"}, {"h"}, {"l"}]
    assert [(one.start_s, one.end_s) for one in segments] == [
        (one.words[0].start_s, one.words[-1].end_s) for one in segments
    ]


@pytest.mark.parametrize("options", [SpeakerOptions(diarize=True), SpeakerOptions(diarize=True, num_speakers=2)])
def test_a_lone_speaker_stays_one_until_somebody_else_speaks(embedder: Embedder, options: SpeakerOptions) -> None:
    """Also where two are announced: the second one may not have spoken yet."""
    call = Call(embedder, options)
    for turn_s in (1.0, 0.6, 3.0, 2.0, 5.0):
        assert call.told("h", turn_s) == [("h", "Speaker 1")]
    assert call.told("l") == [("l", "Speaker 2")]


def test_there_are_no_more_speakers_than_asked_for(embedder: Embedder) -> None:
    call = Call(embedder, SpeakerOptions(diarize=True, max_speakers=2))
    found = [call.told(who) for who in "lhmlhm"]
    assert {speaker for turns in found for _, speaker in turns} == {"Speaker 1", "Speaker 2"}
    call.speakers.options = SpeakerOptions(diarize=True, max_speakers=3)
    assert call.told("m")[-1] == ("m", "Speaker 3")


def test_words_without_speech_have_who_spoke_last(embedder: Embedder) -> None:
    call = Call(embedder)
    silent = call.speakers.listen(np.zeros(100, np.float32), RATE, 0.0)
    call.speakers.add(silent, has_words=True)
    word = Word("a", 0.0, 0.1, 1.0)
    assert [one.speaker for one in call.speakers.label([Segment(0.0, 0.1, (word,))])] == ["Speaker 1"]
    call.now_s = 1.0
    assert [call.told(who) for who in "lh"] == [[("l", "Speaker 1")], [("h", "Speaker 2")]]
    late = Word("a", 20.0, 20.1, 1.0)
    assert [one.speaker for one in call.speakers.label([Segment(20.0, 20.1, (late,))])] == ["Speaker 2"]
    assert call.speakers.label([]) == []


def test_a_clip_without_words_makes_no_speaker(embedder: Embedder) -> None:
    call = Call(embedder)
    noise = call.speakers.listen(voice(*VOICES["m"], 6.0, 1), RATE, 0.0)
    call.speakers.add(noise, has_words=False)
    assert call.speakers.label([]) == []
    call.now_s = 6.0
    assert [call.told(who) for who in "lh"] == [[("l", "Speaker 1")], [("h", "Speaker 2")]]


def test_words_that_were_held_back_have_the_clip_that_they_were_in(embedder: Embedder) -> None:
    """Clips of speech without a pause overlap, and the last words of one come with the next."""
    call = Call(embedder)
    call.utter("l")
    samples = np.concatenate([voice(*VOICES["h"], 4.0, 77), voice(*VOICES["l"], 4.0, 78)])
    start_s = call.now_s
    call.speakers.add(call.speakers.listen(samples, RATE, start_s), has_words=True)
    words = [Word("h" if t < 4 else "l", start_s + t, start_s + t + 0.4, 1.0) for t in np.arange(0.0, 7.6, 0.5)]
    words = [word for word in words if abs(word.start_s - start_s - 3.9) > 1.0]  # without those at the change
    first, second = words[:5], words[5:]
    told = call.speakers.label([Segment(first[0].start_s, first[-1].end_s, tuple(first))])
    rest = samples[round(6.0 * RATE) :]
    call.speakers.add(call.speakers.listen(rest, RATE, start_s + 6.0), has_words=True)
    told += call.speakers.label([Segment(second[0].start_s, second[-1].end_s, tuple(second))])
    assert [(name, {word.text for one in group for word in one.words}) for name, group in groupby(told, _speaker)] == [
        ("Speaker 2", {"h"}),
        ("Speaker 1", {"l"}),
    ]


def _speaker(segment: Segment) -> str | None:
    return segment.speaker


def test_who_speaks_for_the_first_time_after_a_long_monologue_is_told_apart(embedder: Embedder) -> None:
    """And the monologue needs no more memory than a short one."""
    call = Call(embedder)
    for _ in range(8):
        assert call.told("l", 30.0) == [("l", "Speaker 1")]
    assert len(call.speakers._memory) <= 40
    assert call.told("h") == [("h", "Speaker 2")]
    assert call.told("l") == [("l", "Speaker 1")]


def test_another_sample_rate(embedder: Embedder, tmp_path: Path) -> None:
    speakers = LiveDiarization(lambda: embedder, SpeakerOptions(diarize=True))
    wide = voice(*VOICES["l"], 3.0, 1)
    narrow = speakers.listen(wide[::2].copy(), RATE // 2, 10.0)
    (stretch,) = narrow.stretches
    assert stretch.start_s == pytest.approx(10.0, abs=0.1)
    assert stretch.end_s == pytest.approx(13.0, abs=0.1)
