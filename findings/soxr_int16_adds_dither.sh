#!/usr/bin/env bash
# soxr 1.1.0 (python-soxr), numpy 2.4.6, Python 3.11.
#
# Behaviour: soxr resamples int16 with dither. Samples of 0 come out as -1, 0 and 1, even where both rates are equal, and a stream
#   (`ResampleStream`) gives other samples than `resample` of the whole, though the filter is the same. float32 has no dither: zeros stay
#   zeros, and stream and whole agree to the rounding.
# Wrong guess: digital silence stays digital silence, so that a check for it (`not samples.any()`) works behind the resampler, and int16
#   chunks join to what the whole gives.
# Seen: "int16 silence: [-1 0 1]", "int16 stream equals whole: 0.60" (share of the samples), "float32 silence: [0.]".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check soxr==1.1.0 numpy==2.4.6
cat > "$work/run.py" <<'PY'
import sys

import numpy as np
import soxr


def streamed(samples):
    stream = soxr.ResampleStream(48000, 16000, 1, dtype=samples.dtype.name)
    parts = [stream.resample_chunk(part) for part in np.split(samples, 10)]
    return np.concatenate([*parts, stream.resample_chunk(samples[:0], last=True)])


tone = 3000 * np.sin(np.arange(48000) / 20)
silence = np.unique(soxr.resample(np.zeros(48000, np.int16), 48000, 16000))
same_rate = np.unique(soxr.resample(np.zeros(16000, np.int16), 16000, 16000))
share = float((streamed(tone.astype(np.int16)) == soxr.resample(tone.astype(np.int16), 48000, 16000)).mean())
floats = np.unique(soxr.resample(np.zeros(48000, np.float32), 48000, 16000))
whole = soxr.resample((tone / 32768).astype(np.float32), 48000, 16000)
apart = float(np.abs(streamed((tone / 32768).astype(np.float32)) - whole).max())
print("int16 silence:", silence, "at the same rate:", same_rate)
print(f"int16 stream equals whole: {share:.2f} of the samples")
print("float32 silence:", floats, f"stream and whole differ by at most {apart:.1e}")
sys.exit(not (len(silence) == len(same_rate) == 3 and share < 0.9 and not floats.any() and apart < 1e-6))
PY
"$work/venv/bin/python" "$work/run.py"
