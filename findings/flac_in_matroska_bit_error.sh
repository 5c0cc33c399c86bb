#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8 libraries in its wheel), numpy 2.3.5, Python 3.11 to 3.13.
#
# Behaviour: FLAC frames carry a checksum, but FFmpeg's decoder does not look at it unless it is asked to: a changed bit in a
#   Matroska file gives wrong samples, no exception and nothing in the log. With err_detect=crccheck the error is logged, and
#   the wrong samples are delivered all the same; only crccheck+explode raises and leaves the frame out. The option has to be
#   set on the codec context: among the options of av.open it is taken without a word, and has no effect.
# Wrong guess: a lossless codec with checksums fails loudly; err_detect given to av.open reaches the decoder.
# Seen: "default: 2 samples wrong, 0 log lines, 0 exceptions", "crccheck to av.open: 2 samples wrong, 0 log lines, 0 exceptions",
#   "crccheck: 2 samples wrong, 1 log lines, 0 exceptions", "crccheck+explode: a frame is missing, 0 log lines, 1 exceptions".
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

av.logging.set_level(av.logging.ERROR)
rng = np.random.default_rng(0)
samples = (rng.normal(size=64_000) * 3_000).astype(np.int16)[None]
target = io.BytesIO()
with av.open(target, "w", format="matroska") as output:
    stream = output.add_stream("flac", rate=16_000, layout="mono")
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate, frame.time_base, frame.pts = 16_000, Fraction(1, 16_000), 0
    for packet in [*stream.encode(frame), *stream.encode(None)]:
        output.mux(packet)
content = bytearray(target.getvalue())
content[len(content) // 2] ^= 0x10


def decode(codec, container):
    found, errors = [], 0
    with av.logging.Capture() as log, av.open(io.BytesIO(bytes(content)), format="matroska", options=container) as source:
        source.streams.audio[0].codec_context.options = codec
        for packet in source.demux(audio=0):
            try:
                found += [frame.to_ndarray().ravel() for frame in packet.decode()]
            except av.FFmpegError:
                errors += 1
    decoded = np.concatenate(found)
    wrong = int((decoded != samples[0]).sum()) if len(decoded) == samples.size else -1
    return wrong, len(log), errors


results = {}
for name, codec, container in (
    ("default", {}, {}),
    ("crccheck to av.open", {}, {"err_detect": "crccheck"}),
    ("crccheck", {"err_detect": "crccheck"}, {}),
    ("crccheck+explode", {"err_detect": "crccheck+explode"}, {}),
):
    results[name] = wrong, lines, errors = decode(codec, container)
    what = "a frame is missing" if wrong < 0 else f"{wrong} samples wrong"
    print(f"{name}: {what}, {lines} log lines, {errors} exceptions")
silent = all(results[name][0] > 0 and results[name][1:] == (0, 0) for name in ("default", "crccheck to av.open"))
logged = results["crccheck"][0] > 0 and results["crccheck"][1] > 0 and results["crccheck"][2] == 0
raised = results["crccheck+explode"][0] < 0 and results["crccheck+explode"][2] == 1
raise SystemExit(0 if silent and logged and raised else 1)
PYTHON
"$work/venv/bin/python" "$work/run.py"
