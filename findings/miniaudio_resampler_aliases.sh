#!/usr/bin/env bash
# miniaudio 1.71 (pyminiaudio), numpy 2.4.6, soundfile 0.14.0, soxr 1.1.0, Python 3.11.
#
# Behaviour: `miniaudio.decode_file(…, sample_rate=16000)` resamples linearly behind a low-pass filter of low order. A tone of 12 kHz, above
#   half of the new rate, is left at 4 kHz, 22 dB below its level, in the middle of the speech band; soxr leaves nothing (< -100 dB).
# Wrong guess: a decoder that offers 16 kHz gives what a speech recogniser may take as band-limited.
# Seen: "miniaudio: -22.4 dB at 4000 Hz", "soxr: below -100 dB".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check miniaudio==1.71 numpy==2.4.6 soundfile==0.14.0 soxr==1.1.0
cat > "$work/run.py" <<'PY'
import sys

import miniaudio
import numpy as np
import soundfile
import soxr

tone = 0.5 * np.sin(2 * np.pi * 12000 * np.arange(2 * 44100) / 44100)
soundfile.write(sys.argv[1], tone, 44100)
decoded = miniaudio.decode_file(sys.argv[1], nchannels=1, sample_rate=16000)
results = {"miniaudio": np.array(decoded.samples) / 32768, "soxr": soxr.resample(tone, 44100, 16000)}
levels = {}
for name, samples in results.items():
    middle = samples[2000:-2000]
    levels[name] = 20 * np.log10(middle.std() / tone.std() + 1e-12)
    place = int(np.argmax(np.abs(np.fft.rfft(middle))) * 16000 / len(middle))
    print(f"{name}: {levels[name]:.1f} dB, strongest at {place} Hz")
sys.exit(not (levels["miniaudio"] > -30 and levels["soxr"] < -90))
PY
"$work/venv/bin/python" "$work/run.py" "$work/tone.wav"
