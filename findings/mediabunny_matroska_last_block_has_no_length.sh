#!/usr/bin/env bash
# mediabunny 1.61.0 (npm), Node 20; the recordings are made by FFmpeg 7.0 (imageio-ffmpeg 0.6.0, whose wheel holds the command).
#
# Behaviour: for FLAC and 16-bit samples in Matroska, as FFmpeg writes them, the last packet has a duration of 0, though its samples tell
#   it: computeDuration() of the file and of the track is 40 and 64 ms short for a second, and 0 for a recording of one block. To WAV,
#   Conversion only copies samples, and fails for such a recording, since it finds no packet that lasts ("Cannot finalize an empty WAVE
#   file"); with forceTranscode it writes all samples. getDurationFromMetadata(), "less accurate" by the documentation, is right.
# Wrong guess: the duration that is computed from the packets is at least as good as the one in the file's head, and whether a recording
#   can be converted does not depend on its length.
# Seen: "0.05 s of pcm_s16le in 1 packet(s): computed 0, head 0.05, copied: Error, transcoded: 800 samples", "1 s of pcm_s16le in 16
#   packet(s): computed 0.96, head 1, copied: 16000 samples, transcoded: 16000 samples", "1 s of flac in 14 packet(s): computed 0.936, head 1".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" mediabunny@1.61.0
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check imageio-ffmpeg==0.6.0
ffmpeg=$(venv/bin/python -c "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())")
for seconds in 0.05 0.1 1; do
  "$ffmpeg" -v error -f lavfi -i "sine=440:sample_rate=16000:duration=$seconds" "$seconds.wav"
  for codec in pcm_s16le flac; do
    "$ffmpeg" -v error -i "$seconds.wav" -c:a "$codec" "$seconds-$codec.mka"
  done
done
cat > run.js <<'JS'
import { readFileSync } from "node:fs";
import { ALL_FORMATS, BufferSource, BufferTarget, Conversion, EncodedPacketSink, Input, Output, WavOutputFormat } from "mediabunny";

function open(name) {
  return new Input({ formats: ALL_FORMATS, source: new BufferSource(readFileSync(name)) });
}

/** What Conversion makes of it as WAV. */
async function converted(name, options) {
  const output = new Output({ format: new WavOutputFormat(), target: new BufferTarget() });
  try {
    await (await Conversion.init({ input: open(name), output, ...options })).execute();
  } catch (error) {
    return error.name;
  }
  return `${(output.target.buffer.byteLength - 44) / 2} samples`;
}

let asExpected = true;
const cases = [
  [0.05, "pcm_s16le", 0, "Error", "800 samples"],
  [0.1, "pcm_s16le", 0.064, "1600 samples", "1600 samples"],
  [1, "pcm_s16le", 0.96, "16000 samples", "16000 samples"],
  [0.05, "flac", 0],
  [0.1, "flac", 0.072],
  [1, "flac", 0.936],
];
for (const [seconds, codec, ...expected] of cases) {
  const name = `${seconds}-${codec}.mka`;
  const track = await open(name).getPrimaryAudioTrack();
  let packets = 0;
  for await (const _ of new EncodedPacketSink(track).packets()) packets++;
  const head = await track.getDurationFromMetadata();
  const found = [await track.computeDuration()];
  let text = `${seconds} s of ${codec} in ${packets} packet(s): computed ${found[0]}, head ${head}`;
  if (codec !== "flac") {
    // Node has no decoder for FLAC, so that only plain samples can be converted here.
    found.push(await converted(name, {}), await converted(name, { audio: { forceTranscode: true } }));
    text += `, copied: ${found[1]}, transcoded: ${found[2]}`;
  }
  console.log(text);
  asExpected &&= JSON.stringify(found) === JSON.stringify(expected) && Math.abs(head - seconds) < 0.001;
}
process.exit(asExpected ? 0 : 1);
JS
node run.js
