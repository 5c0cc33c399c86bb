#!/usr/bin/env bash
# wavefile 11.0.0 (npm), Node 20; files by soundfile 0.14.0, Python 3.11.
#
# Behaviour: toBitDepth("16") of a mu-law or A-law recording returns full-scale noise: it decodes the samples to 16 bits first and then scales them
#   as if they were still of the file's depth. fromMuLaw() and fromALaw() are right, and so is toBitDepth of 8-bit linear and of float
#   recordings; but floats whose header is WAVE_FORMAT_EXTENSIBLE come out as noise too, since their bits are taken for integers. IMA ADPCM,
#   by soundfile or by wavefile itself, is decoded 7 samples too long in each block, so that all but the first block are out of place. None
#   of this raises an error. Linear samples are truncated: 16 bits to 24 and back lower half of all small samples by one.
# Wrong guess: the call that makes 16 bits of other WAV files makes them of a telephone recording, and an integer survives a wider type and back.
# Seen: "WAV ULAW: toBitDepth error 20.3 dB, peak 32768", "WAV ULAW: own decoder error -37.5 dB", "WAVEX FLOAT: toBitDepth error 13.6 dB",
#   "WAV IMA_ADPCM: own decoder error 3.6 dB, 8192 samples for 8080" (errors against the tone in the file).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check soundfile==0.14.0 numpy==2.4.0
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" wavefile@11.0.0
cat > write.py <<'PY'
import sys

import numpy as np
import soundfile

tone = 0.125 * np.sin(2 * np.pi * 440 * np.arange(8080) / 8000)  # 16 blocks of IMA ADPCM
for name in sys.argv[1:]:
    container, codec = name.removesuffix(".wav").split(" ")
    soundfile.write(name, tone, 8000, format=container, subtype=codec)
    with soundfile.SoundFile(name) as file:
        assert np.mean((file.read(8000) - tone[:8000]) ** 2) ** 0.5 < 0.02, name
PY
cat > run.mjs <<'JS'
import fs from "node:fs";
import wavefile from "wavefile";

const TONE = Float64Array.from({ length: 8000 }, (_, index) => 4096 * Math.sin((2 * Math.PI * 440 * index) / 8000));

/** The level of what differs from the tone, against the tone, in dB. */
function error(samples) {
  const sum = TONE.reduce((total, value, index) => total + (samples[index] - value) ** 2, 0);
  return 10 * Math.log10(sum / TONE.reduce((total, value) => total + value ** 2, 0));
}

/** What the file's samples are once `convert` made 16 bits of them. */
function converted(buffer, convert) {
  const wave = new wavefile.WaveFile(buffer);
  convert(wave);
  const samples = wave.getSamples();
  return { error: error(samples), peak: samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0), length: samples.length };
}

/** How many of the samples -1000 to 999 a change of the bit depth and back changes. */
function changed(depth) {
  const numbers = Int16Array.from({ length: 2000 }, (_, index) => index - 1000);
  const wave = new wavefile.WaveFile();
  wave.fromScratch(1, 8000, "16", numbers);
  wave.toBitDepth(depth);
  wave.toBitDepth("16");
  return wave.getSamples().filter((value, index) => value !== numbers[index]).length;
}

let asExpected = true;
const general = (wave) => wave.toBitDepth("16");
const cases = [
  // name, whether toBitDepth is right (null: not asked), the codec's own decoder, whether that one is right
  ["WAV PCM_U8", true],
  ["WAV FLOAT", true],
  ["WAVEX FLOAT", false],
  ["WAV ULAW", false, (wave) => wave.fromMuLaw(), true],
  ["WAV ALAW", false, (wave) => wave.fromALaw(), true],
  ["WAV IMA_ADPCM", null, (wave) => wave.fromIMAADPCM(), false],
];
for (const [name, right, decoder, decoderRight] of cases) {
  const buffer = fs.readFileSync(`${name}.wav`);
  if (right !== null) {
    const found = converted(buffer, general);
    console.log(`${name}: toBitDepth error ${found.error.toFixed(1)} dB, peak ${found.peak}`);
    asExpected &&= right ? found.error < -20 : found.error > 3;
  }
  if (decoder) {
    const own = converted(buffer, decoder);
    console.log(`${name}: own decoder error ${own.error.toFixed(1)} dB, ${own.length} samples for 8080`);
    asExpected &&= decoderRight ? own.error < -20 && own.length === 8080 : own.error > 3 && own.length === 8192;
  }
}
const plain = new wavefile.WaveFile();
plain.fromScratch(1, 8000, "16", Int16Array.from(TONE, Math.round));
plain.toIMAADPCM();
const itself = converted(plain.toBuffer(), (wave) => wave.fromIMAADPCM());
console.log(`IMA ADPCM by wavefile: own decoder error ${itself.error.toFixed(1)} dB, ${itself.length} samples for 8000`);
const counts = { 24: changed("24"), "32f": changed("32f"), 64: changed("64") };
console.log("of 2000 samples changed by another bit depth and back:", counts);
asExpected &&= itself.error > 3 && itself.length > 9000 && counts["24"] > 900 && counts["32f"] > 600 && counts["64"] === 0;
process.exit(asExpected ? 0 : 1);
JS
OMP_NUM_THREADS=1 venv/bin/python write.py "WAV PCM_U8.wav" "WAV FLOAT.wav" "WAVEX FLOAT.wav" "WAV ULAW.wav" "WAV ALAW.wav" "WAV IMA_ADPCM.wav"
node run.mjs
