#!/usr/bin/env bash
# node-wav 0.0.2 and wav 1.0.2 (npm), Node 20.
#
# Behaviour: node-wav's decode() compares the position in the underlying ArrayBuffer with the length of the Buffer that it was given: it returns
#   undefined, without an error, for a WAV that lies behind other bytes of at least its own length, as the second of two uploads in
#   one Buffer does, and a short one from Buffer.from() in Node's pool. From an odd position on it raises RangeError, and so it does for
#   32-bit float behind a fmt chunk of 18 bytes, as SciPy writes it. A chunk of odd length in front of the audio gives undefined in
#   node-wav, and in wav's Reader an end without any audio and without an error. Of -1.0 in 24 bits node-wav makes 1.0; its encode()
#   writes silence in 8 bits as -0.0078.
# Wrong guess: decode() takes a Buffer as the README says, wherever it lies; what cannot be read is an error.
# Seen: "second of two recordings in one Buffer: undefined", "0.1 s at position 4000 of a pool of 8 KiB: undefined",
#   "behind one byte: RangeError: start offset of Int16Array should be a multiple of 2", "wav, LIST chunk of 5 bytes: 0 bytes of 3200, end".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" node-wav@0.0.2 wav@1.0.2
cat > run.cjs <<'JS'
const { Readable } = require("node:stream");
const nodeWav = require("node-wav");
const { Reader } = require("wav");

/** A RIFF chunk, with the byte of padding that the format asks for behind an odd length. */
function chunk(id, data) {
  const head = Buffer.alloc(8);
  head.write(id);
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
}

/** The bytes of a mono WAV at 16 kHz in an ArrayBuffer of their own. */
function recording(tag, bits, data, { before = [], formatLength = 16 } = {}) {
  const format = Buffer.alloc(formatLength);
  format.writeUInt16LE(tag, 0);
  format.writeUInt16LE(1, 2);
  format.writeUInt32LE(16000, 4);
  format.writeUInt32LE(2000 * bits, 8);
  format.writeUInt16LE(bits / 8, 12);
  format.writeUInt16LE(bits, 14);
  const body = Buffer.concat([Buffer.from("WAVE"), chunk("fmt ", format), ...before, chunk("data", data)]);
  const parts = chunk("RIFF", body);
  const bytes = new Uint8Array(parts.length);
  bytes.set(parts);
  return bytes;
}

function tone(samples) {
  return Buffer.from(Int16Array.from({ length: samples }, (_, index) => 10000 * Math.sin(index / 5)).buffer);
}

function decoded(bytes) {
  try {
    const found = nodeWav.decode(bytes);
    return found === undefined ? "undefined" : `${found.channelData[0].length} samples`;
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}

/** How many bytes of audio wav's Reader gives, and how it ends. */
function read(bytes) {
  return new Promise((resolve) => {
    const reader = new Reader();
    let length = 0;
    reader.on("data", (data) => (length += data.length));
    reader.on("end", () => resolve(`${length} bytes of 3200, end`));
    reader.on("error", (error) => resolve(`${length} bytes of 3200, ${error.message}`));
    Readable.from([Buffer.from(bytes)]).pipe(reader);
  });
}

async function main() {
  const second = recording(1, 16, tone(16000));
  const short = recording(1, 16, tone(1600));
  const joined = Buffer.concat([second, second]);
  const shifted = new Uint8Array(1 + second.length);
  shifted.set(second, 1);
  const float = Buffer.from(new Float32Array(1600).buffer);
  const list = (length) => ({ before: [chunk("LIST", Buffer.from("INFOxx".slice(0, length)))] });
  const floatBehind18 = recording(3, 32, float, { before: [chunk("fact", Buffer.from([64, 6, 0, 0]))], formatLength: 18 });
  const full = nodeWav.decode(recording(1, 24, Buffer.from([0x00, 0x00, 0x80, 0x01, 0x00, 0x80]))).channelData[0];
  const silence = nodeWav.decode(new Uint8Array(nodeWav.encode([new Float32Array(10)], { bitDepth: 8 }))).channelData[0];
  // A recording of 0.1 s, 3,244 bytes, at position 4,000 of the pool: where Buffer.from() puts one is up to what was made before.
  const pool = Buffer.from(new ArrayBuffer(8192), 4000, short.length);
  pool.set(short);

  let asExpected = true;
  for (const [name, found, expected] of [
    ["a recording by itself", decoded(second), "16000 samples"],
    ["first of two recordings in one Buffer", decoded(joined.subarray(0, second.length)), "16000 samples"],
    ["second of two recordings in one Buffer", decoded(joined.subarray(second.length)), "undefined"],
    ["0.1 s by itself", decoded(short), "1600 samples"],
    ["0.1 s at position 4000 of a pool of 8 KiB", decoded(pool), "undefined"],
    ["behind one byte", decoded(shifted.subarray(1)), "RangeError: start offset of Int16Array should be a multiple of 2"],
    ["float, fmt of 16 bytes", decoded(recording(3, 32, float)), "1600 samples"],
    ["float, fmt of 18 bytes and fact", decoded(floatBehind18), "RangeError: start offset of Float32Array should be a multiple of 4"],
    ["LIST chunk of 6 bytes", decoded(recording(1, 16, tone(1600), list(6))), "1600 samples"],
    ["LIST chunk of 5 bytes", decoded(recording(1, 16, tone(1600), list(5))), "undefined"],
    ["24 bits, -1.0 and one step above", full.map((value) => value.toFixed(2)).join(), "1,-1"],
    ["8 bits, silence encoded and decoded", silence[0].toFixed(4), "-0.0078"],
    ["wav, LIST chunk of 6 bytes", await read(recording(1, 16, tone(1600), list(6))), "3200 bytes of 3200, end"],
    ["wav, LIST chunk of 5 bytes", await read(recording(1, 16, tone(1600), list(5))), "0 bytes of 3200, end"],
  ]) {
    console.log(`${name}: ${found}`);
    asExpected &&= found === expected;
  }
  process.exit(asExpected ? 0 : 1);
}

main();
JS
node run.cjs
