#!/usr/bin/env bash
# wyoming 1.10.2, Python 3.11.
#
# Behaviour: AudioChunkConverter(channels=1) adds the two channels instead of averaging them: a recording with the same speech on both gets
#   twice as loud, and all above half of full scale is clipped. wav_to_chunks() cuts the length of each chunk to whole milliseconds
#   before it adds it to the timestamp, so that timestamps fall behind by about 1 % at 22,050 Hz and 1,024 samples, 2 % at 48,000 Hz and 441.
# Wrong guess: a mono mix of two equal channels is either of them; timestamps are off by less than a millisecond.
# Seen: "two equal channels with peak 20000: mono peak 32767, 6221 of 16000 samples at the limit" and
#   "22050 Hz, 1024 samples per chunk: last timestamp 59.386 s, true 59.954 s".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check wyoming==1.10.2
cat > "$work/run.py" <<'PY'
import array
import io
import math
import sys
import wave

from wyoming.audio import AudioChunk, AudioChunkConverter, wav_to_chunks

mono = array.array("h", (round(20_000 * math.sin(n / 10)) for n in range(16_000)))
stereo = array.array("h", (sample for sample in mono for _ in range(2)))
chunk = AudioChunk(rate=16_000, width=2, channels=2, audio=stereo.tobytes())
mixed = array.array("h", AudioChunkConverter(channels=1).convert(chunk).audio)
limited = sum(sample in (-32_768, 32_767) for sample in mixed)
print(f"two equal channels with peak {max(mono)}: mono peak {max(mixed)}, {limited} of {len(mixed)} samples at the limit")
as_expected = max(mono) == 20_000 and max(mixed) == 32_767 and limited > 1_000

for rate, samples in ((16_000, 1_024), (22_050, 1_024), (48_000, 441)):
    target = io.BytesIO()
    with wave.open(target, "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(2)
        output.setframerate(rate)
        output.writeframes(bytes(2 * 60 * rate))
    target.seek(0)
    with wave.open(target, "rb") as recording:
        chunks = list(wav_to_chunks(recording, samples))
    said, true = chunks[-1].timestamp / 1000, (len(chunks) - 1) * samples / rate
    print(f"{rate} Hz, {samples} samples per chunk: last timestamp {said:.3f} s, true {true:.3f} s")
    as_expected &= said == true if rate == 16_000 else true - said > 0.4
sys.exit(not as_expected)
PY
"$work/venv/bin/python" "$work/run.py"
