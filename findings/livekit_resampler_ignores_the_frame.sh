#!/usr/bin/env bash
# livekit 1.2.1 (the package of livekit.rtc), numpy 2.4.6, Python 3.11.
#
# Behaviour: AudioResampler.push() takes an AudioFrame and looks at its bytes only: sampling rate and channels, which the frame carries, are those
#   that the resampler was made with. Stereo frames in a resampler of one channel become twice as long and an octave lower, and frames
#   of 16 kHz in a resampler from 48 kHz last a third; the frames that come out say 16 kHz, mono. Nothing is raised.
#   combine_audio_frames of the same package raises ValueError for both.
# Wrong guess: a frame that does not fit raises, or is resampled from the rate that it has.
# Seen: 2 s of a tone of 440 Hz: "48000 Hz, 1 channel: 2.00 s, 440 Hz", "48000 Hz, 2 channels: 4.00 s, 220 Hz",
#   "44100 Hz, 1 channel: 1.84 s, 479 Hz", "16000 Hz, 1 channel: 0.67 s, 1320 Hz".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check livekit==1.2.1 numpy==2.4.6
cat > "$work/run.py" <<'PY'
import sys

import numpy as np
from livekit import rtc

FROM, TO, SECONDS = 48_000, 16_000, 2


def resampled(rate, channels):
    """Length in seconds and frequency in Hz of what AudioResampler(48000, 16000) makes of a tone of 440 Hz."""
    tone = (10_000 * np.sin(2 * np.pi * 440 * np.arange(rate * SECONDS) / rate)).astype(np.int16)
    resampler = rtc.AudioResampler(FROM, TO, num_channels=1)
    frames = []
    size = rate // 50
    for block in tone.reshape(-1, size):
        interleaved = np.repeat(block, channels).tobytes()
        frames += resampler.push(rtc.AudioFrame(interleaved, rate, channels, size))
    frames += resampler.flush()
    assert all((frame.sample_rate, frame.num_channels) == (TO, 1) for frame in frames)
    samples = np.concatenate([np.frombuffer(frame.data, np.int16) for frame in frames])
    pitch = np.argmax(np.abs(np.fft.rfft(samples))) * TO / len(samples)
    return round(len(samples) / TO, 2), round(float(pitch))


as_expected = True
for rate, channels, expected in (
    (48_000, 1, (2.0, 440)),
    (48_000, 2, (4.0, 220)),
    (44_100, 1, (1.84, 479)),
    (16_000, 1, (0.67, 1320)),
):
    length, pitch = resampled(rate, channels)
    print(f"{rate} Hz, {channels} channel{'s' * (channels > 1)}: {length:.2f} s, {pitch} Hz")
    as_expected &= (length, pitch) == expected

try:
    rtc.combine_audio_frames([rtc.AudioFrame.create(16_000, channels, 160) for channels in (1, 2)])
except ValueError as error:
    print(f"combine_audio_frames: ValueError: {error}")
else:
    as_expected = False
sys.exit(not as_expected)
PY
"$work/venv/bin/python" "$work/run.py"
