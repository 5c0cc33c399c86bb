#!/usr/bin/env bash
# PyAV 18.1.0 (libavformat 62.12 of FFmpeg 8 in its wheel), soundfile 0.14.0 (libsndfile 1.2.2), numpy 2.3.5, Python 3.11.
#
# Behaviour: what FFmpeg writes to something that cannot seek (a pipe, a socket) without an error or a warning:
#   - AIFF that FFmpeg itself refuses ("Invalid data found"), while libsndfile reads all of it;
#   - W64 that neither of them reads;
#   - WAV with rf64=always that both open, and find 0 samples in, without an error. With rf64=auto, and in plain WAV, all is read.
#   In AIFF and RF64 the sizes in the headers stay 0, where plain WAV has 0xFFFFFFFF; in W64 they are the largest numbers there are.
# Wrong guess: FFmpeg reads what FFmpeg writes; a format that needs seeking is refused when it is written (as MP4 is); and RF64, which
#   is made for sizes that do not fit, is at least as safe in a pipe as WAV.
# Seen: "aiff to a pipe: FFmpeg InvalidDataError, libsndfile 16000", "w64 to a pipe: FFmpeg InvalidDataError, libsndfile LibsndfileError",
#   "wav rf64=always to a pipe: FFmpeg 0, libsndfile 0"; to a file 16000 each.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 soundfile==0.14.0 numpy==2.3.5
cat > "$work/run.py" <<'PY'
import io
import sys
from fractions import Fraction

import av
import numpy as np
import soundfile


class Pipe:
    """Has write() only, so that PyAV tells FFmpeg that it cannot seek."""

    def __init__(self):
        self.content = b""

    def write(self, data):
        self.content += bytes(data)
        return len(data)

    def getvalue(self):
        return self.content


def write(target, container, codec, options):
    samples = (8_000 * np.sin(np.arange(16_000) / 20)).astype(np.int16)[None]
    with av.open(target, "w", format=container, options=options) as output:
        stream = output.add_stream(codec, rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = 16_000, Fraction(1, 16_000), 0
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            output.mux(packet)
    return target.getvalue()


def by_ffmpeg(content):
    with av.open(io.BytesIO(content)) as source:
        return sum(frame.samples for frame in source.decode(audio=0))


def by_libsndfile(content):
    return len(soundfile.read(io.BytesIO(content))[0])


def count(reader, content):
    try:
        return reader(content)
    except (av.FFmpegError, soundfile.LibsndfileError) as error:
        return type(error).__name__


found = {}
for container, codec, options in (
    ("wav", "pcm_s16le", {}),
    ("wav", "pcm_s16le", {"rf64": "auto"}),
    ("wav", "pcm_s16le", {"rf64": "always"}),
    ("aiff", "pcm_s16be", {}),
    ("w64", "pcm_s16le", {}),
):
    name = " ".join([container, *(f"{key}={value}" for key, value in options.items())])
    for target, place in ((io.BytesIO(), "file"), (Pipe(), "pipe")):
        content = write(target, container, codec, options)
        found[name, place] = seen = count(by_ffmpeg, content), count(by_libsndfile, content)
        print(f"{name} to a {place}: FFmpeg {seen[0]}, libsndfile {seen[1]}")
expected = dict.fromkeys(found, (16_000, 16_000)) | {
    ("wav rf64=always", "pipe"): (0, 0),
    ("aiff", "pipe"): ("InvalidDataError", 16_000),
    ("w64", "pipe"): ("InvalidDataError", "LibsndfileError"),
}
sys.exit(found != expected)
PY
"$work/venv/bin/python" "$work/run.py"
