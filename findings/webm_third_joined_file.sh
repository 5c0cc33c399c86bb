#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8 libraries in its wheel), numpy 2.3.5, Python 3.11 to 3.13.
#
# Behaviour: of WebM files joined by `cat`, FFmpeg's demuxer reads the first two and no more: a third, fourth, … file is skipped
#   without an error.
# Wrong guess: after trying with two files, of which both are decoded: joined WebM files are decoded, however many there are.
# Seen: "joined files of 1 s: 1 -> 1.00 s, 2 -> 2.01 s, 3 -> 2.01 s, 4 -> 2.01 s".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.3.5
cat > "$work/run.py" <<'PYTHON'
import io
from fractions import Fraction

import av
import numpy as np


def webm(length_s):
    target = io.BytesIO()
    t = np.arange(int(48_000 * length_s)) / 48_000
    samples = (8_000 * np.sin(2 * np.pi * 300 * t)).astype(np.int16)[None]
    with av.open(target, "w", format="webm") as output:
        stream = output.add_stream("libopus", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = 48_000, Fraction(1, 48_000), 0
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            output.mux(packet)
    return target.getvalue()


found = []
for n in range(1, 5):
    with av.open(io.BytesIO(n * webm(1.0)), format="matroska") as source:
        found.append(sum(frame.samples for frame in source.decode(audio=0)) / 48_000)
print("joined files of 1 s: " + ", ".join(f"{n} -> {length_s:.2f} s" for n, length_s in enumerate(found, 1)))
raise SystemExit(0 if found[1] > 1.9 and max(found[2:]) < 2.1 else 1)
PYTHON
"$work/venv/bin/python" "$work/run.py"
