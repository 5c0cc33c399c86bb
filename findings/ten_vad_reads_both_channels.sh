#!/usr/bin/env bash
# ten-vad 1.0.6.9, numpy 2.3.5, Python 3.11, Linux on x86-64; libc++1, which its library needs, is Debian's, unpacked here
# and not installed (apt-get needs its lists of packages).
#
# Behaviour: process() passes the address of the array on and not the distance of its samples. A channel of a stereo recording,
#   audio[start : start + 256, 0], is accepted, and what is read is the first 128 samples of both channels in turn: the silent side of a
#   call is found to speak while the other side does, and the speaking side is found to speak for a sixth of the time. A copy of the
#   same channel gives the right answer. Arrays of 16-bit samples in network order are taken, too, and read with their bytes swapped.
# Wrong guess: NumPy arrays of the shape and type that it checks for ("must be int16") are read as NumPy does, whatever lies between the
#   samples, or are refused.
# Seen: "silent channel: 18 of 187 frames are speech, of its copy 0", "speaking channel: 16 of 187 frames are speech, of its copy 102",
#   "network order: 1 of 187 frames are speech, of its copy 102".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check ten-vad==1.0.6.9 numpy==2.3.5
mkdir debs libraries
for package in libc++1 $(apt-cache depends libc++1 | sed -n 's/.*Depends: \(libc++1-.*\)/\1/p'); do
  # The library and the two that it needs in turn, unpacked here and not installed.
  for name in "$package" $(apt-cache depends "$package" | sed -n 's/.*Depends: \(libc++abi1.*\|libunwind.*\)/\1/p'); do
    (cd debs && apt-get download -qq "$name" 2> /dev/null)
  done
done
for file in debs/*.deb; do dpkg -x "$file" libraries; done
cat > run.py <<'PY'
import sys

import numpy as np
from ten_vad import TenVad

RATE, HOP = 16000, 256


def voice(seconds):
    """Pulses of a voice through the resonances of a vowel, for thirds of a second with as long pauses between them."""
    time = np.arange(round(seconds * RATE)) / RATE
    turns = np.cumsum(120 * (1 + 0.1 * np.sin(4 * np.pi * time))) / RATE
    sound = (np.diff(np.floor(turns), prepend=0) > 0).astype(float)
    for frequency, width in ((700, 90), (1200, 100), (2600, 150)):
        radius = np.exp(-np.pi * width / RATE)
        response = radius ** np.arange(1024) * np.sin(2 * np.pi * frequency / RATE * np.arange(1, 1025))
        sound = np.convolve(sound, response)[: len(time)]
    sound *= np.clip(np.sin(3 * np.pi * time), 0, 1)
    return np.round(sound / np.abs(sound).max() * 12000).astype(np.int16)


def speech(samples):
    vad = TenVad(HOP)
    return sum(vad.process(samples[start : start + HOP])[1] for start in range(0, len(samples) - HOP + 1, HOP))


call = np.zeros((3 * RATE // HOP * HOP, 2), np.int16)
call[:, 1] = voice(3)[: len(call)]
frames = len(call) // HOP
cases = (
    ("silent channel", call[:, 0]),
    ("speaking channel", call[:, 1]),
    ("network order", call[:, 1].astype(">i2")),
)
found = {}
for name, samples in cases:
    found[name] = speech(samples), speech(samples.astype("<i2", order="C"))
    print(f"{name}: {found[name][0]} of {frames} frames are speech, of its copy {found[name][1]}")
silent, speaking, network = (found[name] for name, _ in cases)
as_expected = silent[0] > 5 and silent[1] == 0 and speaking[0] < 0.5 * speaking[1] and network[0] < 0.5 * network[1]
sys.exit(not as_expected)
PY
LD_LIBRARY_PATH=$(echo "$work"/libraries/usr/lib/*-linux-gnu) venv/bin/python run.py
