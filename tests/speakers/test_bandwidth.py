"""Recordings by telephone, told from others by their spectrum."""

from __future__ import annotations

import numpy as np
import soundfile
import soxr

from hindi_stt.speakers.bandwidth import Bandwidth
from tests.conftest import DATA

MODULES_UNDER_TEST = ("hindi_stt/speakers/bandwidth.py",)


def narrow(*clips: tuple[np.ndarray, int]) -> bool:
    bandwidth = Bandwidth()
    for samples, rate in clips:
        bandwidth.add(samples, rate)
    return bandwidth.narrow


def speech() -> np.ndarray:
    samples, _ = soundfile.read(DATA / "rain_16k.wav", dtype="float32")
    return samples


def test_speech_at_16_khz_is_wide() -> None:
    assert not narrow((speech(), 16_000))


def test_speech_that_went_through_8_khz_is_narrow() -> None:
    there = soxr.resample(speech(), 16_000, 8_000)
    coarse = np.round(there * 127) / 127  # as few steps as a telephone has
    assert narrow((soxr.resample(coarse.astype(np.float32), 8_000, 16_000), 16_000))


def test_one_wide_clip_makes_a_recording_wide() -> None:
    dull = soxr.resample(soxr.resample(speech(), 16_000, 8_000), 8_000, 16_000)
    assert not narrow((dull, 16_000), (speech(), 16_000))


def test_less_than_a_frame_says_nothing() -> None:
    bandwidth = Bandwidth()
    bandwidth.add(np.zeros(0, np.float32), 16_000)
    bandwidth.add(speech(), 16_000)
    bandwidth.add(np.ones(100, np.float32), 16_000)
    assert not bandwidth.narrow
