#!/usr/bin/env bash
# audio-decode 3.12.0 (npm; with @audio/decode-caf 1.4.1 and @audio/decode-aiff 1.3.0), Node 20; files by soundfile 0.14.0, Python 3.11.
#
# Behaviour: the same codec comes out right or wrong by the container. mu-law and A-law are right in WAV and AIFF; in CAF, Apple's container,
#   they are 12 and 18 dB too quiet, A-law with its sign turned too, so that speech can sink below a detector's threshold. 8-bit AIFF is
#   taken for unsigned: silence becomes full scale, and quiet audio jumps from one end of the range to the other. GSM 6.10 in AIFF is loud
#   noise of the right length, and IMA ADPCM in AIFF is distorted, with peaks twice as high. No error in any of these cases; soundfile
#   and FFmpeg read each of the files as it was written.
# Wrong guess: a decoder that accepts a codec decodes it alike wherever it stands, or raises an error.
# Seen: "ULAW in CAF: -12.0 dB", "ALAW in CAF: -18.1 dB", "ULAW in AIFF: 0.0 dB", "PCM_S8 in AIFF: 20.4 dB", "GSM610 in AIFF: 10.5 dB",
#   "IMA_ADPCM in AIFF: 1.3 dB, correlation 0.82".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check soundfile==0.14.0 numpy==2.4.0
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" \
  audio-decode@3.12.0 @audio/decode@3.16.2 @audio/decode-aiff@1.3.0 @audio/decode-caf@1.4.1 @audio/decode-wav@1.5.1
cat > decode.mjs <<'JS'
import fs from "node:fs";
import decode from "audio-decode";

for (const name of process.argv.slice(2)) {
  const { channelData, sampleRate } = await decode(fs.readFileSync(name));
  if (sampleRate !== 8000 || channelData.length !== 1) throw Error(`${name}: ${sampleRate} Hz, ${channelData.length} channels`);
  fs.writeFileSync(`${name}.f32`, Buffer.from(Float32Array.from(channelData[0]).buffer));
}
JS
cat > run.py <<'PY'
import subprocess
import sys

import numpy as np
import soundfile

RATE = 8000
CASES = [
    # container, codec, level in dB and correlation of what audio-decode returns against what soundfile reads
    ("WAV", "ULAW", 0.0, 1.0),
    ("AIFF", "ULAW", 0.0, 1.0),
    ("CAF", "ULAW", -12.0, 1.0),
    ("WAV", "ALAW", 0.0, 1.0),
    ("AIFF", "ALAW", 0.0, 1.0),
    ("CAF", "ALAW", -18.1, -1.0),
    ("CAF", "PCM_S8", 0.0, 1.0),
    ("AIFF", "PCM_16", 0.0, 1.0),
    ("AIFF", "PCM_S8", 20.4, -0.88),
    ("AIFF", "GSM610", 10.5, 0.07),
    ("AIFF", "IMA_ADPCM", 1.3, 0.82),
]


def level(samples):
    """The root mean square, in dB of full scale."""
    return 10 * np.log10(np.mean(samples**2))


tone = 0.125 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
names = []
for container, codec, *_ in CASES:
    names.append(f"{codec.lower()}.{container.lower()}")
    soundfile.write(names[-1], tone, RATE, format=container, subtype=codec)
subprocess.run(["node", "decode.mjs", *names], check=True)
as_expected = True
for name, (container, codec, louder, alike) in zip(names, CASES, strict=True):
    with soundfile.SoundFile(name) as file:
        reference = file.read(RATE)
    found = np.fromfile(f"{name}.f32", dtype="<f4").astype(np.float64)
    length = min(len(reference), len(found))  # IMA ADPCM has whole packets
    difference = level(found) - level(reference)
    correlation = np.corrcoef(found[:length], reference[:length])[0, 1]
    print(f"{codec} in {container}: {difference:.1f} dB, correlation {correlation:.2f}, peak {np.abs(found).max():.3f}, {len(found)} samples")
    as_expected &= abs(difference - louder) < 0.5 and abs(correlation - alike) < 0.1 and abs(len(found) - len(reference)) < 400
sys.exit(not as_expected)
PY
OMP_NUM_THREADS=1 venv/bin/python run.py
