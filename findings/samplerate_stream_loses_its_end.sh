#!/usr/bin/env bash
# samplerate 0.2.4 (the Python binding of libsamplerate), numpy 2.2.6, Python 3.11 to 3.13.
#
# Behaviour: samplerate.Resampler with end_of_input=True on the last of many blocks returns no more samples than that block's own length
#   times the ratio. What the filter still holds is dropped, 18 ms of 1 s from 16 to 8 kHz with sinc_best; further calls with an empty block
#   and end_of_input=True return nothing. One call with the whole signal returns all of it, as resample() does.
# Wrong guess: end_of_input on the last block returns the rest of the signal, as the C library's src_process does when it is called until it
#   gives no more; or a further call with an empty block returns it.
# Seen: "sinc_best: 7857 of 8000 samples in blocks, then [0, 0]; 8000 in one call", 7954 for sinc_medium, 7981 for sinc_fastest.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check samplerate==0.2.4 numpy==2.2.6
cd "$work"
venv/bin/python - <<'PY'
import sys

import numpy as np
import samplerate

second = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000).astype(np.float32)
changed = False
for converter, in_blocks in (("sinc_best", 7857), ("sinc_medium", 7954), ("sinc_fastest", 7981)):
    stream = samplerate.Resampler(converter)
    blocks = [stream.process(second[at : at + 320], 0.5, end_of_input=at + 320 == 16_000) for at in range(0, 16_000, 320)]
    count = sum(map(len, blocks))
    after = [len(stream.process(np.zeros(0, np.float32), 0.5, end_of_input=True)) for _ in range(2)]
    whole = len(samplerate.Resampler(converter).process(second, 0.5, end_of_input=True))
    print(f"{converter}: {count} of 8000 samples in blocks, then {after}; {whole} in one call")
    changed |= count != in_blocks or any(after) or whole != 8000
sys.exit(changed)
PY
