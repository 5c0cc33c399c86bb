"""Cutting long audio: what must hold for any sound and any blocks."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from hindi_stt.audio import AudioLimits, blocks, decode
from hindi_stt.audio.segmentation import Clip, Segmenter
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.pipeline import Pipeline
from tests.conftest import DATA
from tests.support.wav import wav

MODULES_UNDER_TEST = ("hindi_stt/audio/clips.py",)

RATE = 16_000
MAX_S = 16.0
SPEECH = decode(DATA / "family.flac", RATE, AudioLimits(60, 0.1, 8)).samples


def cut(samples: np.ndarray, sizes: list[int] | None = None) -> list[Clip]:
    segmenter = Segmenter(RATE, MAX_S)
    clips = []
    position = 0
    for size in sizes or [len(samples)]:
        clips += segmenter.push(samples[position : position + size])
        position += size
    return [*clips, *segmenter.push(samples[position:]), *segmenter.flush()]


def sound(stretches: list[tuple[float, float]], seed: int = 0) -> np.ndarray:
    """Noise in stretches of (seconds, amplitude)."""
    rng = np.random.default_rng(seed)
    parts = [level * rng.standard_normal(int(seconds * RATE)) for seconds, level in stretches]
    return np.concatenate(parts).astype(np.float32)


STRETCHES = st.lists(
    st.tuples(st.floats(0.05, 9), st.sampled_from([0.0, 1e-4, 3e-3, 0.1, 0.5])), min_size=1, max_size=12
)


@settings(max_examples=25, deadline=None)
@given(STRETCHES, st.lists(st.integers(1, 5 * RATE), max_size=20))
def test_blocks_do_not_matter(stretches: list[tuple[float, float]], sizes: list[int]) -> None:
    samples = sound(stretches)
    whole, pieces = cut(samples), cut(samples, sizes)
    assert [(c.start, c.end, c.overlap, c.continues) for c in whole] == [
        (c.start, c.end, c.overlap, c.continues) for c in pieces
    ]


@settings(max_examples=25, deadline=None)
@given(STRETCHES)
def test_clips_are_the_recording_at_their_places(stretches: list[tuple[float, float]]) -> None:
    samples = sound(stretches)
    clips = cut(samples)
    before = None
    for clip in clips:
        np.testing.assert_array_equal(clip.samples, samples[clip.start : clip.end])
        assert 0.1 <= len(clip.samples) / RATE <= MAX_S
        if before is not None:
            assert clip.start == before.end - clip.overlap or (clip.overlap == 0 and clip.start > before.end)
        assert not clip.overlap or (before is not None and before.continues)
        before = clip


@settings(max_examples=15, deadline=None)
@given(STRETCHES, STRETCHES)
def test_cuts_are_causal(first: list[tuple[float, float]], then: list[tuple[float, float]]) -> None:
    """What comes later never moves a cut."""
    start = sound(first)
    segmenter = Segmenter(RATE, MAX_S)
    early = [(c.start, c.end) for c in segmenter.push(start)]
    assert [(c.start, c.end) for c in cut(np.concatenate([start, sound(then, 1)]))][: len(early)] == early


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.floats(0.6, 12), st.floats(0.05, 4)), min_size=1, max_size=8), st.floats(1e-4, 3e-3))
def test_no_loud_sound_is_lost(parts: list[tuple[float, float]], floor: float) -> None:
    loud = [seconds for seconds, _ in parts]
    samples = sound([stretch for seconds, gap in parts for stretch in ((seconds, 0.1), (gap, floor))])
    covered = np.zeros(len(samples), bool)
    for clip in cut(samples):
        covered[clip.start : clip.end] = True
    lost = ~covered & (np.abs(samples) > 5 * floor)
    assert lost.sum() < 1e-3 * sum(loud) * RATE


def test_cuts_fall_into_pauses() -> None:
    pause = np.zeros(int(0.4 * RATE), np.float32)
    samples = np.concatenate([SPEECH, pause] * 12)
    clips = cut(samples)
    assert len(clips) > 3
    for clip in clips[:-1]:
        around = samples[clip.end - RATE // 20 : clip.end + RATE // 20]
        assert np.sqrt(np.mean(around**2)) < 0.05 * np.sqrt(np.mean(SPEECH**2))


def test_speech_without_pauses() -> None:
    clips = cut(sound([(60.0, 0.2)]))
    assert all(clip.continues for clip in clips[:-1])
    assert all(clip.overlap == 2 * RATE for clip in clips[1:])
    assert clips[-1].end == 60 * RATE


@pytest.mark.parametrize("level", [0.0, 1e-6])
def test_silence_has_no_clips(level: float) -> None:
    assert cut(sound([(60.0, level)])) == []


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000])
def test_resampling_a_stream_has_no_seams(rate: int) -> None:
    samples = sound([(40.0, 0.1)])[: 40 * rate]
    content = wav(samples, rate, "FLOAT")
    whole = decode(content, RATE, AudioLimits(60, 0.1, 8)).samples
    in_one = next(iter(blocks(content, RATE, AudioLimits(60, 0.1, 8), 60))).samples
    assert len(whole) == len(in_one)
    np.testing.assert_allclose(whole, in_one, atol=1e-5)


def test_the_text_of_a_long_recording_is_that_of_its_parts(pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    """Sentences one by one, and joined with pauses: the same words, each at its place."""
    names = ["rain.flac", "family.flac"] * 8
    parts, expected, start_s = [], [], 0.0
    for name in names:
        samples, rate = soundfile.read(DATA / name, dtype="float32")
        words = pipeline.transcribe(wav(samples, rate), acoustic).words
        expected += [(word.text, start_s + word.start_s) for word in words]
        parts += [samples, np.zeros(rate * 6 // 10, np.float32)]
        start_s += len(samples) / rate + 0.6
    buffer = io.BytesIO()
    soundfile.write(buffer, np.concatenate(parts), rate, format="FLAC")
    transcript = pipeline.transcribe(buffer.getvalue(), acoustic)
    assert len(transcript.segments) > 3
    assert transcript.duration_s == pytest.approx(start_s, abs=0.01)
    found = {(word.text, round(word.start_s / 0.12)) for word in transcript.words}
    near = [any((text, round(at / 0.12) + d) in found for d in (-1, 0, 1)) for text, at in expected]
    # A model hears a sentence a little differently with another beside it.
    assert sum(near) / len(near) > 0.8
    ends = [0.0]
    for word in transcript.words:
        assert ends[-1] <= word.start_s <= word.end_s
        ends.append(word.end_s)
