#!/usr/bin/env bash
# noisereduce 3.0.3, numpy 2.2.6, scipy 1.15.3, Python 3.11 to 3.13.
#
# Behaviour: reduce_noise, as it comes (non-stationary), makes NaN of every sample of a float recording of digital silence, such as the muted
#   side of a call. The same samples as int16 give zeros, since the cast hides it, and so does stationary=True. A muted second among others
#   is no harm.
# Wrong guess: silence stays silence, whatever its type; at worst a warning.
# Seen: "float32: 16000 of 16000 NaN", "int16: [0]", "stationary: 0 of 16000 NaN", "muted second of three: 0 of 48000 NaN".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check noisereduce==3.0.3 numpy==2.2.6 scipy==1.15.3
cd "$work"
venv/bin/python -W ignore - <<'PY'
import sys

import noisereduce
import numpy as np

RATE = 16_000
muted = np.zeros(RATE, np.float32)
found = np.isnan(noisereduce.reduce_noise(y=muted, sr=RATE)).sum()
print("float32:", found, "of", RATE, "NaN")
integers = np.unique(noisereduce.reduce_noise(y=muted.astype(np.int16), sr=RATE))
print("int16:", integers)
stationary = np.isnan(noisereduce.reduce_noise(y=muted, sr=RATE, stationary=True)).sum()
print("stationary:", stationary, "of", RATE, "NaN")
speech = (0.1 * np.random.default_rng(0).standard_normal(3 * RATE)).astype(np.float32)
speech[RATE : 2 * RATE] = 0
among = np.isnan(noisereduce.reduce_noise(y=speech, sr=RATE)).sum()
print("muted second of three:", among, "of", 3 * RATE, "NaN")
sys.exit(bool(found != RATE or integers.any() or stationary or among))
PY
