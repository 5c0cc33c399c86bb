"""Hold music, composed and played from a seed: scales, chords, drones and five kinds of instrument."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from .augment import RATE

Random = np.random.Generator

# Semitones of a scale: major, minor, and the ragas Bhupali, Bhairav, Malkauns and Kafi in equal temperament.
SCALES = (
    (0, 2, 4, 5, 7, 9, 11),
    (0, 2, 3, 5, 7, 8, 10),
    (0, 2, 4, 7, 9),
    (0, 1, 4, 5, 7, 8, 11),
    (0, 3, 5, 8, 10),
    (0, 2, 3, 5, 7, 9, 10),
)
LOWEST_HZ, HIGHEST_HZ = 110.0, 330.0


def tune(length: int, random: Random) -> np.ndarray:
    """A melody with an accompaniment.

    Args:
        length: samples.
        random: decides scale, key, tempo (50 to 170 beats a minute), instruments and notes.

    Returns:
        float64 [length], at 16 kHz.
    """
    scale, key_hz = SCALES[random.integers(len(SCALES))], np.exp(random.uniform(np.log(LOWEST_HZ), np.log(HIGHEST_HZ)))
    beat_s = 60 / random.uniform(50, 170)
    names = list(INSTRUMENTS)
    samples = _melody(length, random, scale, key_hz * 2, beat_s, names[random.integers(len(names))])
    accompaniment = random.random()
    if accompaniment < 0.5:
        samples += 0.6 * _chords(length, random, scale, key_hz, beat_s, names[random.integers(len(names))])
    elif accompaniment < 0.8:
        time = np.arange(length) / RATE
        samples += 0.3 * sum(np.sin(2 * np.pi * key_hz * ratio * time) for ratio in (0.5, 0.75, 1.0))
    if random.random() < 0.5:
        samples += 0.4 * _percussion(length, random, beat_s)
    return samples


def _melody(
    length: int, random: Random, scale: tuple[int, ...], key_hz: float, beat_s: float, instrument: str
) -> np.ndarray:
    samples, at_s, degree = np.zeros(length), 0.0, 0
    while (start := int(at_s * RATE)) < length:
        note_s = beat_s * random.choice([0.5, 0.5, 1.0, 1.0, 2.0, 3.0])
        degree = int(np.clip(degree + random.integers(-2, 3), -len(scale), 2 * len(scale)))
        if random.random() < 0.9:  # or a rest
            _play(samples, start, _pitch(scale, key_hz, degree), note_s, instrument, random)
        at_s += note_s
    return samples


def _chords(
    length: int, random: Random, scale: tuple[int, ...], key_hz: float, beat_s: float, instrument: str
) -> np.ndarray:
    samples, at_s = np.zeros(length), 0.0
    while (start := int(at_s * RATE)) < length:
        root, chord_s = random.choice([0, 3, 4, 5]), 4 * beat_s
        for step in (0, 2, 4):
            _play(samples, start, _pitch(scale, key_hz, root + step), chord_s, instrument, random)
        at_s += chord_s
    return samples / 2


def _percussion(length: int, random: Random, beat_s: float) -> np.ndarray:
    """A drum with a falling pitch on the beat, and noise between."""
    samples = np.zeros(length)
    time = np.arange(int(0.25 * RATE)) / RATE
    for number in range(int(length / RATE / beat_s * 2) + 1):
        start = int(number * beat_s / 2 * RATE)
        if number % 2 == 0:
            hit = np.sin(2 * np.pi * np.cumsum(60 + 120 * np.exp(-time * 30)) / RATE) * np.exp(-time * 18)
        else:
            hit = random.standard_normal(len(time)) * np.exp(-time * 60) * 0.4
        end = min(length, start + len(hit))
        samples[start:end] += hit[: max(0, end - start)]
    return samples


def _pitch(scale: tuple[int, ...], key_hz: float, degree: int) -> float:
    octave, step = divmod(degree, len(scale))
    return key_hz * 2 ** (octave + scale[step] / 12)


def _play(samples: np.ndarray, start: int, hz: float, note_s: float, instrument: str, random: Random) -> None:
    """Add one note from `start` on; it may ring on after its time."""
    while hz > RATE / 5:
        hz /= 2
    note = INSTRUMENTS[instrument](hz, int(1.2 * note_s * RATE), random)
    attack, release = min(len(note), int(0.01 * RATE)), min(len(note), int(0.08 * RATE))
    note[:attack] *= np.linspace(0, 1, attack)
    note[len(note) - release :] *= np.linspace(1, 0, release)
    end = min(len(samples), start + len(note))
    samples[start:end] += note[: end - start] * random.uniform(0.5, 1)


def _organ(hz: float, length: int, _random: Random) -> np.ndarray:
    time = np.arange(length) / RATE
    return sum(np.sin(2 * np.pi * hz * n * time) / n for n in (1, 2, 3, 4) if hz * n < RATE / 2)


def _flute(hz: float, length: int, random: Random) -> np.ndarray:
    time = np.arange(length) / RATE
    vibrato = hz * (1 + 0.008 * np.sin(2 * np.pi * 5.5 * time))
    phase = 2 * np.pi * np.cumsum(vibrato) / RATE
    return np.sin(phase) + 0.2 * np.sin(2 * phase) + 0.03 * random.standard_normal(length)


def _plucked(hz: float, length: int, random: Random) -> np.ndarray:
    """A plucked string (Karplus and Strong, 1983): noise in a delay line with a mean of two in its loop."""
    delay = max(2, round(RATE / hz))
    burst = np.zeros(length)
    burst[: min(delay, length)] = random.uniform(-1, 1, delay)[:length]
    loop = np.zeros(delay + 2)
    loop[0], loop[delay], loop[delay + 1] = 1.0, -0.498, -0.498
    return lfilter([1.0], loop, burst)


def _bowed(hz: float, length: int, _random: Random) -> np.ndarray:
    """Strings: a sawtooth through two fixed resonances, with vibrato."""
    time = np.arange(length) / RATE
    phase = np.cumsum(hz * (1 + 0.01 * np.sin(2 * np.pi * 6 * time))) / RATE
    saw = sum(np.sin(2 * np.pi * phase * n) / n for n in range(1, 15) if hz * n < RATE / 2)
    for centre in (500, 2500):
        angle = 2 * np.pi * centre / RATE
        saw = saw + 0.02 * lfilter([1.0], [1.0, -2 * 0.95 * np.cos(angle), 0.95**2], saw)
    return saw


def _bell(hz: float, length: int, _random: Random) -> np.ndarray:
    """A bell or electric piano: frequency modulation whose depth decays (Chowning, 1973)."""
    time = np.arange(length) / RATE
    depth = 3 * np.exp(-3 * time)
    return np.sin(2 * np.pi * hz * time + depth * np.sin(2 * np.pi * 1.4 * hz * time)) * np.exp(-2 * time)


INSTRUMENTS = {"organ": _organ, "flute": _flute, "plucked": _plucked, "bowed": _bowed, "bell": _bell}
