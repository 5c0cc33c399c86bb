#!/usr/bin/env bash
# @wasm-audio-decoders/flac 0.2.11 (npm), Node 20; FLAC by imageio-ffmpeg 0.6.0 (its wheel holds the ffmpeg 7.0.2 command), Linux on x86-64.
#
# Behaviour: of a FLAC file with an ID3v1 tag of 128 bytes at its end, as taggers add it, FLACDecoder leaves out the last block: 56
#   of the 2,000 ms here, and all of a recording that has one block. Of two joined FLAC files it returns the first without its last block, and nothing
#   of the second. errors is empty both times, also where the file comes in pieces. Zeros behind the audio, and an ID3v2 tag in front of
#   it, do not matter.
# Wrong guess: a block is decoded for its own header and checksum, whatever follows; and what is left out is in errors.
# Seen: "2 s: 32000 samples, ID3v1 tag behind it: 31104, joined with itself: 31104, errors: 0", "0.05 s: 800 samples, ID3v1 tag behind
#   it: 0, joined with itself: 0, errors: 0", "2 s, zeros behind it: 32000, ID3v2 tag in front of it: 32000".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" @wasm-audio-decoders/flac@0.2.11
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check imageio-ffmpeg==0.6.0
ffmpeg=$(venv/bin/python -c "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())")
for seconds in 0.05 2; do
  "$ffmpeg" -v error -f lavfi -i "sine=440:sample_rate=16000:duration=$seconds" "$seconds.flac"
done
cat > run.js <<'JS'
import { readFileSync } from "node:fs";
import { FLACDecoder } from "@wasm-audio-decoders/flac";

/** The number of samples and of errors, of the whole file or of pieces of 1,000 bytes. */
async function decoded(file, inPieces) {
  const decoder = new FLACDecoder();
  await decoder.ready;
  const results = [];
  if (inPieces) {
    for (let start = 0; start < file.length; start += 1000) {
      results.push(await decoder.decode(new Uint8Array(file.subarray(start, start + 1000))));
    }
    results.push(await decoder.flush());
  } else {
    results.push(await decoder.decodeFile(new Uint8Array(file)));
  }
  decoder.free();
  const sum = (key) => results.reduce((total, result) => total + key(result), 0);
  return [sum((result) => result.samplesDecoded), sum((result) => result.errors.length)];
}

const id3v1 = Buffer.alloc(128);
id3v1.write("TAGcall");
const id3v2 = Buffer.concat([Buffer.from("ID3\x03\0\0\0\0\0\x0a", "latin1"), Buffer.alloc(10)]);
let asExpected = true;
for (const [seconds, whole, less] of [[2, 32000, 31104], [0.05, 800, 0]]) {
  const file = readFileSync(`${seconds}.flac`);
  for (const inPieces of [false, true]) {
    const counts = [];
    let errors = 0;
    for (const bytes of [file, Buffer.concat([file, id3v1]), Buffer.concat([file, file])]) {
      const [samples, failed] = await decoded(bytes, inPieces);
      counts.push(samples);
      errors += failed;
    }
    const how = inPieces ? `${seconds} s in pieces` : `${seconds} s`;
    console.log(`${how}: ${counts[0]} samples, ID3v1 tag behind it: ${counts[1]}, joined with itself: ${counts[2]}, errors: ${errors}`);
    asExpected &&= String([...counts, errors]) === String([whole, less, less, 0]);
  }
  const [padded] = await decoded(Buffer.concat([file, Buffer.alloc(128)]), false);
  const [tagged] = await decoded(Buffer.concat([id3v2, file]), false);
  console.log(`${seconds} s, zeros behind it: ${padded}, ID3v2 tag in front of it: ${tagged}`);
  asExpected &&= padded === whole && tagged === whole;
}
process.exit(asExpected ? 0 : 1);
JS
node run.js
