#!/usr/bin/env bash
# opusscript 0.0.8 (npm), Node 20.
#
# Behaviour: opusscript's encode() fills a piece that is shorter than its frame, as the last one of a recording is, with what its input
#   held from the pieces before, without an error: 4 ms of silence after a tone become 20 ms of about the tone's level. An Int16Array
#   is read as if each sample were one byte, so that a tone becomes noise. decode() of an empty Buffer, which stands for a lost packet,
#   makes 2,880 samples at each rate: 360 ms for a packet of 20 ms at 8 kHz, 180 ms at 16 kHz.
# Wrong guess: a short piece is an error or is filled with silence, 16-bit samples may be an Int16Array or are refused, and a lost packet
#   lasts as long as the one before it.
# Seen: "8000 Hz, second silent frame, of the tone's level: 1 %", "8000 Hz, second silent piece of 4 ms, of the tone's level: 129 %",
#   "8000 Hz, highest sample of an Int16Array's tone of 8000: 31913", "8000 Hz, a lost packet of 20 ms: 360 ms".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/npm" opusscript@0.0.8
cat > run.js <<'JS'
const OpusScript = require("opusscript");

let asExpected = true;
function check(name, found, isExpected) {
  console.log(`${name}: ${found}`);
  asExpected &&= isExpected;
}
const level = (samples) => Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);
const samplesOf = (buffer) => new Int16Array(Uint8Array.from(buffer).buffer);

for (const rate of [8000, 16000]) {
  const frame = rate / 50; // 20 ms
  const tone = Int16Array.from({ length: 10 * frame }, (_, at) => 8000 * Math.sin((2 * Math.PI * 400 * at) / rate));
  const pieces = Array.from({ length: 10 }, (_, at) => tone.slice(at * frame, (at + 1) * frame));
  const coded = (last, asBuffer = true) => {
    const encoder = new OpusScript(rate, 1, OpusScript.Application.AUDIO);
    const decoder = new OpusScript(rate, 1);
    const decoded = [...pieces, ...last].map((piece) => {
      return samplesOf(decoder.decode(encoder.encode(asBuffer ? Buffer.from(piece.buffer) : piece, frame)));
    });
    const lost = decoder.decode(Buffer.alloc(0)).length / 2;
    encoder.delete();
    decoder.delete();
    return { decoded, lost };
  };

  const usual = coded([]).decoded.at(-1);
  const whole = level(coded([new Int16Array(frame), new Int16Array(frame)]).decoded.at(-1)) / level(usual);
  check(`${rate} Hz, second silent frame, of the tone's level`, `${(100 * whole).toFixed(0)} %`, whole < 0.1);
  const short = level(coded([new Int16Array(frame / 5), new Int16Array(frame / 5)]).decoded.at(-1)) / level(usual);
  check(`${rate} Hz, second silent piece of 4 ms, of the tone's level`, `${(100 * short).toFixed(0)} %`, short > 0.5);
  const typed = samplesOf(Buffer.concat(coded([], false).decoded.map((samples) => Buffer.from(samples.buffer))));
  check(`${rate} Hz, highest sample of an Int16Array's tone of 8000`, Math.max(...typed), Math.max(...typed) > 15000);
  const { lost } = coded([]);
  check(`${rate} Hz, a lost packet of 20 ms`, `${(1000 * lost) / rate} ms`, lost === 2880);
}
process.exit(asExpected ? 0 : 1);
JS
node run.js
