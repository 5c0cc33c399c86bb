#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8 libraries in its wheel), numpy 2.3.5, Python 3.11.
#
# Behaviour: AudioFifo.write() takes frames of a decoded recording only if the first pts is 0 and each next one is exactly the number of
#   samples so far, cut to the unit of time_base. So it raises ValueError at the first frame of an MP3 file (encoder delay) and
#   within the first frames of Matroska, WebM and FLV (times in milliseconds are rounded, not cut), on files without any gap. WAV, MP4, ADTS and
#   MPEG-TS pass. frame.pts = None before write() avoids it, and the frames that come out are then numbered from 0.
# Wrong guess: the check that timestamps are continuous, which the documentation names, only looks for gaps; a start other than 0
#   and a rounding by one unit are no gaps.
# Seen: "mp3: frame 1, Frame.pts (353600) != expected (0)", "matroska flac 44100: frame 3, Frame.pts (209) != expected (208)",
#   "webm libopus 48000: frame 2", "flv aac 44100: frame 5"; mp4 and flac: all frames.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.3.5
cat > "$work/run.py" <<'PY'
import io
import logging
import sys
from fractions import Fraction

import av
import numpy as np

logging.disable(logging.CRITICAL)


def recording(container, codec, rate):
    target = io.BytesIO()
    samples = (8_000 * np.sin(np.arange(rate * 2) / 20)).astype(np.int16)[None]
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
    with av.open(target, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout="mono")
        pieces = av.AudioResampler(format=stream.format, layout="mono", rate=rate, frame_size=1_024)
        for piece in [*pieces.resample(frame), *pieces.resample(None)]:
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return target.getvalue()


def refused(content):
    """The number of the first frame that AudioFifo refuses, 0 if it takes all."""
    fifo = av.AudioFifo()
    with av.open(io.BytesIO(content)) as source:
        for number, frame in enumerate(source.decode(audio=0), 1):
            try:
                fifo.write(frame)
            except ValueError as error:
                return number, str(error)
    return 0, "all frames"


found = []
for container, codec, rate in (
    ("mp3", "libmp3lame", 44_100),
    ("matroska", "flac", 44_100),
    ("webm", "libopus", 48_000),
    ("flv", "aac", 44_100),
    ("mp4", "aac", 44_100),
    ("flac", "flac", 44_100),
):
    number, message = refused(recording(container, codec, rate))
    print(f"{container} {codec} {rate}: frame {number}, {message}")
    found.append(number)
sys.exit(not (found[0] == 1 and all(1 < number < 10 for number in found[1:4]) and found[4:] == [0, 0]))
PY
"$work/venv/bin/python" "$work/run.py"
