#!/usr/bin/env bash
# PyAV 18.1.0 (libswresample 6.3 of FFmpeg 8 in its wheel), numpy 2.3.5, Python 3.11.
#
# Behaviour: a plain WAV file of three channels (three microphones, no channel mask) has no layout, FFmpeg's resampler guesses "2.1", and
#   the mix to mono leaves the third channel out altogether, as a subwoofer. Of six, seven and eight channels it leaves out the
#   fourth; of four and five none. The others have different weights: of six channels the third counts twice as much as the last two.
#   faster-whisper's decode_audio() and `ffmpeg -ac 1` mix this way. An average must be asked for (filter pan, or the channels as an array).
# Wrong guess: channels without a mask have no places, so that a mono mix is their average; and nobody means 2.1 by three channels.
# Seen: "3 channels: 0.500 0.500 0.000", "6 channels: 0.207 0.207 0.293 0.000 0.146 0.146".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.3.5
cat > "$work/run.py" <<'PY'
import io
import sys
import wave

import av
import numpy as np


def recording(channels, speaking):
    """A second of WAV with a constant signal in one channel, and zeros in the others."""
    samples = np.zeros((16_000, channels), np.int16)
    samples[:, speaking] = 16_000
    target = io.BytesIO()
    with wave.open(target, "wb") as output:
        output.setnchannels(channels)
        output.setsampwidth(2)
        output.setframerate(16_000)
        output.writeframes(samples.tobytes())
    target.seek(0)
    return target


def weight(channels, speaking):
    resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
    with av.open(recording(channels, speaking)) as source:
        mono = [piece.to_ndarray() for frame in source.decode(audio=0) for piece in resampler.resample(frame)]
    return round(float(np.concatenate(mono, axis=1).mean()) / 16_000, 3)


silent = {}
for channels in range(2, 9):
    measured = [weight(channels, speaking) for speaking in range(channels)]
    print(f"{channels} channels: {' '.join(f'{value:.3f}' for value in measured)}")
    silent[channels] = [number for number, value in enumerate(measured, 1) if value == 0]
sys.exit({key: value for key, value in silent.items() if value} != {3: [3], 6: [4], 7: [4], 8: [4]})
PY
"$work/venv/bin/python" "$work/run.py"
