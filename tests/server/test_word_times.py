"""Start times of words, against continuous synthesised speech whose words' starts are known."""

from __future__ import annotations

import jiwer
import numpy as np
import pytest

from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.pipeline import Pipeline
from tests.server.word_events import speak_with_words
from tests.support import domain_text
from tests.support.wav import wav

pytestmark = pytest.mark.api


@pytest.fixture(scope="module")
def errors_s(pipeline: Pipeline, acoustic: LocalAcoustic) -> list[float]:
    """How far the start of each word that was recognised is off, in seconds."""
    errors_s: list[float] = []
    n_words = 0
    for sentence in domain_text.held_out()[:60]:
        samples, rate, at = speak_with_words(sentence.text)
        words = sentence.text.split()
        positions = np.cumsum([0, *(len(word) + 1 for word in words[:-1])])
        transcript = pipeline.transcribe(wav(samples, rate), acoustic)
        for segment in transcript.segments:
            times = [t for word in segment.words for t in (word.start_s, word.end_s)]
            assert times == sorted(times)
            assert segment.start_s <= times[0]
            assert times[-1] <= segment.end_s
        n_words += len(words)
        for chunk in jiwer.process_words(sentence.text, transcript.text or "-").alignments[0]:
            if chunk.type == "equal":
                said = positions[chunk.ref_start_idx : chunk.ref_end_idx]
                heard = transcript.words[chunk.hyp_start_idx : chunk.hyp_end_idx]
                pairs = zip(said, heard, strict=True)
                errors_s += [abs(word.start_s - at[position]) for position, word in pairs if position in at]
    shown = ", ".join(f"{np.percentile(errors_s, p) * 1000:.0f} ms" for p in (50, 90))
    print(f"{len(errors_s)} of {n_words} words, median and p90 {shown}")
    assert len(errors_s) >= 200
    return errors_s


def test_median(errors_s: list[float]) -> None:
    assert np.percentile(errors_s, 50) <= 0.080


def test_nine_in_ten(errors_s: list[float]) -> None:
    assert np.percentile(errors_s, 90) <= 0.160
