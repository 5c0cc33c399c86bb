#!/usr/bin/env bash
# pitchfinder 2.3.4 (npm), Node 20.
#
# Behaviour: pitchfinder's YIN gives a muted microphone 0.4 times the sampling rate as its pitch: 6,400 Hz at 16 kHz. Where a buffer holds
#   no two periods, it finds one near 20 kHz: of a voice of 100 Hz at 48 kHz, 19,960 Hz in 1,024 samples. "No pitch" is null in three
#   detectors, -1 in ACF2PLUS and { freq: -1 } in Macleod. frequencies() takes 44,100 Hz for its own steps even if the detector was made
#   for 16 kHz, and returns a quarter of the pitches.
# Wrong guess: silence and too short buffers have no pitch, and all detectors say so in the same way, with null.
# Seen: "YIN, silence at 16000 Hz: 6400", "ACF2PLUS, silence at 16000 Hz: -1", "Macleod, silence at 16000 Hz: {"probability":null,"freq":-1}",
#   "YIN, 100 Hz at 48000 Hz, 512 samples: 19550", "YIN, 100 Hz at 48000 Hz, 1024 samples: 19960", "pitches of 1 s, eight asked for: 2".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" pitchfinder@2.3.4
cat > run.js <<'JS'
const finders = require("pitchfinder");

let asExpected = true;
function check(name, found, expected) {
  console.log(`${name}: ${found}`);
  asExpected &&= found === expected;
}
const tone = (pitch, rate, samples) => Float32Array.from({ length: samples }, (_, at) => 0.5 * Math.sin((2 * Math.PI * pitch * at) / rate));
const shown = (pitch) => (typeof pitch === "number" ? String(Math.round(pitch)) : JSON.stringify(pitch));

for (const rate of [8000, 16000, 48000]) {
  check(`YIN, silence at ${rate} Hz`, shown(finders.YIN({ sampleRate: rate })(new Float32Array(2048))), String(0.4 * rate));
}
for (const [name, expected] of [["AMDF", "null"], ["DynamicWavelet", "null"], ["ACF2PLUS", "-1"], ["Macleod", '{"probability":null,"freq":-1}']]) {
  check(`${name}, silence at 16000 Hz`, shown(finders[name]({ sampleRate: 16000 })(new Float32Array(2048))), expected);
}
for (const [samples, expected] of [[512, "19550"], [1024, "19960"], [4096, "100"]]) {
  check(`YIN, 100 Hz at 48000 Hz, ${samples} samples`, shown(finders.YIN({ sampleRate: 48000 })(tone(100, 48000, samples))), expected);
}
const yin = finders.YIN({ sampleRate: 16000 });
const steps = { tempo: 120, quantization: 4 };
const speech = tone(200, 16000, 16000);
check("pitches of 1 s, eight asked for", finders.frequencies(yin, speech, steps).length, 2);
check("pitches of 1 s, sampleRate given twice", finders.frequencies(yin, speech, { ...steps, sampleRate: 16000 }).length, 8);
process.exit(asExpected ? 0 : 1);
JS
node run.js
