"""The bound under which a clip counts as one without speech: its score, its place in the bundle, what it spares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.decoding import Assembly, SpeechBoundDecoder, words_from_tokens
from hindi_stt.errors import BundleInvalid
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Features, Hypothesis, LogProbs, PreparedClip, Token
from tests.conftest import DATA
from tests.support.bundles import rewritten
from tests.support.streams import every, listen, speech
from tests.support.wav import wav

MODULES_UNDER_TEST = (
    "hindi_stt/decoding/emission_delay.py",
    "hindi_stt/decoding/paths.py",
)

SHIFT_S = 0.04
PIECES = ("▁क", "ख", "▁ग", "<blk>")
BLANK = 3


def test_a_bound_that_nothing_reaches_leaves_no_words(tmp_path: Path, acoustic: LocalAcoustic) -> None:
    pipeline = Pipeline(rewritten(tmp_path / "strict", min_speech_score=1.0), Settings(model=""))
    found = pipeline.transcribe(DATA / "rain.flac", acoustic)
    assert found.text == ""
    assert "no_speech" in found.warnings


def test_without_a_bound_nothing_is_left_out(tmp_path: Path, acoustic: LocalAcoustic) -> None:
    """As bundles were before there was one; 0 is a bound that every word reaches."""
    noise = wav(0.02 * np.random.default_rng(20).standard_normal(48_000))
    before = Pipeline(rewritten(tmp_path / "before", min_speech_score=None), Settings(model=""))
    lowest = Pipeline(rewritten(tmp_path / "lowest", min_speech_score=0.0), Settings(model=""))
    assert before.bundle.manifest.min_speech_score is None
    for content in (noise, (DATA / "rain.flac").read_bytes()):
        found = before.transcribe(content, acoustic)
        assert found.words == lowest.transcribe(content, acoustic).words
        assert "no_speech" not in " ".join(found.warnings)


@pytest.mark.parametrize("value", [-0.1, 1.1, "much", [0.5], float("nan")])
def test_a_bound_is_from_0_to_1(tmp_path: Path, value: Any) -> None:
    with pytest.raises(BundleInvalid, match="min_speech_score"):
        rewritten(tmp_path / "wrong", min_speech_score=value)


def test_a_copy_of_the_bundle_keeps_its_bound(bundle: Bundle, tmp_path: Path) -> None:
    copied = bundle.copy_with(tmp_path / "copy", [])
    assert copied.manifest.min_speech_score == bundle.manifest.min_speech_score


def log_probs(*frames: tuple[int, float]) -> LogProbs:
    """Frames of a likeliest class and its probability; the other classes share the rest."""
    values = np.full((len(frames), len(PIECES)), np.nan)
    for row, (class_, p) in zip(values, frames, strict=True):
        row[:] = np.log((1 - p) / (len(PIECES) - 1))
        row[class_] = np.log(p)
    return LogProbs(values.astype(np.float32), SHIFT_S)


def hypothesis(*tokens: tuple[int, int, float], score: float = -7.0) -> Hypothesis:
    """Tokens of a class, a frame and a confidence."""
    found = tuple(Token(id_, PIECES[id_], at * SHIFT_S, (at + 1) * SHIFT_S, p) for id_, at, p in tokens)
    return Hypothesis(found, words_from_tokens(found), score)


UNSURE = log_probs((0, 0.4), (1, 0.4), (BLANK, 0.4), (2, 0.4))


def bounded(decoded: Hypothesis, best_path: Hypothesis, bound: float, heard: LogProbs = UNSURE) -> Hypothesis:
    return SpeechBoundDecoder(lambda _: decoded, lambda _: best_path, bound)(heard)


def test_a_clips_score_is_its_best_words() -> None:
    """Words of confidence 0.1 and 0.7, all frames at 0.4: (0.1 + 0.8) / 3.4 = 0.265 and (0.7 + 0.8) / 3.4 = 0.441."""
    said = hypothesis((0, 0, 0.1), (2, 3, 0.7))
    assert bounded(said, hypothesis(), 0.44) == said
    left = bounded(said, hypothesis(), 0.443)
    assert left == Hypothesis((), (), -7.0, rejected=said.words)


def test_a_words_tokens_count_with_their_mean_and_their_number() -> None:
    """0.1 and 0.9 are 0.5, two of sixteen tokens a quarter of the length: (0.5 + 0.8 + 0.1) / 3.4 = 0.412."""
    said = hypothesis((0, 0, 0.1), (1, 1, 0.9))
    assert bounded(said, hypothesis(), 0.41) == said
    assert bounded(said, hypothesis(), 0.414).rejected == said.words


def test_the_frames_around_a_word_count() -> None:
    """Ten frames on either side are sure, the word's own is at 0.4, and those beyond them do not count."""
    alone = log_probs(*[(BLANK, 0.1)] * 5, *[(BLANK, 1 - 1e-7)] * 10, (0, 0.4), *[(BLANK, 1 - 1e-7)] * 30)
    said = hypothesis((0, 15, 0.1))
    score = (0.1 + 2 * 20.4 / 21) / 3.4
    assert bounded(said, hypothesis(), score - 1e-3, alone) == said
    assert not bounded(said, hypothesis(), score + 1e-3, alone).words


def test_a_sure_best_path_keeps_what_a_language_model_made_of_it() -> None:
    said, best_path = hypothesis((2, 3, 0.01)), hypothesis((0, 0, 0.9))
    assert bounded(said, best_path, 0.49) == said
    assert not bounded(said, hypothesis(), 0.49).words


def clip(offset_s: float, *, overlap_s: float = 0.0, continues: bool = False) -> PreparedClip:
    return PreparedClip(Features(np.zeros((80, 1000), np.float32), 10.0), offset_s, overlap_s, continues)


def test_a_clip_without_speech_takes_nothing_from_those_beside_it() -> None:
    """Three overlapping clips, the second without speech: all words of the first and the third stay."""
    first = hypothesis((0, 100, 0.9), (2, 240, 0.9))  # at 4 and 9.6 s, the second within the overlap
    none = Hypothesis((), (), -7.0, rejected=hypothesis((0, 3, 0.1)).words)
    third = hypothesis((2, 10, 0.9), (0, 200, 0.9))  # at 16.4 s, within the overlap, and at 24 s
    assembly = Assembly(finds_speech=True)
    segments = assembly.add(clip(0, continues=True), first)
    segments += assembly.add(clip(8, overlap_s=2, continues=True), none)
    segments += assembly.add(clip(16, overlap_s=2), third)
    segments += assembly.end()
    assert [(word.text, round(word.start_s, 2)) for segment in segments for word in segment.words] == [
        ("क", 4.0),
        ("ग", 9.6),
        ("ग", 16.4),
        ("क", 24.0),
    ]
    assert assembly.warnings == ("no_speech_in_part: 8.0 s",)


def test_partials_have_the_bound_too(tmp_path: Path, acoustic: LocalAcoustic) -> None:
    strict = Pipeline(rewritten(tmp_path / "strict", min_speech_score=1.0), Settings(model=""))
    assert listen(strict, acoustic, every(speech("rain.flac"), 0.1)) == []
