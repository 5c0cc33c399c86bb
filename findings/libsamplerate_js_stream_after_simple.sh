#!/usr/bin/env bash
# @alexanderolsen/libsamplerate-js 2.1.2 (npm), Node 20.
#
# Behaviour: once an instance has resampled a recording with simple(), full() returns the first piece of a stream and empty arrays for
#   all others, without an error, for the three sinc converters; a new instance does not. For what is longer than 4 MB, simple() uses
#   full() and does not end the stream: the end of the recording is missing, and simple() of the next long recording begins with it. A
#   stream cannot be ended at all: full() has no argument for that.
# Wrong guess: simple() is a call that is complete in itself, as libsamplerate's src_simple is, so that it leaves nothing behind for the
#   next call; the README's example calls it twice on one instance.
# Seen: "sinc fastest, new instance: pieces of 280,320,320,320, 159960 of 160000 samples", "sinc fastest, after simple(): pieces of
#   320,0,0,0, 320 of 160000 samples", "linear, after simple(): pieces of 320,320,320,320, 160000 of 160000 samples", "simple() of 5 MB,
#   then of 5 MB of silence: 2621400 and 2621440 of 2621440 samples, peak of the silence 0.50".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" @alexanderolsen/libsamplerate-js@2.1.2
cat > run.cjs <<'JS'
const { create, ConverterType } = require("@alexanderolsen/libsamplerate-js");

function tone(samples) {
  return Float32Array.from({ length: samples }, (_, index) => 0.5 * Math.sin((2 * Math.PI * 440 * index) / 8000));
}

/** The sizes of what full() returns for ten seconds at 8 kHz in pieces of 20 ms. */
function stream(resampler) {
  const audio = tone(80000);
  return Array.from({ length: 500 }, (_, piece) => resampler.full(audio.subarray(160 * piece, 160 * (piece + 1))).length);
}

async function main() {
  let asExpected = true;
  const cases = [
    ["sinc best", ConverterType.SRC_SINC_BEST_QUALITY, [159712, 320]],
    ["sinc medium", ConverterType.SRC_SINC_MEDIUM_QUALITY, [159906, 320]],
    ["sinc fastest", ConverterType.SRC_SINC_FASTEST, [159960, 320]],
    ["linear", ConverterType.SRC_LINEAR, [160000, 160000]],
  ];
  for (const [name, converterType, expected] of cases) {
    const totals = [];
    for (const used of [false, true]) {
      const resampler = await create(1, 8000, 16000, { converterType });
      if (used) resampler.simple(tone(80000));
      const sizes = stream(resampler);
      totals.push(sizes.reduce((sum, size) => sum + size));
      const when = used ? "after simple()" : "new instance";
      console.log(`${name}, ${when}: pieces of ${sizes.slice(0, 4)}, ${totals.at(-1)} of 160000 samples`);
      resampler.destroy();
    }
    asExpected &&= String(totals) === String(expected);
  }

  const resampler = await create(1, 8000, 16000, { converterType: ConverterType.SRC_SINC_FASTEST });
  const long = 5 * 2 ** 18; // Samples of four bytes: 5 MB.
  const first = resampler.simple(tone(long));
  const silence = resampler.simple(new Float32Array(long));
  const peak = silence.reduce((most, value) => Math.max(most, Math.abs(value)), 0).toFixed(2);
  console.log(`simple() of 5 MB, then of 5 MB of silence: ${first.length} and ${silence.length} of ${2 * long} samples, peak of the silence ${peak}`);
  asExpected &&= first.length < 2 * long && Number(peak) > 0.1;
  process.exit(asExpected ? 0 : 1);
}

main();
JS
node run.cjs
