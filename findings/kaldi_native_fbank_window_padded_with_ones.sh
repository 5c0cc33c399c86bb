#!/usr/bin/env bash
# kaldi-native-fbank 1.23.0, numpy 2.3.5, Python 3.11.
#
# Behaviour: where the window of StftConfig is shorter than the transform (400 of 512 samples, as for 25 ms at 16 kHz), Stft weights the
#   first win_length samples of each frame and leaves the others as they are, as if the window were padded with ones: the last 112 of
#   512 samples jump in at full weight. A steady tone of 1010 Hz leaks into all frequencies, 41 dB below its peak from 5 kHz on, where
#   the Hann window that was asked for has nothing above -130 dB. With win_length of n_fft the result is that of NumPy.
# Wrong guess: as the documentation of win_length says, "the window is zero-padded to n_fft", and as torch.stft and librosa do.
# Seen: "window of 400 in 512: 0.00 at its ends, 1.00 behind it", "tone of 1010 Hz, from 5 kHz on: -41 dB, with zeros behind the window:
#   -130 dB", "window of 512 in 512: differs from NumPy's by 0.0000".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check kaldi-native-fbank==1.23.0 numpy==2.3.5
cat > run.py <<'PY'
import sys

import kaldi_native_fbank as knf
import numpy as np

RATE, SIZE, HOP = 16000, 512, 160


def hann(length):
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


def spectra(samples, length):
    config = knf.StftConfig(n_fft=SIZE, hop_length=HOP, win_length=length, window_type="hann", center=False)
    result = knf.Stft(config).compute(samples.tolist())
    return (np.array(result.real) + 1j * np.array(result.imag)).reshape(result.num_frames, -1)


# Of constant samples, what was transformed is the window itself.
window = np.fft.irfft(spectra(np.ones(RATE), 400)[10])
print(f"window of 400 in 512: {abs(window[[0, 399]]).max():.2f} at its ends, {window[400:].min():.2f} behind it")

tone = np.sin(2 * np.pi * 1010 * np.arange(RATE) / RATE)
found = spectra(tone, 400)
padded = np.array([np.fft.rfft(tone[HOP * index :][:400] * hann(400), SIZE) for index in range(len(found))])
# The loudest from 5 kHz on, in any frame.
levels = [20 * np.log10(abs(frames[:, 160:]).max() / abs(frames).max()) for frames in (found, padded)]
print(f"tone of 1010 Hz, from 5 kHz on: {levels[0]:.0f} dB, with zeros behind the window: {levels[1]:.0f} dB")

difference = abs(spectra(tone, SIZE)[10] - np.fft.rfft(tone[10 * HOP :][:SIZE] * hann(SIZE))).max()
print(f"window of 512 in 512: differs from NumPy's by {difference:.4f}")
as_expected = window[400:].min() > 0.99 and levels[0] > -50 and levels[1] < -100 and difference < 0.01
sys.exit(not as_expected)
PY
venv/bin/python run.py
