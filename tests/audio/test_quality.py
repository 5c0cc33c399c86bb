"""Warnings: each is given for what it names, and not for a clean recording."""

from __future__ import annotations

import numpy as np
import pytest

from hindi_stt.audio import AudioLimits, decode
from hindi_stt.audio.quality import is_silent, warnings_for
from hindi_stt.types import Waveform
from tests.conftest import DATA
from tests.support.wav import wav

LIMITS = AudioLimits(60, 0.1, 8)
CLEAN = decode(DATA / "rain_16k.wav", 16_000, LIMITS).samples
NOISE = np.random.default_rng(0).standard_normal(len(CLEAN)).astype(np.float32)


def warnings(samples: np.ndarray) -> tuple[str, ...]:
    return warnings_for(Waveform(samples.astype(np.float32), 16_000, 16_000))


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        pytest.param(CLEAN, (), id="clean"),
        pytest.param(CLEAN * 1e-4, ("nearly_silent",), id="quiet"),
        pytest.param(np.zeros(16_000), ("nearly_silent",), id="silence"),
        pytest.param(np.clip(CLEAN * 20, -1, 1), ("clipped",), id="clipped"),
        pytest.param(0.5 * CLEAN + 0.1 * NOISE, ("very_noisy",), id="noisy"),
    ],
)
def test_warnings(samples: np.ndarray, expected: tuple[str, ...]) -> None:
    assert warnings(samples) == expected


def test_a_telephone_band_is_seen() -> None:
    telephone = decode(wav(CLEAN, subtype="FLOAT"), 8_000, LIMITS).samples
    assert warnings(decode(wav(telephone, 8_000, "FLOAT"), 16_000, LIMITS).samples) == ("band_limited",)


def test_silence_is_all_zeros_only() -> None:
    assert is_silent(Waveform(np.zeros(100, np.float32), 16_000, 16_000))
    assert not is_silent(Waveform(np.full(100, 1e-9, np.float32), 16_000, 16_000))
