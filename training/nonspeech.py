"""Sound without speech, made from a seed: noises, signal tones and hold music, as recordings and calls carry them.

Used to choose the confidence below which a clip counts as one without speech (`training.speech_bound`). Samples are
float32 at 16 kHz with a peak of 1; `examples` gives them their level and their transmission channel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, fftconvolve, sosfilt

from .augment import RATE
from .melody import tune
from .transmission import CHANNELS, transmit

Random = np.random.Generator

SHORTEST_S, LONGEST_S = 1.0, 30.0
# Range of the RMS level that `examples` draws from.
LOWEST_DBFS, HIGHEST_DBFS = -55.0, -6.0


@dataclass(frozen=True)
class Example:
    """One recording without speech: float32 [n] at 16 kHz, the name of its generator, and of its channel."""

    samples: np.ndarray
    kind: str
    channel: str


def examples(count: int, seed: int) -> Iterator[Example]:
    """Draw recordings of 1 to 30 s: every kind and every channel in turn, level and length at random.

    Args:
        count: number of recordings.
        seed: of the random generator; equal seeds give equal recordings.

    Yields:
        The recordings.
    """
    kinds, channels = list(KINDS), list(CHANNELS)
    for number in range(count):
        random = np.random.default_rng([seed, number])
        kind = kinds[number % len(kinds)]
        channel = channels[(number // len(kinds) + number) % len(channels)]
        length = int(RATE * np.exp(random.uniform(np.log(SHORTEST_S), np.log(LONGEST_S))))
        samples = _at_level(KINDS[kind](length, random), random.uniform(LOWEST_DBFS, HIGHEST_DBFS))
        yield Example(transmit(samples, channel), kind, channel)


def _at_level(samples: np.ndarray, rms_dbfs: float) -> np.ndarray:
    """Scale to an RMS level; what would exceed full scale is clipped, as a converter does it."""
    rms = float(np.sqrt(np.mean(np.square(samples)))) + 1e-9
    return np.clip(samples * (10 ** (rms_dbfs / 20) / rms), -1, 1).astype(np.float32)


def _time(length: int) -> np.ndarray:
    return np.arange(length) / RATE


def white(length: int, random: Random) -> np.ndarray:
    """White noise."""
    return random.standard_normal(length)


def coloured(length: int, random: Random) -> np.ndarray:
    """Noise whose power falls with 1/f (pink) to 1/f² (brown)."""
    spectrum = np.fft.rfft(random.standard_normal(length))
    frequency = np.maximum(np.fft.rfftfreq(length, 1 / RATE), 20)
    return np.fft.irfft(spectrum / frequency ** random.uniform(0.5, 1.0), n=length)


def band(length: int, random: Random) -> np.ndarray:
    """Noise of one band, as a hiss or a rumble."""
    low = np.exp(random.uniform(np.log(60), np.log(3000)))
    high = min(7900, low * random.uniform(1.5, 6))
    return sosfilt(butter(2, [low, high], "bandpass", fs=RATE, output="sos"), random.standard_normal(length))


def hum(length: int, random: Random) -> np.ndarray:
    """Mains hum: 50 or 60 Hz with harmonics, and a little noise."""
    base, time = random.choice([50.0, 60.0]), _time(length)
    tones = sum(
        random.uniform(0.1, 1) / harmonic * np.sin(2 * np.pi * base * harmonic * time + random.uniform(0, 6))
        for harmonic in range(1, 12)
    )
    return tones + random.uniform(0.001, 0.1) * random.standard_normal(length)


def fan(length: int, random: Random) -> np.ndarray:
    """A fan or motor: coloured noise whose loudness follows the blades, and a tone of the motor."""
    time, blades = _time(length), random.uniform(8, 90)
    speed = 1 + 0.01 * np.sin(2 * np.pi * random.uniform(0.1, 0.5) * time)
    noise = coloured(length, random)
    noise /= np.abs(noise).max()
    tone = np.sin(2 * np.pi * np.cumsum(blades * speed) / RATE * random.integers(3, 9))
    return noise * (1 + random.uniform(0.1, 0.8) * np.sin(2 * np.pi * np.cumsum(blades * speed) / RATE)) + 0.1 * tone


def wind(length: int, random: Random) -> np.ndarray:
    """Wind in a microphone: low noise in gusts."""
    low = sosfilt(butter(2, random.uniform(80, 400), fs=RATE, output="sos"), random.standard_normal(length))
    return low * _gusts(length, random, random.uniform(0.3, 2))


def _gusts(length: int, random: Random, rate_hz: float) -> np.ndarray:
    """A slow random envelope in [0, 1]."""
    count = max(4, int(length / RATE * rate_hz) + 3)
    return np.interp(np.linspace(0, count - 1, length), np.arange(count), random.uniform(0, 1, count) ** 2)


def breathing(length: int, random: Random) -> np.ndarray:
    """Breath: noise through broad resonances, in and out every few seconds."""
    noise = sosfilt(butter(1, [300, 3500], "bandpass", fs=RATE, output="sos"), random.standard_normal(length))
    phase = 2 * np.pi * random.uniform(0.2, 0.6) * _time(length) + random.uniform(0, 6)
    return noise * np.maximum(0, np.sin(phase)) ** 2 + 0.003 * random.standard_normal(length)


def clicks(length: int, random: Random) -> np.ndarray:
    """Clicks and crackle: single impulses, each with a short resonance."""
    impulses = random.standard_normal(length) * (random.uniform(size=length) < random.uniform(0.5, 60) / RATE)
    resonance = np.exp(-np.arange(400) / random.uniform(5, 80)) * np.cos(
        2 * np.pi * random.uniform(500, 6000) * np.arange(400) / RATE
    )
    return fftconvolve(impulses, resonance)[:length] + 0.002 * random.standard_normal(length)


def keyboard(length: int, random: Random) -> np.ndarray:
    """Typing: two bursts of noise a key, press and release, at an irregular pace."""
    samples = 0.002 * random.standard_normal(length)
    at = random.uniform(0, 0.3)
    while (start := int(at * RATE)) < length:
        for offset, level in ((0, 1.0), (int(random.uniform(0.05, 0.12) * RATE), 0.5)):
            burst = random.standard_normal(500) * np.exp(-np.arange(500) / random.uniform(30, 120)) * level
            end = min(length, start + offset + 500)
            if start + offset < end:
                samples[start + offset : end] += burst[: end - start - offset] * random.uniform(0.4, 1)
        at += random.exponential(0.15) + 0.06
    return samples


def rain(length: int, random: Random) -> np.ndarray:
    """Rain or applause: very many short bursts over noise."""
    drops = random.standard_normal(length) * (random.uniform(size=length) < random.uniform(200, 3000) / RATE)
    return fftconvolve(drops, random.standard_normal(160) * np.exp(-np.arange(160) / 30))[:length]


def dtmf(length: int, random: Random) -> np.ndarray:
    """Keys of a telephone (ITU-T Q.23), 60 to 300 ms each."""
    samples, at = 0.001 * random.standard_normal(length), random.uniform(0, 0.5)
    while (start := int(at * RATE)) < length:
        tone_s = random.uniform(0.06, 0.3)
        time = _time(min(length - start, int(tone_s * RATE)))
        pair = (random.choice([697, 770, 852, 941]), random.choice([1209, 1336, 1477, 1633]))
        samples[start : start + len(time)] += sum(np.sin(2 * np.pi * hz * time) for hz in pair)
        at += tone_s + random.uniform(0.05, 0.8)
    return samples


def call_progress(length: int, random: Random) -> np.ndarray:
    """Ringing, busy and dial tones, with the frequencies and cadences of India, Europe and North America."""
    tones, cadence, modulation = [
        ((400.0,), (0.4, 0.2, 0.4, 2.0), 25.0),
        ((400.0,), (0.75, 0.75), 0.0),
        ((400.0,), (1.0, 0.0), 25.0),
        ((425.0,), (1.0, 4.0), 0.0),
        ((425.0,), (0.5, 0.5), 0.0),
        ((440.0, 480.0), (2.0, 4.0), 0.0),
        ((480.0, 620.0), (0.5, 0.5), 0.0),
        ((350.0, 440.0), (1.0, 0.0), 0.0),
    ][random.integers(8)]
    time = _time(length)
    samples = sum(np.sin(2 * np.pi * hz * time) for hz in tones)
    if modulation:
        samples = samples * np.sin(2 * np.pi * modulation * time)
    place = (time + random.uniform(0, sum(cadence))) % sum(cadence)
    edges = np.cumsum(cadence)
    return samples * (np.searchsorted(edges, place, side="right") % 2 == 0) + 0.001 * random.standard_normal(length)


def siren(length: int, random: Random) -> np.ndarray:
    """A siren, an alarm or beeps: a tone whose frequency or loudness alternates."""
    time = _time(length)
    swing = np.sin(2 * np.pi * random.uniform(0.2, 6) * time)
    if random.random() < 0.5:
        swing = np.sign(swing)
    hz = random.uniform(500, 2500) * (1 + random.uniform(0, 0.5) * swing)
    tone = np.sin(2 * np.pi * np.cumsum(hz) / RATE)
    return (np.tanh(3 * tone) if random.random() < 0.5 else tone) * (1 if random.random() < 0.5 else swing > 0)


def modem(length: int, random: Random) -> np.ndarray:
    """Fax or modem: frequency-shift keying, the negotiation tone first."""
    symbols = random.integers(0, 2, length // 40 + 1).repeat(40)[:length]
    hz = np.where(symbols > 0, random.uniform(1600, 2200), random.uniform(1000, 1500))
    hz[: min(length, RATE)] = 2100
    return np.sin(2 * np.pi * np.cumsum(hz) / RATE)


def music(length: int, random: Random) -> np.ndarray:
    """Hold music: a melody over chords or a drone, perhaps with percussion."""
    return tune(length, random)


# Generators by name; music stands there three times, being the most varied of them and the commonest in calls.
KINDS: dict[str, Callable[[int, Random], np.ndarray]] = {
    "white": white,
    "coloured": coloured,
    "music": music,
    "band": band,
    "hum": hum,
    "fan": fan,
    "wind": wind,
    "breathing": breathing,
    "music_2": music,
    "clicks": clicks,
    "keyboard": keyboard,
    "rain": rain,
    "dtmf": dtmf,
    "call_progress": call_progress,
    "siren": siren,
    "modem": modem,
    "music_3": music,
}
