#!/usr/bin/env bash
# audioread 3.1.0, numpy 2.3.5, Python 3.11; soundfile 0.14.0 writes the files.
#
# Behaviour: audio_open() tries its own reader of WAV, AIFF and AU first, and that brings all but 16 bits to 16 bits wrongly, without an
#   error: 8-bit WAV is taken as signed, so that silence is at the negative end and a quiet tone jumps between both ends of the scale;
#   AIFF and AU of 24 bits are noise at full scale, as their bytes are swapped after they were shortened, those of 8 bits 26 dB too quiet
#   and positive only; mu-law AU is decoded and then swapped into noise; A-law AU is handed over undecoded, two bytes a sample, so that
#   it lasts half as long.
# Wrong guess: as the README says, what comes is 16-bit little-endian samples, whatever the file holds, and what its own reader cannot
#   do is left to the other back ends, such as FFmpeg.
# Seen: "WAV PCM_U8: RawAudioFile, 8000 samples, level 22.5 dB, correlation -0.89", "AIFF PCM_24: RawAudioFile, 8000 samples, level 18.4
#   dB, correlation -0.11", "AU ULAW: RawAudioFile, 8000 samples, level 17.5 dB, correlation -0.18", "AU ALAW: RawAudioFile, 4000 samples".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check audioread==3.1.0 soundfile==0.14.0 numpy==2.3.5
cat > run.py <<'PY'
import sys

import audioread
import numpy as np
import soundfile

RATE = 8000
tone = 0.1 * np.sin(2 * np.pi * 441 * np.arange(RATE) / RATE)
as_expected = True
for kind, subtype, right in (
    ("WAV", "PCM_16", True),
    ("AIFF", "PCM_16", True),
    ("AU", "PCM_16", True),
    ("WAV", "PCM_U8", False),
    ("AIFF", "PCM_S8", False),
    ("AIFF", "PCM_24", False),
    ("AU", "PCM_S8", False),
    ("AU", "PCM_24", False),
    ("AU", "ULAW", False),
    ("AU", "ALAW", False),
):
    soundfile.write("tone", tone, RATE, subtype=subtype, format=kind)
    reference, _ = soundfile.read("tone")
    with audioread.audio_open("tone") as file:
        samples = np.frombuffer(b"".join(file), "<i2") / 32768
    text = f"{kind} {subtype}: {type(file).__name__}, {len(samples)} samples"
    # soundfile reads back what it wrote.
    same = len(samples) == len(reference) and np.abs(samples - reference).max() < 0.001
    if len(samples) == len(reference):
        level = 20 * np.log10(samples.std() / reference.std())
        text += f", level {level:.1f} dB, correlation {np.corrcoef(samples, reference)[0, 1]:.2f}"
    print(text)
    as_expected = as_expected and same == right
sys.exit(not as_expected)
PY
venv/bin/python -W ignore run.py
