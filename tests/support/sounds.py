"""Sounds without speech, as calls and rooms have them; made apart from those that the speech bound was chosen on."""

from __future__ import annotations

import numpy as np

from tests.support.wav import tone

RATE = 16_000


def _time(seconds: float) -> np.ndarray:
    return np.arange(int(seconds * RATE)) / RATE


def white_noise(seconds: float, level: float = 0.02) -> np.ndarray:
    """White noise with an RMS of `level`."""
    return level * np.random.default_rng(20).standard_normal(int(seconds * RATE))


def brown_noise(seconds: float) -> np.ndarray:
    """Noise that falls by 6 dB an octave, as of traffic."""
    noise = np.cumsum(np.random.default_rng(21).standard_normal(int(seconds * RATE)))
    noise -= np.convolve(noise, np.ones(800) / 800, "same")
    return 0.1 * noise / np.abs(noise).max()


def mains_hum(seconds: float) -> np.ndarray:
    """50 Hz and odd harmonics, with a little noise."""
    time = _time(seconds)
    tones = sum(np.sin(2 * np.pi * 50 * n * time) / n for n in (1, 3, 5, 7))
    return 0.1 * tones + 0.003 * np.random.default_rng(22).standard_normal(len(time))


def hold_music(seconds: float) -> np.ndarray:
    """A tune of struck notes over sustained chords, half a second a note."""
    time, samples = _time(seconds), np.zeros(int(seconds * RATE))
    melody = (0, 4, 7, 12, 11, 7, 4, 2, 5, 9, 12, 9, 7, 5, 4, 2)
    for number in range(int(seconds * 2)):
        start = number * RATE // 2
        rest = time[: len(samples) - start]
        hz = 261.63 * 2 ** (melody[number % len(melody)] / 12)
        note = sum(np.sin(2 * np.pi * hz * n * rest) * np.exp(-rest * 3 * n) / n for n in (1, 2, 3, 4))
        samples[start:] += note
    for root in (130.81, 164.81, 196.0):
        samples += 0.3 * np.sin(2 * np.pi * root * time) * (1 + 0.3 * np.sin(2 * np.pi * 4 * time))
    return 0.15 * samples / np.abs(samples).max()


SOUNDS = {
    "white noise": white_noise,
    "brown noise": brown_noise,
    "mains hum": mains_hum,
    "hold music": hold_music,
}


NAN = np.where(np.arange(16_000) == 500, np.nan, tone(1.0)).astype("<f4")
