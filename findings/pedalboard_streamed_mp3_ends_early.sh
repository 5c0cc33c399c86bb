#!/usr/bin/env bash
# pedalboard 0.9.26, Python 3.11; MP3 by imageio-ffmpeg 0.6.0 (its wheel holds the ffmpeg 7.0.2 command), Linux on x86-64.
#
# Behaviour: AudioFile estimates the length of an MP3 of variable bit rate without a Xing header (written to a pipe, as streams are) from the
#   first frames, and then reads just as many samples as that: of 10 s of a tone 1.2 s, and of 10 s that begin with 2 s of silence
#   32.8 s, the last 22.6 of them silent. Reading in blocks until nothing comes ends at the same place, without an error; only
#   exact_duration_known is False. Two MP3 files with Xing headers joined by `cat` are read as the first one alone, and a WAV file that
#   was written to a pipe is said to last 37 hours: for those two exact_duration_known is True.
# Wrong guess: an estimated length is a hint for progress bars, and reading goes on to the end of the file; exact means exact.
# Seen: "tone: ffmpeg 10.08 s, frames 1.19 s, read 1.19 s, exact False",
#   "silence, then noise: ffmpeg 10.08 s, frames 32.76 s, read 32.76 s, exact False",
#   "two files joined: ffmpeg 20.08 s, frames 10.08 s, read 10.08 s, exact True", "WAV from a pipe: duration 134217.7 s, exact True".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check pedalboard==0.9.26 imageio-ffmpeg==0.6.0 numpy==2.3.5
cat > run.py <<'PY'
import io
import subprocess
import sys

import imageio_ffmpeg
from pedalboard.io import AudioFile

RATE = 16_000
FFMPEG = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"]
TONE = ["-f", "lavfi", "-i", f"sine=frequency=440:duration=10:sample_rate={RATE}"]
NOISE = ["-f", "lavfi", "-i", f"aevalsrc=if(lt(t\\,2)\\,0\\,0.3*random(0)):d=10:s={RATE}"]


def ffmpeg(arguments, data=None):
    return subprocess.run([*FFMPEG, *arguments], input=data, capture_output=True, check=True).stdout


def variable_rate(source):
    return ffmpeg([*source, "-c:a", "libmp3lame", "-q:a", "4", "-f", "mp3", "-"])


def read(data):
    """What the file says of its length, and how much of it can be read, in seconds; and where the last sample above -60 dB is."""
    with AudioFile(io.BytesIO(data)) as file:
        frames, exact, samples, last = file.frames, file.exact_duration_known, 0, 0
        while (block := file.read(1000)).shape[1]:
            if abs(block).max() > 0.001:
                last = samples + block.shape[1]
            samples += block.shape[1]
    return frames / RATE, samples / RATE, last / RATE, exact


ffmpeg([*TONE, "-c:a", "libmp3lame", "-q:a", "4", "file.mp3"])
with open("file.mp3", "rb") as file:
    seekable = file.read()
constant = ffmpeg([*TONE, "-c:a", "libmp3lame", "-b:a", "32k", "-f", "mp3", "-"])
as_expected = True
for name, data, expected_read, expected_exact in (
    ("constant bit rate", constant, 10.08, False),
    ("tone", variable_rate(TONE), 1.19, False),
    ("silence, then noise", variable_rate(NOISE), 32.76, False),
    ("file with a Xing header", seekable, 10.08, True),
    ("two files joined", seekable + seekable, 10.08, True),
):
    true = len(ffmpeg(["-i", "-", "-f", "s16le", "-"], data)) / 2 / RATE
    frames, samples, last, exact = read(data)
    print(f"{name}: ffmpeg {true:.2f} s, frames {frames:.2f} s, read {samples:.2f} s, exact {exact}, last sound at {last:.2f} s")
    as_expected &= abs(samples - expected_read) < 0.1 and abs(frames - samples) < 0.1 and exact == expected_exact and last < 10.2
with AudioFile(io.BytesIO(ffmpeg([*TONE, "-f", "wav", "-"]))) as file:
    print(f"WAV from a pipe: duration {file.duration:.1f} s, exact {file.exact_duration_known}")
    as_expected &= file.duration > 100_000 and file.exact_duration_known
sys.exit(not as_expected)
PY
nice -n 10 venv/bin/python run.py
