"""Channels that cancel out in their mean, and channels that are lost in it."""

from __future__ import annotations

import numpy as np
import pytest

from hindi_stt import audio
from hindi_stt.audio import AudioLimits
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.pipeline import Pipeline
from tests.audio.make import FAMILY, RAIN, RATE, silence, with_pause
from tests.support.wav import wav

LIMITS = AudioLimits(max_s=600, min_s=0.1, max_channels=8)
CALL = (np.concatenate([RAIN, silence(5), 0 * FAMILY]), np.concatenate([0 * RAIN, silence(5), FAMILY]))
BOTH = with_pause(5)


def late(samples: np.ndarray, n: int) -> np.ndarray:
    return np.concatenate([np.zeros(n, np.float32), samples[:-n]])


def noise(level_db: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 10 ** (level_db / 20), len(BOTH)).astype(np.float32)


def file(*channels: np.ndarray) -> bytes:
    return wav(np.stack(channels, 1))


INVERTED = {
    "in its first part": (BOTH, np.concatenate([-RAIN, BOTH[len(RAIN) :]])),
    "in its last part": (BOTH, np.concatenate([BOTH[: -len(FAMILY)], -FAMILY])),
    "quieter": (BOTH, -0.7 * BOTH),
    "in noise": (BOTH + noise(-50), -BOTH + noise(-50, 1)),
    "one of two pairs": (CALL[0], -CALL[0], CALL[1], CALL[1]),
    "one pair, and somebody else": (BOTH, -BOTH, 0 * BOTH, noise(-60)),
}


@pytest.mark.parametrize("name", INVERTED)
def test_inverted(pipeline: Pipeline, acoustic: LocalAcoustic, name: str) -> None:
    found = pipeline.transcribe(file(*INVERTED[name]), acoustic)
    expected = pipeline.transcribe(wav(BOTH), acoustic)
    lost = {word.text for word in expected.words} - {word.text for word in found.words}
    assert len(lost) <= 0.2 * len(expected.words), found.text
    assert [text.split(":")[0] for text in found.warnings if text != "band_limited"] == ["inverted_channels"]


def test_inverted_for_some_seconds_of_a_long_recording() -> None:
    """Where the channels are equal the mean is left as it is, to the sample."""
    parts = [BOTH, FAMILY, BOTH]
    left = np.concatenate(parts)
    right = np.concatenate([parts[0], -parts[1], parts[2]])
    found = audio.decode(file(left, right), RATE, LIMITS).samples
    expected = audio.decode(wav(left), RATE, LIMITS).samples
    for begin, end in ((0, len(BOTH) - RATE), (len(BOTH) + len(FAMILY) + RATE, len(left))):
        np.testing.assert_allclose(found[begin:end], expected[begin:end], atol=2e-4)
    middle = slice(len(BOTH) + RATE, len(BOTH) + len(FAMILY) - RATE)
    np.testing.assert_allclose(found[middle], expected[middle], atol=2e-4)


HUM = (0.02 * np.sin(np.arange(len(BOTH)) * 2 * np.pi * 50 / RATE)).astype(np.float32)
CLICKS = np.where(np.arange(len(BOTH)) % RATE < 20, 0.01, 0).astype(np.float32)
# What somebody at a microphone says reaches the other channel at once, or as an echo.
QUIET = {
    "25 dB": (CALL[0], 10 ** (-25 / 20) * CALL[1], True),
    "40 dB in noise": (CALL[0] + noise(-75), 0.01 * CALL[1] + noise(-75, 1), True),
    "60 dB": (CALL[0], 0.001 * CALL[1], True),
    "25 dB, louder leakage": (CALL[0] + 0.0056 * CALL[1], 0.056 * CALL[1] + 0.1 * CALL[0], True),
    "60 dB, louder leakage": (CALL[0], 0.001 * CALL[1] + 0.01 * CALL[0], True),
    "leakage alone": (BOTH, 0.03 * BOTH + noise(-80), False),
    "an echo": (BOTH, 0.03 * late(BOTH, 3_200), False),
    "an echo in noise": (BOTH, 0.01 * late(BOTH, 3_200) + noise(-80), False),
    "hum": (BOTH, 0.1 * HUM, False),
    "opposite hum in the pause": (BOTH + 0.01 * HUM, BOTH - 0.01 * HUM, False),
    "clicks": (BOTH, CLICKS, False),
    "noise": (BOTH, noise(-60), False),
    "the same": (BOTH, BOTH, False),
}


@pytest.mark.parametrize("name", QUIET)
def test_quiet(name: str) -> None:
    loud, quiet, warns = QUIET[name]
    blocks = audio.blocks(file(loud, quiet), RATE, LIMITS)
    for _ in blocks:
        pass
    codes = [text.split(":")[0] for text in blocks.warnings]
    assert codes == (["quiet_channel"] if warns else [])
