#!/usr/bin/env bash
# microsoft-cognitiveservices-speech-sdk 1.52.0 and ws 8.23.0 (npm), Node 20.
#
# Behaviour: AudioConfig.fromWavFileInput() does not look at a WAV file's format tag, nor at the length of its audio. Mu-law, A-law and
#   floats are announced to the service as PCM of 8 and 32 bits, without an error, although the client has tags for mu-law and A-law.
#   Each byte behind the audio is sent as audio: metadata of 3,200 bytes at the end is 0.1 s of noise at 16 kHz. And the audio begins
#   behind the first "data" at an even distance, also where that is a word of a comment: the rest of that comment becomes samples.
# Wrong guess: a mu-law file is refused or announced as mu-law, and only the data chunk is sent.
# Seen: "mu-law: tag 1, 8 bits, 800 bytes of audio for 800", "float: tag 1, 32 bits, 6400 bytes of audio for 6400", "metadata behind the
#   audio: tag 1, 16 bits, 6408 bytes of audio for 3200", "comment \"all data of …\" before the
#   audio: tag 1, 16 bits, 3228 bytes of audio for 3200".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" microsoft-cognitiveservices-speech-sdk@1.52.0 ws@8.23.0
cat > run.js <<'JS'
const sdk = require("microsoft-cognitiveservices-speech-sdk");
const { WebSocketServer } = require("ws");

function chunk(name, content) {
  const head = Buffer.from(`${name}....`);
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
}

function wav(tag, bits, rate, audio, before = [], after = []) {
  const format = Buffer.alloc(16);
  format.writeUInt16LE(tag, 0);
  format.writeUInt16LE(1, 2);
  format.writeUInt32LE(rate, 4);
  format.writeUInt32LE((rate * bits) / 8, 8);
  format.writeUInt16LE(bits / 8, 12);
  format.writeUInt16LE(bits, 14);
  return chunk("RIFF", Buffer.concat([Buffer.from("WAVE"), chunk("fmt ", format), ...before, chunk("data", audio), ...after]));
}

async function sent(file) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => server.on("listening", resolve));
  const pieces = [];
  let end;
  const ended = new Promise((resolve) => (end = resolve));
  server.on("connection", (socket) =>
    socket.on("message", (message, binary) => {
      if (!binary) return;
      const audio = message.subarray(2 + message.readUInt16BE(0));
      if (audio.length) pieces.push(Buffer.from(audio));
      else end();
    }),
  );
  const speech = sdk.SpeechConfig.fromHost(new URL(`ws://127.0.0.1:${server.address().port}`));
  const recognizer = new sdk.SpeechRecognizer(speech, sdk.AudioConfig.fromWavFileInput(file));
  recognizer.canceled = end;
  const late = setTimeout(end, 20000);
  recognizer.startContinuousRecognitionAsync();
  await ended;
  clearTimeout(late);
  await new Promise((resolve) => recognizer.close(resolve, resolve));
  server.clients.forEach((client) => client.terminate());
  server.close();
  return Buffer.concat(pieces);
}

async function main() {
  const tone = Buffer.from(Int16Array.from({ length: 1600 }, (_, at) => 8000 * Math.sin(at / 4)).buffer);
  const floats = Buffer.from(Float32Array.from({ length: 1600 }, (_, at) => Math.sin(at / 4) / 4).buffer);
  const comment = chunk("LIST", Buffer.concat([Buffer.from("INFO"), chunk("ICMT", Buffer.from("all data of the second of March\0"))]));
  let asExpected = true;
  for (const [name, file, length, expected] of [
    ["16 bits", wav(1, 16, 16000, tone), 3200, "tag 1, 16 bits, 3200"],
    ["mu-law", wav(7, 8, 8000, Buffer.alloc(800, 0xa0)), 800, "tag 1, 8 bits, 800"],
    ["A-law", wav(6, 8, 8000, Buffer.alloc(800, 0xa0)), 800, "tag 1, 8 bits, 800"],
    ["float", wav(3, 32, 16000, floats), 6400, "tag 1, 32 bits, 6400"],
    ["metadata behind the audio", wav(1, 16, 16000, tone, [], [chunk("_PMX", Buffer.alloc(3200, "<x/>"))]), 3200, "tag 1, 16 bits, 6408"],
    ['comment "all data of …" before the audio', wav(1, 16, 16000, tone, [comment]), 3200, "tag 1, 16 bits, 3228"],
  ]) {
    const got = await sent(file);
    const found = `tag ${got.readUInt16LE(20)}, ${got.readUInt16LE(34)} bits, ${got.length - 44}`;
    console.log(`${name}: ${found} bytes of audio for ${length}`);
    asExpected &&= found === expected;
  }
  process.exit(asExpected ? 0 : 1);
}

main();
JS
node run.js
