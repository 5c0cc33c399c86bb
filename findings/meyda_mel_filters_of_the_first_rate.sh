#!/usr/bin/env bash
# meyda 5.6.3 (npm), Node 20.
#
# Behaviour: Meyda makes its mel and Bark filters for the first signal of a process and keeps them when Meyda.sampleRate is set to
#   another value: of the same tone at 16 kHz, a process that has read a recording of 8 kHz before gets other cepstral coefficients,
#   and the loudest mel band is 7 in the place of 9; no error. The code means to make new mel filters for a new bufferSize, but does
#   not do that either, since it renews the Bark scale that it compares with just before: bands of 1,024 samples are used for 512.
#   The coefficients are no cepstrum of log(energy) either, but of log(energy + 1): a recording 20 dB quieter does not differ in
#   coefficient 0 alone, but all coefficients are about half of what they were.
# Wrong guess: sampleRate and bufferSize are used for each call, as for spectralRolloff, and the level changes coefficient 0 only.
# Seen: "16 kHz: 32.03 14.82 -18.14 -31.26, loudest mel band 9", "16 kHz after 8 kHz: 31.88 21.04 -3.98 -25.95, loudest mel band 7",
#   "16 kHz after 44.1 kHz: 32.03 3.90 -30.85 -11.31, loudest mel band 11", "16 kHz after a bufferSize of 1024: 30.69 25.09 10.40 -7.85,
#   loudest mel band 5", "16 kHz, 20 dB quieter: 13.74 6.33 -7.83 -13.40, loudest mel band 9".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" meyda@5.6.3
cat > run.js <<'JS'
const { spawnSync } = require("node:child_process");

const [first, second, level, again] = process.argv.slice(2).map(Number);
if (first) {
  const Meyda = require("meyda");
  const tone = (rate, peak) => Float32Array.from({ length: 512 }, (_, at) => peak * Math.sin((2 * Math.PI * 1000 * at) / rate));
  Meyda.bufferSize = again ? 1024 : 512;
  Meyda.sampleRate = first;
  if (again) Meyda.extract("mfcc", Float32Array.of(...tone(first, 0.5), ...tone(first, 0.5)));
  else Meyda.extract("mfcc", tone(first, 0.5));
  Meyda.bufferSize = 512;
  Meyda.sampleRate = second;
  const bands = Meyda.extract("melBands", tone(second, level));
  const cepstrum = Array.from(Meyda.extract("mfcc", tone(second, level)), (value) => value.toFixed(2));
  console.log(`${cepstrum.slice(0, 4).join(" ")}, loudest mel band ${bands.indexOf(Math.max(...bands))}`);
} else {
  let asExpected = true;
  for (const [name, ...settings] of [
    ["16 kHz", 16000, 16000, 0.5, 0, "32.03 14.82 -18.14 -31.26, loudest mel band 9"],
    ["16 kHz after 8 kHz", 8000, 16000, 0.5, 0, "31.88 21.04 -3.98 -25.95, loudest mel band 7"],
    ["16 kHz after 44.1 kHz", 44100, 16000, 0.5, 0, "32.03 3.90 -30.85 -11.31, loudest mel band 11"],
    ["16 kHz after a bufferSize of 1024", 16000, 16000, 0.5, 1, "30.69 25.09 10.40 -7.85, loudest mel band 5"],
    ["16 kHz, 20 dB quieter", 16000, 16000, 0.05, 0, "13.74 6.33 -7.83 -13.40, loudest mel band 9"],
  ]) {
    const expected = settings.pop();
    const found = spawnSync(process.execPath, ["run.js", ...settings], { encoding: "utf-8" }).stdout.trim();
    console.log(`${name}: ${found}`);
    asExpected &&= found === expected;
  }
  process.exit(asExpected ? 0 : 1);
}
JS
node run.js
