#!/usr/bin/env bash
# mediabunny 1.61.0 (npm), Node 20.
#
# Behaviour: Conversion with audio: { sampleRate: 8000 } takes one sample of six of a recording at 48 kHz, without a filter: a tone of
#   6 kHz is at 2 kHz, as loud as it was, and one of 12 kHz at 4 kHz for 16 kHz. From 8 to 16 kHz it interpolates linearly: 3.4 kHz, the
#   upper end of telephone speech, is 4.2 dB quieter, with an image at 4.6 kHz 4.1 dB below it. Of three, five, seven or eight channels
#   numberOfChannels: 1 keeps the first, and the others are silent; of two, four and six it mixes all (of six not the fourth).
# Wrong guess: what the documentation calls resampling keeps out what the new rate cannot hold, and a mix to mono is of all channels, or
#   is refused.
# Seen: "6000 Hz at 48 kHz to 8 kHz: 2000 Hz, 0.0 dB", "12000 Hz at 48 kHz to 16 kHz: 4000 Hz, 0.0 dB", "3400 Hz at 8 kHz to 16 kHz:
#   3400 Hz, -4.2 dB; 4600 Hz, -8.3 dB", "channels heard of 3: 1", "channels heard of 8: 1".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" mediabunny@1.61.0
cat > run.js <<'JS'
import { ALL_FORMATS, BufferSource, BufferTarget, Conversion, Input, Output, WavOutputFormat } from "mediabunny";

function tone(frequency, rate) {
  return Float64Array.from({ length: rate }, (_, index) => 0.5 * Math.sin((2 * Math.PI * frequency * index) / rate));
}

/** 16-bit WAV of channels of one length. */
function wav(channels, rate) {
  const width = 2 * channels.length;
  const file = Buffer.alloc(44 + width * channels[0].length);
  file.write("RIFF");
  file.writeUInt32LE(file.length - 8, 4);
  file.write("WAVEfmt ", 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(channels.length, 22);
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(rate * width, 28);
  file.writeUInt16LE(width, 32);
  file.writeUInt16LE(16, 34);
  file.write("data", 36);
  file.writeUInt32LE(file.length - 44, 40);
  channels.forEach((samples, channel) => {
    samples.forEach((value, index) => file.writeInt16LE(Math.round(value * 32767), 44 + width * index + 2 * channel));
  });
  return file;
}

/** The samples of the mono WAV that Conversion makes. */
async function converted(file, audio) {
  const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(file) });
  const output = new Output({ format: new WavOutputFormat(), target: new BufferTarget() });
  await (await Conversion.init({ input, output, audio })).execute();
  const bytes = Buffer.from(output.target.buffer);
  const data = bytes.subarray(bytes.indexOf("data") + 8);
  return Array.from({ length: data.length / 2 }, (_, index) => data.readInt16LE(2 * index) / 32767);
}

/** The level of a frequency against that of the tone, in dB. */
function level(samples, frequency, rate) {
  let [sine, cosine] = [0, 0];
  samples.forEach((value, index) => {
    const angle = (2 * Math.PI * frequency * index) / rate;
    sine += value * Math.sin(angle);
    cosine += value * Math.cos(angle);
  });
  return 20 * Math.log10((2 * Math.hypot(sine, cosine)) / samples.length / 0.5);
}

let asExpected = true;
const cases = [
  [6000, 48000, 8000, [[2000, 0]]],
  [12000, 48000, 16000, [[4000, 0]]],
  [5000, 16000, 8000, [[3000, 0]]],
  [3400, 8000, 16000, [[3400, -4.2], [4600, -8.3]]],
];
for (const [frequency, from, to, expected] of cases) {
  const samples = await converted(wav([tone(frequency, from)], from), { sampleRate: to });
  const found = expected.map(([at]) => [at, level(samples, at, to)]);
  const text = found.map(([at, decibels]) => `${at} Hz, ${(Math.round(decibels * 10) / 10 + 0).toFixed(1)} dB`).join("; ");
  console.log(`${frequency} Hz at ${from / 1000} kHz to ${to / 1000} kHz: ${text}`);
  asExpected &&= found.every(([, decibels], index) => Math.abs(decibels - expected[index][1]) < 0.5);
}

const silence = new Float64Array(8000);
for (const [count, expected] of [[2, "1 2"], [3, "1"], [4, "1 2 3 4"], [5, "1"], [6, "1 2 3 5 6"], [7, "1"], [8, "1"]]) {
  const heard = [];
  for (let loud = 0; loud < count; loud++) {
    const channels = Array.from({ length: count }, (_, channel) => (channel === loud ? tone(440, 8000) : silence));
    const samples = await converted(wav(channels, 8000), { numberOfChannels: 1 });
    if (samples.some((value) => Math.abs(value) > 0.01)) heard.push(loud + 1);
  }
  console.log(`channels heard of ${count}: ${heard.join(" ")}`);
  asExpected &&= heard.join(" ") === expected;
}
process.exit(asExpected ? 0 : 1);
JS
node run.js
