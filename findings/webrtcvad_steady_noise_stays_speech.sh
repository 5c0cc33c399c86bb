#!/usr/bin/env bash
# webrtcvad-wheels 2.0.14.post1, NumPy 2.4.6, Python 3.11.
#
# Behaviour: the detector does not get used to steady noise in the telephone band from 300 to 3,400 Hz. At 21 dB below full scale it calls every
#   frame speech, in mode 0 as in mode 3, the most aggressive one, still after five minutes. At 30 dB below it the length of the frames decides: in
#   mode 3 no frame of 10 ms is speech, a sixth of those of 20 ms and nearly all of 30 ms. A steady dial tone of 350 and 440 Hz at -21 dB,
#   or of 400 Hz at -15 dB, is speech in every frame of 30 ms, and in none of 10 ms or 20 ms. Noise at -47 dB is no speech in any.
# Wrong guess: it has models of speech and of noise that adapt, so steady noise becomes noise after some seconds; 10, 20 and 30 ms, the three
#   lengths that it takes, give about the same.
# Seen: "noise at -21 dB, mode 3, minute 5: 10 ms 1.00, 20 ms 1.00, 30 ms 1.00", "noise at -30 dB, mode 3, minute 5: 10 ms 0.00, 20 ms 0.17,
#   30 ms 0.96", "dial tone of 350 and 440 Hz at -21 dB, mode 3, minute 1: 10 ms 0.00, 20 ms 0.00, 30 ms 1.00".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check webrtcvad-wheels==2.0.14.post1 numpy==2.4.6
cat > run.py <<'PY'
import numpy as np
from webrtcvad import Vad

RATE = 8000
MINUTE = 60 * RATE


def noise(minutes, rms):
    """Gaussian noise with nothing below 300 and above 3400 Hz."""
    samples = minutes * MINUTE
    spectrum = np.fft.rfft(np.random.default_rng(1).normal(size=samples))
    frequencies = np.fft.rfftfreq(samples, 1 / RATE)
    spectrum[(frequencies < 300) | (frequencies > 3400)] = 0
    band = np.fft.irfft(spectrum, samples)
    return band * rms / band.std()


def tones(amplitude, *frequencies):
    time = np.arange(MINUTE) / RATE
    return sum(amplitude * np.sin(2 * np.pi * frequency * time) for frequency in frequencies)


def speech(signal, mode, milliseconds):
    """The part of the frames of the last minute that the detector calls speech, after all the others were given to it."""
    detector = Vad(mode)
    length = RATE * milliseconds // 1000
    data = np.clip(np.round(signal), -32768, 32767).astype("<i2")
    found = [detector.is_speech(data[start : start + length].tobytes(), RATE) for start in range(0, len(data) - length + 1, length)]
    return float(np.mean(found[-(MINUTE // length) :]))


as_expected = True
for name, signal, mode, ranges in (
    ("noise", noise(5, 150), 3, ((0, 0.05), (0, 0.05), (0, 0.05))),
    ("noise", noise(5, 1000), 3, ((0, 0.2), (0.15, 0.5), (0.8, 1))),
    ("noise", noise(5, 3000), 0, ((0.99, 1), (0.99, 1), (0.99, 1))),
    ("noise", noise(5, 3000), 3, ((0.99, 1), (0.99, 1), (0.99, 1))),
    ("dial tone of 350 and 440 Hz", tones(3000, 350, 440), 3, ((0, 0.05), (0, 0.05), (0.99, 1))),
    ("dial tone of 400 Hz", tones(8000, 400), 3, ((0, 0.05), (0, 0.05), (0.99, 1))),
):
    parts = [speech(signal, mode, milliseconds) for milliseconds in (10, 20, 30)]
    level = 20 * np.log10(signal.std() / 32768)
    shown = ", ".join(f"{milliseconds} ms {part:.2f}" for milliseconds, part in zip((10, 20, 30), parts))
    print(f"{name} at {level:.0f} dB, mode {mode}, minute {len(signal) // MINUTE}: {shown}")
    as_expected = as_expected and all(low <= part <= high for part, (low, high) in zip(parts, ranges))
raise SystemExit(int(not as_expected))
PY
venv/bin/python run.py
