#!/usr/bin/env bash
# wav-decoder 1.3.0 and audiobuffer-to-wav 1.0.0 (npm), Node 20; files by soundfile 0.14.0 and the script, Python 3.11.
#
# Behaviour: wav-decoder makes 1.0 of the lowest 24-bit sample, -8,388,608, which is -1.0; so each negative peak of a clipped recording
#   jumps to the other end of the range, with "symmetric" too. 16 and 32 bits are right. It skips no byte of padding: a file with a
#   chunk of odd length before the audio (valid RIFF, with the padding byte) raises RangeError "Offset is outside the bounds of the DataView".
#   audiobuffer-to-wav writes channel 0 alone for a buffer of more than two channels, with their number in the header: a second of
#   four channels is 0.25 s, in which every channel is made of channel 0's samples in turn. No error.
# Wrong guess: a decoder is right at full scale at each width or at none, and an encoder of WAV writes all channels or refuses.
# Seen: "24 bit: 1.0000 for -1.0000", "16 bit: -1.0000 for -1.0000", "chunk of 5 bytes before the audio: RangeError",
#   "a second of 4 channels: 4 x 0.25 s, values 0.1 0.1 0.1 0.1".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check soundfile==0.14.0 numpy==2.4.0
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" wav-decoder@1.3.0 audiobuffer-to-wav@1.0.0
cat > make.py <<'PY'
import struct

import numpy as np
import soundfile

clipped = np.clip(1.5 * np.sin(2 * np.pi * 440 * np.arange(1600) / 16000), -1, 1)
for bits in (16, 24, 32):
    samples = np.round(np.where(clipped < 0, clipped * 2**31, clipped * (2**31 - 1))).astype(np.int64).astype(np.int32)
    soundfile.write(f"{bits}.wav", samples, 16000, subtype=f"PCM_{bits}")
    read, _ = soundfile.read(f"{bits}.wav")
    assert read.min() == -1 and abs(np.corrcoef(read, clipped)[0, 1] - 1) < 1e-6

for length in (4, 5):
    chunks = b"WAVE" + b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
    chunks += b"note" + struct.pack("<I", length) + b"x" * length + b"\0" * (length % 2) + b"data" + struct.pack("<I", 3200) + bytes(3200)
    with open(f"note{length}.wav", "wb") as file:
        file.write(b"RIFF" + struct.pack("<I", len(chunks)) + chunks)
    assert len(soundfile.read(f"note{length}.wav")[0]) == 1600
PY
OMP_NUM_THREADS=1 venv/bin/python make.py
cat > run.js <<'JS'
const fs = require("node:fs");
const decoder = require("wav-decoder");
const toWav = require("audiobuffer-to-wav");

let asExpected = true;
for (const [bits, expected] of [[16, -1], [24, 1], [32, -1]]) {
  for (const symmetric of [false, true]) {
    const [samples] = decoder.decode.sync(fs.readFileSync(`${bits}.wav`), { symmetric }).channelData;
    const at = 27; // three quarters of the first period of 440 Hz, in the clipped part
    console.log(`${bits} bit${symmetric ? ", symmetric" : ""}: ${samples[at].toFixed(4)} for -1.0000`);
    asExpected &&= Math.abs(samples[at] - expected) < 1e-4;
  }
}
for (const [length, expected] of [[4, "1600 samples"], [5, "RangeError"]]) {
  let found;
  try {
    found = `${decoder.decode.sync(fs.readFileSync(`note${length}.wav`)).length} samples`;
  } catch (error) {
    found = error.name;
    console.log(error.message);
  }
  console.log(`chunk of ${length} bytes before the audio: ${found}`);
  asExpected &&= found === expected;
}
for (const [channels, seconds, values] of [[1, 1, "0.1"], [2, 1, "0.1 0.2"], [4, 0.25, "0.1 0.1 0.1 0.1"]]) {
  const buffer = {
    numberOfChannels: channels,
    sampleRate: 16000,
    length: 16000,
    getChannelData: (channel) => new Float32Array(16000).fill((channel + 1) / 10),
  };
  const audio = decoder.decode.sync(Buffer.from(toWav(buffer, { float32: true })));
  const found = audio.channelData.map((samples) => samples[0].toFixed(1)).join(" ");
  console.log(`a second of ${channels} channels: ${audio.numberOfChannels} x ${audio.length / 16000} s, values ${found}`);
  asExpected &&= audio.numberOfChannels === channels && audio.length === seconds * 16000 && found === values;
}
process.exit(Number(!asExpected));
JS
node run.js
