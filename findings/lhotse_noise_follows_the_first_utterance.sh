#!/usr/bin/env bash
# lhotse 1.33.0 with torch 2.13.0 (any build) and urllib3, which lhotse imports and does not ask for, Python 3.11.
#
# Behaviour: where noise is mixed into a cut that was joined of several utterances, snr counts against the first of them only, not against what is
#   heard: after a quiet utterance and a loud one, snr=10 gives 27 dB for the whole, and where the first part is a second of faint
#   hum, as a telephone line has before anybody speaks, 76 dB, that is no noise at all. If the first part is digital silence, the
#   noise comes at its own level, whatever snr says. Padding is left out, as it should be. CutConcatenate and CutMix of lhotse.dataset do
#   the same one after the other. Where the joined cut is made into one recording before (to_mono), the ratio is right.
# Wrong guess: snr is the ratio of the cut that mix() is called on to the noise, as for a cut of one utterance.
# Seen: for snr=10: "loud 10.0", "loud+loud 10.0", "quiet+loud 27.0", "hum+loud 76.5", "silence+loud 3.5", "to_mono first 10.0",
#   "CutConcatenate (loud+quiet), CutMix 7.0".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check \
  lhotse==1.33.0 torch==2.13.0 urllib3==2.5.0 numpy==2.4.6 soundfile==0.14.0
cat > "$work/run.py" <<'PY'
import os
import sys

import numpy as np
import soundfile
from lhotse import CutSet, Recording
from lhotse.dataset import CutConcatenate, CutMix

os.chdir(sys.argv[1])
RATE, ASKED = 16_000, 10
second = np.arange(RATE) / RATE


def cut(name, samples):
    soundfile.write(f"{name}.wav", samples, RATE, subtype="FLOAT")
    return Recording.from_file(f"{name}.wav").to_cut()


loud = cut("loud", 0.3 * np.sin(2 * np.pi * 300 * second))
quiet = cut("quiet", 0.03 * np.sin(2 * np.pi * 300 * second))
hum = cut("hum", 0.0001 * np.sin(2 * np.pi * 50 * second))
silence = cut("silence", np.zeros(RATE))
noise = cut("noise", np.random.default_rng(0).standard_normal(2 * RATE) * 0.1)


def ratio(clean, mixed):
    speech = clean.load_audio()[0]
    added = mixed.load_audio()[0][: len(speech)] - speech
    return round(float(10 * np.log10(np.mean(speech**2) / np.mean(added**2))), 1)


joined = quiet.append(loud)
speech = {
    "loud": loud,
    "loud+loud": loud.append(loud),
    "quiet+loud": joined,
    "hum+loud": hum.append(loud),
    "silence+loud": silence.append(loud),
    "to_mono first": joined.to_mono(),
}
found = {name: ratio(clean, clean.mix(noise.truncate(duration=clean.duration), snr=ASKED)) for name, clean in speech.items()}

together = CutConcatenate(gap=0.0, duration_factor=2)(CutSet.from_cuts([loud, quiet]))
(clean,) = together
order = [track.cut.recording_id for track in clean.tracks]
(mixed,) = CutMix(CutSet.from_cuts([noise]), snr=ASKED, p=1.0, seed=0)(together)
found[f"CutConcatenate ({'+'.join(order)}), CutMix"] = ratio(clean, mixed)
for name, decibels in found.items():
    print(f"{name} {decibels}")
sys.exit(list(found.values()) != [10.0, 10.0, 27.0, 76.5, 3.5, 10.0, 7.0])
PY
OMP_NUM_THREADS=1 "$work/venv/bin/python" -W ignore "$work/run.py" "$work"
