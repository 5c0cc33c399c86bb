#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8 libraries and LAME in its wheel), numpy 2.3.5, Python 3.11 to 3.13.
#
# Behaviour: where MP3 files that begin with an ID3v2 tag are joined by `cat`, FFmpeg's parser puts the tag into one packet with the
#   last frame before it: that frame is lost, and decoding the packet raises "Invalid data". Without tags nothing is lost.
# Wrong guess: a tag between frames is skipped, as one before the first frame is.
# Seen: "with tags: 17280 + 33408 samples, joined 50112, 1 error" and "without tags: 17280 + 33408 samples, joined 50688, 0 errors".
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


def mp3(length_s, tag):
    target = io.BytesIO()
    samples = (np.random.default_rng(length_s).normal(size=16_000 * length_s) * 3_000).astype(np.int16)[None]
    options = {"write_xing": "0"} | ({} if tag else {"id3v2_version": "0"})
    with av.open(target, "w", format="mp3", options=options) as output:
        output.metadata["title"] = "a title"
        stream = output.add_stream("libmp3lame", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = 16_000, Fraction(1, 16_000), 0
        for part in av.AudioResampler(format=stream.format.name, layout="mono", rate=16_000).resample(frame):
            for packet in stream.encode(part):
                output.mux(packet)
        for packet in stream.encode(None):
            output.mux(packet)
    return target.getvalue()


def decode(content):
    samples = errors = 0
    with av.open(io.BytesIO(content), format="mp3") as source:
        for packet in source.demux(audio=0):
            try:
                samples += sum(frame.samples for frame in packet.decode())
            except av.error.InvalidDataError:
                errors += 1
    return samples, errors


lost = {}
for tag in (True, False):
    first, second = mp3(1, tag), mp3(2, tag)
    assert first.startswith(b"ID3") == tag
    (a, _), (b, _), (both, errors) = decode(first), decode(second), decode(first + second)
    lost[tag] = a + b - both
    print(f"{'with' if tag else 'without'} tags: {a} + {b} samples, joined {both}, {errors} error{'s' * (errors != 1)}")
raise SystemExit(0 if lost == {True: 576, False: 0} else 1)
PYTHON
"$work/venv/bin/python" "$work/run.py" 2>/dev/null
