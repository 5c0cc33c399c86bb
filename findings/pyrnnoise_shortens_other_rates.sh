#!/usr/bin/env bash
# pyrnnoise 0.4.5, numpy 2.2.6, Python 3.11.
#
# Behaviour: RNNoise works at 48 kHz; with another sample rate the package resamples to it and back in one stream without ever flushing it.
#   The first frame is shorter by 16 samples, and the last frame never comes: 2 s at 16 kHz come back 176 samples short, at 8 kHz 96, so that
#   times of words that a recogniser finds afterwards are early. At 48 kHz every sample comes back.
# Wrong guess: denoise_chunk returns as many samples as it was given, or a last call returns the rest (there is none).
# Seen: "48000 Hz: 96000 of 96000", "16000 Hz: 31824 of 32000, first frame 144", "8000 Hz: 15904 of 16000, first frame 64".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyrnnoise==0.4.5 numpy==2.2.6
cd "$work"
venv/bin/python -W ignore - <<'PY'
import sys

import numpy as np
from pyrnnoise import RNNoise

changed = False
for rate, expected, first in ((48_000, 96_000, 480), (16_000, 31_824, 144), (8_000, 15_904, 64)):
    tone = (0.3 * np.sin(2 * np.pi * 300 * np.arange(2 * rate) / rate) * 32_767).astype(np.int16)
    frames = [np.asarray(frame) for _, frame in RNNoise(sample_rate=rate).denoise_chunk(tone[None, :])]
    count = sum(frame.shape[-1] for frame in frames)
    print(f"{rate} Hz: {count} of {2 * rate}, first frame {frames[0].shape[-1]}")
    changed |= (count, frames[0].shape[-1]) != (expected, first)
sys.exit(changed)
PY
