#!/usr/bin/env bash
# pydub 0.25.1, Python 3.11 or 3.12; imageio-ffmpeg 0.6.0 (ffmpeg 7.0.2), @ffprobe-installer/ffprobe 2.1.2 (npm), Linux on x86-64.
#
# Behaviour: AudioSegment.from_file() decodes mu-law and A-law, in WAV, AU and MOV, to 8-bit linear samples, since each code has 8 bits: speech
#   40 dB below full scale, as quiet callers are, is 7 dB above the noise instead of 34 (mu-law), and set_sample_width(2) does not bring
#   it back. IMA ADPCM and Microsoft's ADPCM, with 4 bits, raise CouldntDecodeError: FFmpeg has no encoder named pcm_s4le.
#   AudioSegment.silent() has 11,025 Hz: appended to a call of 8,000 Hz it makes 11,025 Hz of the whole.
# Wrong guess: what FFmpeg decodes to 16 bits comes as 16 bits (sample_width 2); silence takes the rate of what it is added to.
# Seen: "mu-law in WAV, -40 dB: sample_width 1, 7.2 dB over the noise; by FFmpeg 34.3 dB", "IMA ADPCM in WAV: CouldntDecodeError, pcm_s4le",
#   "8000 Hz + silent(): 11025 Hz".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check pydub==0.25.1 imageio-ffmpeg==0.6.0 numpy==2.3.5
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/npm" @ffprobe-installer/ffprobe@2.1.2
mkdir bin
ln -s "$(venv/bin/python -c "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())")" bin/ffmpeg
mv node_modules/@ffprobe-installer/linux-x64/ffprobe bin/ffprobe
chmod +x bin/ffprobe
cat > run.py <<'PY'
import subprocess
import sys

import numpy as np
from pydub import AudioSegment
from pydub.exceptions import CouldntDecodeError

RATE = 8_000


def over_noise(samples, tone):
    """How far the tone is above what differs from it, in dB."""
    samples = samples[: len(tone)].astype(float)
    return 10 * np.log10((tone**2).mean() / ((samples - tone) ** 2).mean())


as_expected = True
for level in (-12, -40):
    tone = np.round(32_768 * 2**0.5 * 10 ** (level / 20) * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE))
    for name, codec, suffix in (
        ("mu-law in WAV", "pcm_mulaw", "wav"),
        ("A-law in WAV", "pcm_alaw", "wav"),
        ("mu-law in AU", "pcm_mulaw", "au"),
        ("mu-law in MOV", "pcm_mulaw", "mov"),
        ("linear in WAV", "pcm_s16le", "wav"),
    ):
        write = ["ffmpeg", "-v", "error", "-y", "-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", "-", "-c:a", codec, f"call.{suffix}"]
        subprocess.run(write, input=tone.astype("<i2").tobytes(), check=True)
        decoded = subprocess.run(["ffmpeg", "-v", "error", "-i", f"call.{suffix}", "-f", "s16le", "-"], capture_output=True, check=True).stdout
        ffmpeg = over_noise(np.frombuffer(decoded, "<i2"), tone)
        segment = AudioSegment.from_file(f"call.{suffix}")
        pydub = over_noise(np.array(segment.set_sample_width(2).get_array_of_samples()), tone)
        width = segment.sample_width
        if codec == "pcm_s16le":
            print(f"{name}, {level} dB: sample_width {width}")
            as_expected &= width == 2
            continue
        print(f"{name}, {level} dB: sample_width {width}, {pydub:.1f} dB over the noise; by FFmpeg {ffmpeg:.1f} dB")
        as_expected &= width == 1 and ffmpeg - pydub > (20 if level == -40 else 2)
for name, codec in (("IMA ADPCM in WAV", "adpcm_ima_wav"), ("Microsoft's ADPCM in WAV", "adpcm_ms")):
    tone = ["-f", "lavfi", "-i", f"sine=frequency=440:duration=2:sample_rate={RATE}"]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *tone, "-c:a", codec, "call.wav"], check=True)
    try:
        AudioSegment.from_file("call.wav")
        said = "decoded"
    except CouldntDecodeError as error:
        said = f"{type(error).__name__}, {'pcm_s4le' if 'pcm_s4le' in str(error) else 'another reason'}"
    print(f"{name}: {said}")
    as_expected &= said == "CouldntDecodeError, pcm_s4le"
call = AudioSegment(bytes(2 * RATE), frame_rate=RATE, sample_width=2, channels=1)
longer = call + AudioSegment.silent(duration=500)
print(f"{call.frame_rate} Hz + silent(): {longer.frame_rate} Hz")
as_expected &= longer.frame_rate == 11_025
sys.exit(not as_expected)
PY
PATH="$work/bin:$PATH" nice -n 10 venv/bin/python -W ignore run.py
