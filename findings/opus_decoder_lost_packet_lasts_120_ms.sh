#!/usr/bin/env bash
# opus-decoder 0.7.12 (npm), Node 20; Opus by imageio-ffmpeg 0.6.0 (its wheel holds the ffmpeg 7.0.2 command), Linux on x86-64.
#
# Behaviour: decodeFrame() and decodeFrames() take an empty packet, with which libopus is told of a lost one: it lasts 120 ms, the
#   longest that Opus has, whatever the others last, so that ten lost packets of 20 ms delay the rest by a second. preSkip, the
#   "number of samples to skip at the beginning reported by the Opus header", is taken in samples of the decoder's rate, while the header
#   counts at 48 kHz: at 8 kHz six times as much is cut off, 39 ms where the header says 6.5.
# Wrong guess: a lost packet is as long as the one before it, and the header's number may be handed over as it is, as the documentation
#   says, at any of the rates.
# Seen: "all 51 packets: 1020 ms, one of them lost: 1120 ms, ten: 2020 ms", "header's preSkip of 312 cuts off 6.5 ms at 48 kHz, 19.5 ms
#   at 16 kHz, 39 ms at 8 kHz".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" opus-decoder@0.7.12
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check imageio-ffmpeg==0.6.0
ffmpeg=$(venv/bin/python -c "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())")
"$ffmpeg" -v error -f lavfi -i sine=440:sample_rate=16000:duration=1 -c:a libopus tone.opus
cat > run.js <<'JS'
import { readFileSync } from "node:fs";
import { OpusDecoder } from "opus-decoder";

/** The packets of an Ogg file with one stream. */
function packetsOf(file) {
  const packets = [];
  let parts = [];
  for (let page = 0; page < file.length; ) {
    const segments = file.subarray(page + 27, page + 27 + file[page + 26]);
    let position = page + 27 + segments.length;
    for (const size of segments) {
      parts.push(file.subarray(position, position + size));
      position += size;
      if (size < 255) packets.push(new Uint8Array(Buffer.concat(parts.splice(0))));
    }
    page = position;
  }
  return packets;
}

async function milliseconds(packets, options) {
  const decoder = new OpusDecoder({ channels: 1, ...options });
  await decoder.ready;
  const { samplesDecoded, sampleRate, errors } = decoder.decodeFrames(packets);
  if (errors.length) throw new Error(errors[0].message);
  return (1000 * samplesDecoded) / sampleRate;
}

const [head, , ...audio] = packetsOf(readFileSync("tone.opus"));
const preSkip = head[10] + 256 * head[11];
const lose = (count) => audio.map((packet, index) => (index >= 20 && index < 20 + count ? new Uint8Array(0) : packet));
const lasts = [await milliseconds(audio), await milliseconds(lose(1)), await milliseconds(lose(10))];
console.log(`all ${audio.length} packets: ${lasts[0]} ms, one of them lost: ${lasts[1]} ms, ten: ${lasts[2]} ms`);

const cut = [];
for (const sampleRate of [48000, 16000, 8000]) {
  cut.push((await milliseconds(audio, { sampleRate })) - (await milliseconds(audio, { sampleRate, preSkip })));
}
console.log(`header's preSkip of ${preSkip} cuts off ${cut[0]} ms at 48 kHz, ${cut[1]} ms at 16 kHz, ${cut[2]} ms at 8 kHz`);
const asExpected = String([preSkip, ...lasts, ...cut]) === "312,1020,1120,2020,6.5,19.5,39";
process.exit(asExpected ? 0 : 1);
JS
node run.js
