#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8 libraries in its wheel), soundfile 0.14.0 (libsndfile and libvorbis in its wheel), numpy 2.3.5, Python 3.11.
#
# Behaviour: FFmpeg gets the end of an Ogg Vorbis file wrong whose audio lies in a single page (short answers, or seconds of something that
#   compresses well): the first pts is 256 instead of 0, and the file is cut by that shift, so that up to 16 ms of audio at 16 kHz are missing at
#   the end, or padding of the encoder is left. libsndfile has the length that was written, and so has FFmpeg where there are two pages.
# Wrong guess: the granule position of the last page tells the length exactly, which is what it is for; and one page is the simplest case.
# Seen: "0.8 s: written 12800, libsndfile 12800, FFmpeg 12544 from pts 256", "0.5 s: written 8000, FFmpeg 8192 from pts 256",
#   "5.0 s: written 80000, FFmpeg 80000 from pts 0".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 soundfile==0.14.0 numpy==2.3.5
cat > "$work/run.py" <<'PY'
import io
import sys

import av
import numpy as np
import soundfile


def lengths(length_s):
    """The numbers of samples that were written, that libsndfile reads and that FFmpeg reads, and FFmpeg's first pts."""
    samples = 0.1 * np.random.default_rng(0).standard_normal(int(16_000 * length_s))
    content = io.BytesIO()
    soundfile.write(content, samples, 16_000, format="OGG", subtype="VORBIS")
    content.seek(0)
    read = len(soundfile.read(content)[0])
    content.seek(0)
    with av.open(content) as source:
        frames = list(source.decode(audio=0))
    audio_pages = content.getvalue().count(b"OggS") - 2
    return audio_pages, len(samples), read, sum(frame.samples for frame in frames), frames[0].pts


found = {}
for length_s in (0.5, 0.8, 2.0, 5.0):
    pages, written, libsndfile, ffmpeg, pts = found[length_s] = lengths(length_s)
    print(f"{length_s} s, pages {pages}: written {written}, libsndfile {libsndfile}, FFmpeg {ffmpeg} from pts {pts}")
as_expected = all(written == libsndfile for _, written, libsndfile, _, _ in found.values())
as_expected &= found[0.5][3:] == (8_192, 256) and found[0.8][3:] == (12_544, 256)
as_expected &= found[2.0][3:] == (32_000, 0) and found[5.0][3:] == (80_000, 0)
sys.exit(not as_expected)
PY
"$work/venv/bin/python" "$work/run.py"
