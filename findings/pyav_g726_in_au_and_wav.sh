#!/usr/bin/env bash
# av 18.1.0 (FFmpeg's libavcodec 62.28), soundfile 0.14.0 (libsndfile 1.2.2), numpy 2.2.6, Python 3.11 to 3.13.
#
# Behaviour: telephone codecs that FFmpeg and libsndfile both have are noise in the other one, mostly without an error:
#   - FFmpeg writes G.726 of every bit rate into an AU file as if it were 32 kbit/s. What it wrote at 24 or 40 kbit/s it reads itself
#     as noise of 0.75 and 1.25 times the length; libsndfile does, too. In WAV all rates come back.
#   - G.721 in WAV, as libsndfile writes it, has the right length in FFmpeg and is noise.
#   - NMS ADPCM in WAV (voice boards) is AMR for FFmpeg, of four times the length.
# Wrong guess: a format that a writer accepts comes back from the reader of the same library, and a number of a WAV codec means one codec.
# Seen (signal to noise): "au 24 kbit/s: 12000 of 16000 samples, -8.4 dB", "wav 24 kbit/s: 16000 of 16000 samples, 26.9 dB",
#   "G721_32: g726, 16080 samples, 1.1 dB (libsndfile 31.7)", "NMS_ADPCM_32: amrnb, 64480 samples, -0.2 dB (libsndfile 32.5)".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check av==18.1.0 soundfile==0.14.0 numpy==2.2.6
cat > "$work/run.py" <<'PY'
import io
import sys

import av
import numpy as np
import soundfile

time = np.arange(16_000) / 8000
sweep = np.sin(2 * np.pi * (200 + 300 * time) * time) * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time))
spoken = (0.4 * sweep + np.random.default_rng(1).normal(0, 0.01, 16_000)).astype(np.float32)


def decibels(heard):
    """Returns the ratio of signal to noise at the best delay below 100 samples."""
    size = min(len(heard), len(spoken)) - 100
    powers = [np.mean((heard[delay : delay + size] - spoken[:size]) ** 2) for delay in range(100)]
    return round(float(10 * np.log10(np.mean(spoken[:size] ** 2) / min(powers))), 1)


def encode(container, codec, rate):
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=8000, layout="mono")
        stream.bit_rate = rate
        frame = av.AudioFrame.from_ndarray((spoken * 32767).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = 8000, 0
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


def decode(content):
    parts = []
    with av.open(io.BytesIO(content)) as source:
        stream = source.streams.audio[0]
        for packet in source.demux(stream):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue
            for frame in frames:
                values = frame.to_ndarray().ravel()
                parts.append(values / 32768 if values.dtype == np.int16 else values)
        return stream.codec_context.name, np.concatenate(parts)


av.logging.set_level(None)
changed = False
for container, codec in (("au", "g726le"), ("wav", "g726")):
    for rate in (24, 32, 40):
        _, heard = decode(encode(container, codec, rate * 1000))
        ratio = decibels(heard)
        print(f"{container} {rate} kbit/s: {len(heard)} of 16000 samples, {ratio} dB")
        broken = container == "au" and rate != 32
        changed |= len(heard) != (500 * rate if broken else 16_000) or (ratio < 0) != broken
for subtype, codec, least in (("G721_32", "g726", 16_000), ("NMS_ADPCM_32", "amrnb", 60_000)):
    file = io.BytesIO()
    soundfile.write(file, spoken, 8000, format="WAV", subtype=subtype)
    name, heard = decode(file.getvalue())
    own = decibels(soundfile.read(io.BytesIO(file.getvalue()))[0])
    print(f"{subtype}: {name}, {len(heard)} samples, {decibels(heard)} dB (libsndfile {own})")
    changed |= name != codec or len(heard) < least or decibels(heard) > 5 or own < 25
sys.exit(changed)
PY
"$work/venv/bin/python" "$work/run.py"
