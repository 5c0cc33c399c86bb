"""What happens to a voice on its way to the recogniser: rooms, noise, telephones, codecs, clipping. 16 kHz float32."""

import math

import numpy as np
from scipy.signal import butter, fftconvolve, lfilter, resample_poly, sosfilt

RATE = 16000


def warp(samples: np.ndarray, from_rate: int, factor: float) -> np.ndarray:
    """Brings a clip to 16 kHz while moving its pitch, formants and tempo together by `factor` (1 = unchanged)."""
    up, down = 160, max(1, round(160 * from_rate * factor / RATE))
    shared = math.gcd(up, down)
    return resample_poly(samples, up // shared, down // shared).astype(np.float32)


def stretch(samples: np.ndarray, factor: float) -> np.ndarray:
    """Changes the tempo alone: `factor` times as long, with pitch and formants as they were.

    Waveform-similarity overlap-add (W. Verhelst and M. Roelands, "An overlap-add technique based on waveform similarity
    (WSOLA) for high quality time-scale modification of speech", 1993): each frame of 40 ms is taken within 8 ms of its
    place, where it continues the frame before best.

    Args:
        samples: float32 [n] at 16 kHz.
        factor: new duration over old duration.

    Returns:
        float32 [about n · factor]; unchanged if there are too few samples.
    """
    frame, hop, reach = int(0.04 * RATE), int(0.02 * RATE), int(0.008 * RATE)
    if len(samples) < 2 * (frame + reach):
        return samples
    window = np.hanning(frame + 1)[:frame].astype(np.float32)
    padded = np.pad(samples, (reach, frame + hop + 2 * reach))
    count = int(len(samples) * factor) // hop
    output = np.zeros((count + 2) * hop, np.float32)
    previous = reach
    for number in range(count):
        place = int(number * hop / factor)
        if number:
            expected = padded[previous + hop : previous + hop + frame]
            likeness = np.correlate(padded[place : place + frame + 2 * reach : 2], expected[::2], "valid")
            previous = place + 2 * int(np.argmax(likeness))
        output[number * hop : number * hop + frame] += padded[previous : previous + frame] * window
    return output[: int(len(samples) * factor)]


def room(samples: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A small room: a direct path, a few early echoes and an exponentially decaying tail."""
    decay = random.uniform(0.08, 0.5)
    length = int(RATE * decay)
    tail = random.standard_normal(length) * np.exp(-6.9 * np.arange(length) / length)
    response = tail * random.uniform(0.01, 0.06)
    for _ in range(random.integers(2, 6)):
        response[random.integers(20, min(800, length))] += random.uniform(-0.5, 0.5)
    response[0] = 1.0
    return fftconvolve(samples, response)[: len(samples)].astype(np.float32)


def colour(samples: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A microphone's tilt and one resonance."""
    samples = lfilter([1.0, random.uniform(-0.6, 0.6)], [1.0], samples)
    angle, radius = 2 * np.pi * random.uniform(150, 5000) / RATE, random.uniform(0.3, 0.8)
    return lfilter([1.0], [1.0, -2 * radius * np.cos(angle), radius**2], samples).astype(np.float32)


def noise(length: int, kind: str, random: np.random.Generator) -> np.ndarray:
    white = random.standard_normal(length).astype(np.float32)
    if kind == "white":
        return white
    if kind == "pink":  # Voss-like: a first-order mix of three poles
        return lfilter([0.05, -0.0959, 0.0506, -0.0044], [1, -2.4949, 2.0172, -0.5222], white).astype(np.float32)
    if kind == "brown":
        return lfilter([1.0], [1.0, -0.98], white).astype(np.float32)
    hum = random.choice([50.0, 60.0, 100.0])
    time = np.arange(length) / RATE
    tones = sum(random.uniform(0.2, 1) * np.sin(2 * np.pi * hum * n * time + random.uniform(0, 6)) for n in range(1, 6))
    return (tones + 0.1 * white).astype(np.float32)


def mix(samples: np.ndarray, other: np.ndarray, snr_db: float) -> np.ndarray:
    power = float(np.mean(samples**2)) + 1e-9
    other_power = float(np.mean(other**2)) + 1e-9
    return samples + other * np.float32(np.sqrt(power / other_power / 10 ** (snr_db / 10)))


def telephone(samples: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """8 kHz, a narrow band with gentle or steep edges, often µ-law."""
    narrow = resample_poly(samples, 1, 2)
    roll = random.random()
    if roll < 0.3:  # the handset's high-pass near 300 Hz
        narrow = lfilter([0.89, -0.89], [1, -0.78], narrow)
    elif roll < 0.8:  # a line's band
        band = [random.uniform(150, 450), random.uniform(2700, 3800)]
        narrow = sosfilt(butter(int(random.integers(2, 9)), band, "bandpass", fs=8000, output="sos"), narrow)
    if random.random() < 0.6:
        level = max(1e-3, float(np.abs(narrow).max()))
        scaled = narrow / level
        coded = np.round(np.sign(scaled) * np.log1p(255 * np.abs(scaled)) / np.log(256) * 127) / 127
        narrow = np.sign(coded) * (256 ** np.abs(coded) - 1) / 255 * level
    return resample_poly(narrow, 2, 1)[: len(samples)].astype(np.float32)


def codec(samples: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """What MP3 and Opus do at low rates: weak spectral bins dropped, the rest coarsely quantised, the top cut off."""
    size, hop = 512, 256
    padded = np.pad(samples, (size, size + hop - len(samples) % hop))
    window = np.sin(np.pi * (np.arange(size) + 0.5) / size).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * window
    spectrum = np.fft.rfft(frames)
    size_db = np.abs(spectrum)
    peak = size_db.max(axis=1, keepdims=True) + 1e-9
    step = peak * 10 ** (-random.uniform(26, 46) / 20)
    rounded = np.round(size_db / step) * step
    spectrum = spectrum * (rounded / (size_db + 1e-9))
    spectrum[:, int(random.uniform(0.4, 1.0) * spectrum.shape[1]) :] = 0
    frames = np.fft.irfft(spectrum, n=size) * window
    output = np.zeros(len(padded) + size, np.float32)
    for start in range(2):  # frames overlap by half: even and odd frames tile the clip
        part = frames[start::2].reshape(-1)
        output[start * hop : start * hop + len(part)] += part
    return output[size : size + len(samples)]


def clip_level(samples: np.ndarray, random: np.random.Generator) -> np.ndarray:
    level = float(np.quantile(np.abs(samples), random.uniform(0.97, 0.999))) + 1e-4
    return np.clip(samples, -level, level)
