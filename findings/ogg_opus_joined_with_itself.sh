#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8 libraries in its wheel), numpy 2.3.5, Python 3.11 to 3.13.
#
# Behaviour: an Ogg Opus file of less than a second (one page of audio) joined to a copy of itself (chained, as RFC 3533 has it;
#   `cat a.opus a.opus`) is decoded once: both links have the same serial number, and of the second one a single frame is left,
#   without an error. From a second on both are decoded, and so are two files with serial numbers of their own.
# Wrong guess: a chained Ogg file is as long as its links together; if equal serial numbers mattered, they would matter for
#   long files too.
# Seen: "0.9 s: alone 0.900 s, joined with itself 0.913 s, with another file 1.800 s" and
#   "1.1 s: alone 1.100 s, joined with itself 2.200 s, with another file 2.200 s".
# Note: serial numbers should differ, but recorders that always write the same one, and programs that repeat an announcement,
#   make such files all the same.
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


def opus(pitch, length_s):
    target = io.BytesIO()
    t = np.arange(int(48_000 * length_s)) / 48_000
    samples = (8_000 * np.sin(2 * np.pi * pitch * t)).astype(np.int16)[None]
    with av.open(target, "w", format="ogg") as output:
        stream = output.add_stream("libopus", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = 48_000, Fraction(1, 48_000), 0
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            output.mux(packet)
    return target.getvalue()


def seconds(content):
    with av.open(io.BytesIO(content), format="ogg") as source:
        return sum(frame.samples for frame in source.decode(audio=0)) / 48_000


found = {}
for length_s in (0.9, 1.1):
    one, other = opus(300, length_s), opus(400, length_s)
    found[length_s] = alone, twice, both = seconds(one), seconds(one + one), seconds(one + other)
    print(f"{length_s} s: alone {alone:.3f} s, joined with itself {twice:.3f} s, with another file {both:.3f} s")
(_, short, different), (_, long, _) = found.values()
raise SystemExit(0 if short < 1.0 and different > 1.7 and long > 2.1 else 1)
PYTHON
"$work/venv/bin/python" "$work/run.py"
