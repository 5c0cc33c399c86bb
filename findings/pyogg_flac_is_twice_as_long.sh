#!/usr/bin/env bash
# PyOgg 0.6.14a1 (the newest on PyPI), soundfile 0.14.0, numpy 2.3.5, Python 3.11; libFLAC 1.4.2 and libogg 1.3.5 are Debian's, unpacked
# here and not installed (apt-get needs its lists of packages).
#
# Behaviour: FlacFile's buffer of 16-bit samples has twice as many as the recording: the second half is zeros, and buffer_length counts
#   it. Of 24-bit FLAC the lower 16 bits of each sample are in the buffer, which is noise at full scale; samples of 8 bits are there as
#   they are, 48 dB too quiet. The object does not tell the depth, and nothing is raised.
# Wrong guess: the buffer is as long as the recording, and FLAC of any depth is brought to the 16 bits of the buffer, or is refused.
# Seen: "16 bits: 16000 samples in the buffer for 8000, 0 of the last 8000 not zero, level 0.0 dB, correlation 1.00", "24 bits: …, level
#   10.1 dB, correlation 0.05", "8 bits: …, level -48.2 dB, correlation 1.00".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check PyOgg==0.6.14a1 soundfile==0.14.0 numpy==2.3.5
for package in libogg0 $(apt-cache depends flac | sed -n 's/.*Depends: \(libflac[0-9].*\)/\1/p'); do
  apt-get download -qq "$package" 2> /dev/null
done
for file in ./*.deb; do dpkg -x "$file" libraries; done
cat > run.py <<'PY'
import ctypes.util
import glob
import sys

ctypes.util.find_library = lambda name: next(iter(glob.glob(f"libraries/usr/lib/*/lib{name}.so.*")), None)

import numpy as np
import pyogg
import soundfile

RATE = 8000
tone = 0.25 * np.sin(2 * np.pi * 441 * np.arange(RATE) / RATE)
as_expected = True
for bits, subtype, expected in ((16, "PCM_16", (0, 1)), (24, "PCM_24", (10.1, 0)), (8, "PCM_S8", (-48.2, 1))):
    soundfile.write("tone.flac", tone, RATE, subtype=subtype)
    file = pyogg.FlacFile("tone.flac")
    samples = np.array(file.buffer) / 32768
    first, last = samples[: len(tone)], samples[len(tone) :]
    level = 20 * np.log10(first.std() / tone.std())
    correlation = abs(np.corrcoef(first, tone)[0, 1])
    print(
        f"{bits} bits: {len(samples)} samples in the buffer for {len(tone)}, {np.count_nonzero(last)} of the last {len(last)} not zero, "
        f"level {level:.1f} dB, correlation {correlation:.2f}"
    )
    as_expected = as_expected and len(samples) == file.buffer_length == 2 * len(tone) and not last.any()
    as_expected = as_expected and abs(level - expected[0]) < 1 and abs(correlation - expected[1]) < 0.1
sys.exit(not as_expected)
PY
LD_LIBRARY_PATH=$(echo "$work"/libraries/usr/lib/*-linux-gnu) venv/bin/python -W ignore run.py
