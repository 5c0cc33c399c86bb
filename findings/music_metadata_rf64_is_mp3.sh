#!/usr/bin/env bash
# music-metadata 11.16.1 (npm), Node 20; the recordings of 3 s at 16 kHz, one channel, are made by FFmpeg 7.0 (imageio-ffmpeg 0.6.0).
#
# Behaviour: of a recording in RF64 (WAV for more than 4 GiB) parseBuffer() says that it is MPEG, 44.1 kHz, two channels, 2.6 s, from samples
#   that look like the header of a frame; parseFile(), or a type of audio/wav, gives no format at all, without an error or a warning.
#   With duration: true, and the whole recording at hand, there is no duration for WebM and FLAC that were written to a pipe, as a browser
#   records WebM, for FLAC in Ogg, and for PCM in QuickTime. Of two joined Ogg or FLAC files it is that of the first, without a warning.
#   numberOfSamples of Opus is at 48 kHz and sampleRate that of the input: divided, they give 9 s for 3 s. The codec of A-law in QuickTime
#   is "uLaw 2:1", that of 24-bit PCM in WAV "non-PCM (65534)".
# Wrong guess: what is no known format is an error, as AU and CAF are; "the parser will read the entire media file if necessary to determine the
#   duration" goes for WebM and FLAC, whose blocks have times; numberOfSamples / sampleRate is the duration.
# Seen: "RF64, parseBuffer: MPEG/MPEG 1 Layer 1, 44100 Hz, 2 channels, 2.621 s", "RF64, parseFile: no container/no codec, ..., no duration",
#   "WebM from a pipe, duration: true: ..., no duration", "Opus, numberOfSamples / sampleRate: 9".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check imageio-ffmpeg==0.6.0
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" music-metadata@11.16.1
ffmpeg=$(venv/bin/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
make_audio() {
  "$ffmpeg" -loglevel error -f lavfi -i sine=frequency=400:sample_rate=16000:duration=3 -ac 1 "$@"
}
make_audio -rf64 always rf64.wav
make_audio plain.wav
make_audio -c:a libopus file.webm
make_audio -c:a libopus -f webm - > pipe.webm
make_audio file.flac
make_audio -f flac - > pipe.flac
make_audio -c:a flac flac.oga
make_audio -c:a libopus one.opus
make_audio -c:a libvorbis one.ogg
make_audio -c:a pcm_s16le pcm.mov
make_audio -c:a pcm_alaw alaw.mov
make_audio -c:a pcm_s24le 24.wav
cat one.opus one.opus > two.opus
cat one.ogg one.ogg > two.ogg
cat file.flac file.flac > two.flac
cat > run.js <<'JS'
import { readFileSync } from "node:fs";
import { parseBuffer, parseFile } from "music-metadata";

const whole = { duration: true };

/** What the package says of a recording, and the number of its warnings. */
function told({ format, quality }) {
  const duration = format.duration === undefined ? "no duration" : `${format.duration.toFixed(3)} s`;
  const codec = `${format.container ?? "no container"}/${format.codec ?? "no codec"}`;
  const rate = format.sampleRate === undefined ? "no rate" : `${format.sampleRate} Hz, ${format.numberOfChannels} channels`;
  return { duration, codec, rate, warnings: quality.warnings.length };
}

const rf64 = readFileSync("rf64.wav");
const ofFile = async (name) => told(await parseFile(name, whole));
let asExpected = true;
for (const [name, found, expected] of [
  ["WAV, parseFile", await ofFile("plain.wav"), { codec: "WAVE/PCM", duration: "3.000 s" }],
  ["RF64, parseBuffer", told(await parseBuffer(rf64, undefined, whole)), { codec: "MPEG/MPEG 1 Layer 1", rate: "44100 Hz, 2 channels" }],
  ["RF64, parseBuffer, audio/wav", told(await parseBuffer(rf64, "audio/wav", whole)), { codec: "no container/no codec", warnings: 0 }],
  ["RF64, parseFile", await ofFile("rf64.wav"), { codec: "no container/no codec", duration: "no duration", warnings: 0 }],
  ["WebM from a file", await ofFile("file.webm"), { duration: "3.008 s" }],
  ["WebM from a pipe", await ofFile("pipe.webm"), { codec: "EBML/webm/OPUS", duration: "no duration", warnings: 0 }],
  ["FLAC from a file", await ofFile("file.flac"), { duration: "3.000 s" }],
  ["FLAC from a pipe", await ofFile("pipe.flac"), { codec: "FLAC/FLAC", duration: "no duration", warnings: 0 }],
  ["FLAC in Ogg", await ofFile("flac.oga"), { codec: "Ogg/FLAC", duration: "no duration", warnings: 0 }],
  ["PCM in QuickTime", await ofFile("pcm.mov"), { codec: "qt/no codec", duration: "no duration", warnings: 0 }],
  ["A-law in QuickTime", await ofFile("alaw.mov"), { codec: "qt/uLaw 2:1", duration: "no duration", warnings: 0 }],
  ["24-bit PCM in WAV", await ofFile("24.wav"), { codec: "WAVE/non-PCM (65534)", duration: "3.000 s" }],
  ["two joined Opus files, 6 s", await ofFile("two.opus"), { duration: "3.000 s", warnings: 0 }],
  ["two joined Vorbis files, 6 s", await ofFile("two.ogg"), { duration: "3.000 s", warnings: 0 }],
  ["two joined FLAC files, 6 s", await ofFile("two.flac"), { duration: "3.000 s", warnings: 0 }],
]) {
  console.log(`${name}: ${found.codec}, ${found.rate}, ${found.duration}, ${found.warnings} warnings`);
  asExpected &&= Object.entries(expected).every(([key, value]) => found[key] === value);
}
const { format } = await parseFile("one.opus", whole);
console.log(`Opus, numberOfSamples / sampleRate: ${format.numberOfSamples / format.sampleRate}, duration ${format.duration}`);
asExpected &&= format.numberOfSamples === 144000 && format.sampleRate === 16000 && format.duration === 3;
process.exit(asExpected ? 0 : 1);
JS
node run.js
