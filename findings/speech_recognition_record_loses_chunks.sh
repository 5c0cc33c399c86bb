#!/usr/bin/env bash
# SpeechRecognition 3.17.0, numpy 2.4.6, Python 3.11.
#
# Behaviour: `Recognizer.record` reads chunks of 4,096 samples and drops the one that passes `duration`: at 16 kHz, duration=1 gives
#   0.768 s, and the chunk is gone, so that a recording read in pieces of 1 s loses 0.256 s out of each 1.024 s (the documentation says
#   that a second call goes on right after the first). `offset` goes by chunks too: 0.5 starts at 0.256. An AudioFile with two channels is their sum, clipped: equal channels come out twice as loud.
#   convert_rate resamples without a low-pass filter: a tone of 12 kHz is left at 4 kHz, 2 dB below its level.
# Wrong guess: record(source, duration=1) gives a second, and the next call goes on where it ended.
# Seen: "2.0 s in pieces of 1 s: [0.768, 0.768] s; lost 0.464 s", "offset 0.5: starts at 0.256 s",
#   "equal channels with peak 20000: 32768", "12 kHz at 16 kHz: -2.1 dB, at 4000 Hz".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check SpeechRecognition==3.17.0 numpy==2.4.6
cat > "$work/run.py" <<'PY'
import io
import sys
import wave

import numpy as np
import speech_recognition

RATE = 16_000


def source(samples):
    """An AudioFile of 16-bit samples, (samples,) or (samples, channels)."""
    target = io.BytesIO()
    with wave.open(target, "wb") as output:
        output.setnchannels(samples.ndim)
        output.setsampwidth(2)
        output.setframerate(RATE)
        output.writeframes(samples.astype("<i2").tobytes())
    target.seek(0)
    return speech_recognition.AudioFile(target)


def samples_of(audio, **options):
    return np.frombuffer(audio.get_raw_data(**options), "<i2").astype(float)


recognizer = speech_recognition.Recognizer()
numbered = np.arange(2 * RATE)  # each sample says where it is
with source(numbered) as recording:
    pieces = []
    while len(piece := samples_of(recognizer.record(recording, duration=1))):
        pieces.append(piece)
lengths = [round(len(piece) / RATE, 3) for piece in pieces]
lost = len(numbered) / RATE - sum(lengths)
starts = [int(piece[0]) for piece in pieces]
print(f"{len(numbered) / RATE} s in pieces of 1 s: {lengths} s; lost {lost:.3f} s; first samples {starts}")
as_expected = lengths[0] == 0.768 and lost > 0.25 and starts[1] == 4 * 4096
with source(numbered) as recording:
    begin = samples_of(recognizer.record(recording, offset=0.5))[0] / RATE
print(f"offset 0.5: starts at {begin} s")
as_expected &= begin == 0.256
tone = 20_000 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
with source(np.stack([tone, tone], axis=1)) as recording:
    peak = np.abs(samples_of(recognizer.record(recording))).max()
print(f"equal channels with peak 20000: {peak:.0f}")
as_expected &= peak > 32_000
high = 20_000 * np.sin(2 * np.pi * 12_000 * np.arange(44_100) / 44_100)
resampled = samples_of(speech_recognition.AudioData(high.astype("<i2").tobytes(), 44_100, 2), convert_rate=RATE)
level = 20 * np.log10(resampled.std() / high.std())
place = int(np.argmax(np.abs(np.fft.rfft(resampled))) * RATE / len(resampled))
print(f"12 kHz at 16 kHz: {level:.1f} dB, at {place} Hz")
sys.exit(not (as_expected and level > -3 and place == 4000))
PY
"$work/venv/bin/python" -W ignore "$work/run.py"
