#!/usr/bin/env bash
# pcm-convert 3.3.0 (npm), Node 20.
#
# Behaviour: convert() takes "be" in the format that it converts from, and reads the bytes as little-endian all the same: network-order
#   samples stay as they are for "le" and become noise for "float32"; only in the format that it converts to does "be" swap. What it
#   wrote as big-endian it cannot read again. From one integer format to another, silence moves: 0 in 8 bits is 128 in 16, 0 in 16 bits
#   is 32768 in 32 and 127 in unsigned 8 (128 is silence there, and is what silence in floats becomes). For "mono", two interleaved
#   channels are returned as they are, so that a call lasts twice as long.
# Wrong guess: "int16 be" to "int16 le" swaps bytes as the other direction does, zero stays zero, and "stereo" to "mono" makes one
#   channel or raises an error.
# Seen: "1000, -1000 from be to le: -6141,6396", "from be to float32: -0.187,0.195", "from le to be and back: -6141,6396", "silence,
#   int8 to int16: 128", "silence, int16 to int32: 32768", "silence, int16 to uint8: 127", "0.5 s of stereo to mono: 1 s".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" pcm-convert@3.3.0
cat > run.js <<'JS'
import convert from "pcm-convert";

let asExpected = true;
function check(name, found, expected) {
  console.log(`${name}: ${found}`);
  asExpected &&= String(found) === expected;
}

const network = Buffer.alloc(4);
network.writeInt16BE(1000, 0);
network.writeInt16BE(-1000, 2);
check("1000, -1000 from be to le", convert(network, "int16 be", "int16 le"), "-6141,6396");
const floats = Array.from(convert(network, "int16 be", "float32 le"), (value) => value.toFixed(3));
check("1000, -1000 from be to float32", floats, "-0.187,0.195");
const written = Buffer.from(convert(Int16Array.of(1000, -1000), "int16 le", "int16 be").buffer);
check("1000, -1000 from le to be", `${written.readInt16BE(0)},${written.readInt16BE(2)} in big-endian bytes`, "1000,-1000 in big-endian bytes");
check("1000, -1000 from le to be and back", convert(written, "int16 be", "int16 le"), "-6141,6396");

check("silence, int8 to int16", convert(Int8Array.of(0), "int8", "int16"), "128");
check("silence, uint8 to int16", convert(Uint8Array.of(128), "uint8", "int16"), "128");
check("silence, int16 to int32", convert(Int16Array.of(0), "int16", "int32"), "32768");
check("silence, int16 to uint8", convert(Int16Array.of(0), "int16", "uint8"), "127");
check("silence, float32 to uint8", convert(Float32Array.of(0), "float32", "uint8"), "128");

const stereo = new Int16Array(2 * 4000); // Half a second at 8 kHz.
const mono = convert(stereo, "int16 stereo interleaved 8000", "int16 mono 8000");
check("0.5 s of stereo to mono", `${mono.length / 8000} s`, "1 s");
process.exit(asExpected ? 0 : 1);
JS
node run.js
