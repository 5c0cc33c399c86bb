#!/usr/bin/env bash
# ogg-opus-decoder 1.7.5 (npm), Node 20; Opus by imageio-ffmpeg 0.6.0 (its wheel holds the ffmpeg 7.0.2 command), Linux on x86-64.
#
# Behaviour: of a chained Ogg Opus file (`cat a.opus b.opus`, with serial numbers of their own) decodeFile() returns everything and then
#   silence: 1 s and 2 s joined are 4 s, 1 s, 2 s and 3 s are 10 s. decode() of the same files in pieces of 1,000 bytes returns
#   the first link only, 1 s of 3 and of 6; the others are dropped. Given whole to one call of decode(), with flush(), they are 2.99 s
#   and 6.99 s. `errors` is empty each time.
# Wrong guess: chained files are decoded whole, or only the first link of them is; the two ways of one class agree.
# Seen: "1 s + 2 s: ffmpeg 3.00 s, decodeFile 4.00 s with sound up to 3.00 s, decode in pieces 1.00 s" and
#   "1 s + 2 s + 3 s: ffmpeg 6.00 s, decodeFile 10.00 s with sound up to 6.01 s, decode in pieces 1.00 s".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check imageio-ffmpeg==0.6.0
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" ogg-opus-decoder@1.7.5
ffmpeg=$(venv/bin/python -c "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())")
for seconds in 1 2 3; do
  "$ffmpeg" -v error -f lavfi -i "sine=frequency=${seconds}00:duration=$seconds:sample_rate=16000" -c:a libopus \
    -serial_offset "$((seconds * 1000))" "$seconds.opus"
done
cat > run.mjs <<'JS'
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { OggOpusDecoder } from "ogg-opus-decoder";

const RATE = 48000;

/** What decodeFile() makes of the file: its seconds, and where the last sound is. */
async function whole(file) {
  const decoder = new OggOpusDecoder();
  await decoder.ready;
  const { samplesDecoded, channelData, errors } = await decoder.decodeFile(file);
  const last = channelData[0].findLastIndex((value) => Math.abs(value) > 0.01) + 1;
  decoder.free();
  return { seconds: samplesDecoded / RATE, last: last / RATE, errors: errors.length };
}

/** What decode() of pieces of `size` bytes makes of it, with flush(). */
async function pieces(file, size) {
  const decoder = new OggOpusDecoder();
  await decoder.ready;
  const results = [];
  for (let offset = 0; offset < file.length; offset += size) results.push(await decoder.decode(file.subarray(offset, offset + size)));
  results.push(await decoder.flush());
  decoder.free();
  return {
    seconds: results.reduce((sum, result) => sum + result.samplesDecoded, 0) / RATE,
    errors: results.reduce((sum, result) => sum + result.errors.length, 0),
  };
}

const near = (value, expected) => Math.abs(value - expected) < 0.05;
let asExpected = true;
for (const [links, file, streamed, once] of [[[2], 2, 2, 2], [[1, 2], 4, 1, 2.99], [[2, 1], 5, 2, 2.99], [[1, 2, 3], 10, 1, 6.99]]) {
  const data = Buffer.concat(links.map((seconds) => fs.readFileSync(`${seconds}.opus`)));
  const all = links.reduce((sum, seconds) => sum + seconds, 0);
  const decode = ["-v", "error", "-i", "-", "-f", "s16le", "-ac", "1", "-ar", "16000", "-"];
  const ffmpeg = execFileSync(process.argv[2], decode, { input: data }).length / 32000;
  const [one, two, three] = [await whole(data), await pieces(data, 1000), await pieces(data, data.length)];
  console.log(
    `${links.map((seconds) => `${seconds} s`).join(" + ")}: ffmpeg ${ffmpeg.toFixed(2)} s, decodeFile ${one.seconds.toFixed(2)} s with sound up to ` +
      `${one.last.toFixed(2)} s, decode in pieces ${two.seconds.toFixed(2)} s, in one call ${three.seconds.toFixed(2)} s; ` +
      `${one.errors + two.errors + three.errors} errors`,
  );
  asExpected &&= near(ffmpeg, all) && near(one.seconds, file) && near(one.last, all) && near(two.seconds, streamed);
  asExpected &&= near(three.seconds, once) && one.errors + two.errors + three.errors === 0;
}
process.exit(asExpected ? 0 : 1);
JS
nice -n 10 node run.mjs "$ffmpeg"
