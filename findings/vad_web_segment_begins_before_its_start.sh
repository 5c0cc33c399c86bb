#!/usr/bin/env bash
# @ricky0123/vad-web 0.0.31 and onnxruntime-web 1.30.0 (npm), Node 20; speech by espeakng-loader 0.2.4 (eSpeak NG 1.52.0), Python 3.11, Linux.
#
# Behaviour: NonRealTimeVAD yields segments with start, end and audio, but the audio begins up to 0.8 s (preSpeechPadMs, in whole frames) before
#   `start`: here end - start is 5472 ms and the audio 6240 ms. Who adds the times of words in that audio to `start` has all of them 768 ms
#   late. Both ends of the audio are silence, since `end` is 1.4 s after the speech.
#   A recording of 8 kHz, as telephones have, gets NaN for every second sample: the resampler averages over no input there. That
#   is one line on the console, no exception; then the whole recording is yielded as one segment of speech, silence included, half of it NaN.
# Wrong guess: a segment's audio is what lies between its start and its end; a rate that the resampler cannot handle is refused.
# Seen: "16000 Hz: speech from 3000 to 6982 ms; start 2976, end 8448 (5472 ms), audio 6240 ms, begins at 2208 ms, 0 of 99840 samples NaN" and
#   "8000 Hz: speech from 3000 to 6982 ms; start 0, end 10944 (10944 ms), audio 10944 ms, 87552 of 175104 samples NaN".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check espeakng-loader==0.2.4 soxr==1.0.0 numpy==2.3.5
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/npm" @ricky0123/vad-web@0.0.31 onnxruntime-web@1.30.0
cat > speak.py <<'PY'
import array
import ctypes

import espeakng_loader
import numpy as np
import soxr

SYNCHRONOUS, UTF8 = 2, 1
library = ctypes.CDLL(espeakng_loader.get_library_path())
rate = library.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
speech = array.array("h")


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
def keep(samples, count, events):
    if samples:
        speech.extend(samples[:count])
    return 0


library.espeak_SetSynthCallback(keep)
library.espeak_SetVoiceByName(b"hi")
text = "नमस्ते, मैं दिल्ली से बोल रहा हूँ। आज मौसम बहुत अच्छा है।".encode()
library.espeak_Synth(text, len(text) + 1, 0, 1, 0, UTF8, None, None)
library.espeak_Synchronize()
for target in (8_000, 16_000):
    spoken = soxr.resample(np.array(speech, dtype=np.float32) / 32_768, rate, target)
    recording = np.concatenate((np.zeros(3 * target), spoken, np.zeros(4 * target))).astype("<f4")
    recording.tofile(f"{target}.f32")
PY
venv/bin/python speak.py
cat > run.cjs <<'JS'
const fs = require("node:fs");
const path = require("node:path");
const { NonRealTimeVAD } = require("@ricky0123/vad-web");

/** The bytes of a file in an ArrayBuffer of their own. */
const bytes = (name) => new Uint8Array(fs.readFileSync(name)).buffer;
const model = path.join(path.dirname(require.resolve("@ricky0123/vad-web")), "silero_vad_legacy.onnx");

async function segments(recording, rate) {
  const vad = await NonRealTimeVAD.new({
    modelFetcher: async () => bytes(model),
    ortConfig: (ort) => {
      ort.env.wasm.numThreads = 1;
      ort.env.logLevel = "error";
    },
  });
  const found = [];
  for await (const segment of vad.run(recording, rate)) found.push(segment);
  return found;
}

/** Where in the recording (16 kHz) the audio is, in ms. */
function position(audio, recording) {
  const voiced = audio.findIndex((value) => value !== 0);
  return (recording.findIndex((value) => value !== 0) - voiced) / 16;
}

async function main() {
  let asExpected = true;
  for (const rate of [16000, 8000]) {
    const recording = new Float32Array(bytes(`${rate}.f32`));
    const found = await segments(recording, rate);
    for (const { start, end, audio } of found) {
      const milliseconds = audio.length / 16;
      const nan = audio.filter(Number.isNaN).length;
      const begins = rate === 16000 ? ` begins at ${position(audio, recording)} ms,` : "";
      console.log(
        `${rate} Hz: speech from 3000 to ${Math.round((recording.length / rate - 4) * 1000)} ms; start ${start}, end ${end} (${end - start} ms), ` +
          `audio ${milliseconds} ms,${begins} ${nan} of ${audio.length} samples NaN`,
      );
      if (rate === 16000) {
        const before = start - position(audio, recording);
        asExpected &&= nan === 0 && before > 600 && before <= 800 && milliseconds - (end - start) === before;
      } else {
        asExpected &&= nan === audio.length / 2 && end - start > 10000;
      }
    }
    asExpected &&= found.length === 1;
  }
  process.exit(asExpected ? 0 : 1);
}

main();
JS
nice -n 10 node run.cjs
