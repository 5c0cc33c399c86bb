#!/usr/bin/env bash
# speechpy 2.4, NumPy 1.26.4, SciPy 1.11.4, Python 3.11.
#
# Behaviour: mfcc(), mfe() and lmfe() place the mel filters at half of their frequencies: those for a recording at 16 kHz end at 3,969 Hz
#   instead of 8,000, and those for a telephone call at 8 kHz at 2,000 Hz, so that sibilants add nothing to the features: the number of
#   points of the spectrum, 257, is taken for that of the FFT, 512. low_frequency=0, the default, means 300 Hz, and 1 means 1 Hz.
#   extract_derivative_feature() subtracts nothing and works across the coefficients, not over time: features that never change have a
#   "derivative" of 0.3 of their value (with NumPy 2 it raises AttributeError). The last whole frame is left out: 20 ms of audio give no
#   frame of 20 ms. preemphasis() subtracts the last sample of the signal from the first.
# Wrong guess: "highest band edge of mel filters ... default is samplerate/2" and "lowest band edge ... default is 0", as the docstrings say,
#   and the derivative of features that do not change is 0.
# Seen: "16000 Hz: filters from 156 to 3969 Hz; of the energy of a tone of 3000 Hz they hold 1.0000, of 5000 Hz 0.0000",
#   "8000 Hz: filters from 156 to 2000 Hz; of the energy of a tone of 1000 Hz they hold 0.9984, of 3000 Hz 0.0006",
#   "constant 2.0: value, first and second derivative [2. 0.6 0.18]".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check speechpy==2.4 numpy==1.26.4 scipy==1.11.4
cat > run.py <<'PY'
import numpy as np
import speechpy

FFT = 512


def held(rate, frequency):
    """The part of a tone's energy that the filters hold, in the middle frame."""
    time = np.arange(rate) / rate
    tone = 10000 * np.sin(2 * np.pi * frequency * time) * np.hanning(rate)
    features, energy = speechpy.feature.mfe(tone, rate, frame_length=0.032, frame_stride=0.01, fft_length=FFT)
    return features[len(features) // 2].sum() / energy[len(energy) // 2]


def edges(rate, low=0):
    """The frequencies of the lowest and highest point of the spectrum with any weight."""
    weights = speechpy.feature.filterbanks(40, FFT // 2 + 1, rate, low).sum(axis=0)
    points = np.flatnonzero(weights)
    return round(points[0] * rate / FFT), round(points[-1] * rate / FFT)


as_expected = True
for rate, inside, outside in ((16000, 3000, 5000), (8000, 1000, 3000)):
    low, high = edges(rate)
    parts = held(rate, inside), held(rate, outside)
    held_parts = f"of the energy of a tone of {inside} Hz they hold {parts[0]:.4f}, of {outside} Hz {parts[1]:.4f}"
    print(f"{rate} Hz: filters from {low} to {high} Hz; {held_parts}")
    as_expected = as_expected and high <= rate / 4 and parts[0] > 0.95 and parts[1] < 0.001

lowest = {low: edges(16000, low)[0] for low in (0, 1, 300)}
print(f"low_frequency and the lowest frequency with any weight: {lowest}")
as_expected = as_expected and lowest[0] == lowest[300] and lowest[1] < lowest[300]

constant = np.full((50, 13), 2.0)
rising = np.arange(50.0)[:, None] + np.zeros((1, 13))
of_constant = speechpy.feature.extract_derivative_feature(constant)[25, 6]
of_rising = speechpy.feature.extract_derivative_feature(rising)[:, 6, 1]
print(f"constant 2.0: value, first and second derivative {of_constant.round(4)}")
print(f"rising by 1 each frame: first derivative in frames 10 and 40 {of_rising[[10, 40]].round(4)}")
as_expected = as_expected and np.allclose(of_constant, (2.0, 0.6, 0.18)) and np.allclose(of_rising[[10, 40]], (3.0, 12.0))

noise = np.random.default_rng(1).normal(size=32000) * 1000
frames = {seconds: len(speechpy.feature.mfcc(noise[: round(16000 * seconds)], 16000)) for seconds in (2, 0.04, 0.02)}
print(f"seconds of audio and frames of 20 ms every 10 ms: {frames}")
as_expected = as_expected and frames == {2: 198, 0.04: 2, 0.02: 0}

first = speechpy.processing.preemphasis(np.array([0.0, 0.0, 0.0, 1000.0]))[0]
print(f"preemphasis of 0, 0, 0, 1000 begins with {first}")
as_expected = as_expected and first == -980.0
raise SystemExit(int(not as_expected))
PY
venv/bin/python run.py
