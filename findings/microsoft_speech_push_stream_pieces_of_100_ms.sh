#!/usr/bin/env bash
# microsoft-cognitiveservices-speech-sdk 1.52.0 and ws 8.23.0 (npm), Node 20.
#
# Behaviour: the push stream's write() is documented as "making an internal copy of the data". It makes none of a piece that is exactly
#   100 ms of the stream's format (3,200 bytes at 16 kHz) while nothing waits to be sent, but keeps the caller's buffer: who fills one
#   buffer again and again sends the last piece in the place of all that still wait, for example until the connection is open. Pieces
#   of any other length are copied. For the same reason a Buffer of Node of exactly that length cancels the recognition with
#   "InvalidOperation: Payload must be ArrayBuffer" once it is sent (errorDetails is an Error then, though its type is string), and a
#   Buffer of any other length works.
# Wrong guess: write() copies as documented, and whether a Buffer is accepted does not depend on its length.
# Seen, of five pieces filled with 1 to 5: "one ArrayBuffer of 3200 bytes: the service got 5:8000", "one ArrayBuffer of 3000 bytes: the
#   service got 1:1500 2:1500 3:1500 4:1500 5:1500", "a Buffer for each piece of 3200 bytes: the service got nothing, canceled:
#   InvalidOperation: Payload must be ArrayBuffer", "a Buffer for each piece of 3000 bytes: the service got 1:1500 2:1500 3:1500 4:1500 5:1500".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" microsoft-cognitiveservices-speech-sdk@1.52.0 ws@8.23.0
cat > run.js <<'JS'
const sdk = require("microsoft-cognitiveservices-speech-sdk");
const { WebSocketServer } = require("ws");

// Gives the audio that a service gets, without the header that the client sends first, and what the recognizer reports.
async function recognise(config) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => server.on("listening", resolve));
  const pieces = [];
  let canceled = "";
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
  const recognizer = new sdk.SpeechRecognizer(speech, config);
  recognizer.canceled = (_, event) => {
    canceled = String(event.errorDetails).split("\n")[0]; // an Error, not the string that its type says
    end();
  };
  const late = setTimeout(end, 20000);
  recognizer.startContinuousRecognitionAsync();
  await ended;
  clearTimeout(late);
  await new Promise((resolve) => recognizer.close(resolve, resolve));
  server.clients.forEach((client) => client.terminate());
  server.close();
  return { audio: Buffer.concat(pieces).subarray(44), canceled };
}

function counted(audio) {
  const counts = new Map();
  for (let at = 0; at + 1 < audio.length; at += 2) counts.set(audio.readInt16LE(at), (counts.get(audio.readInt16LE(at)) ?? 0) + 1);
  return [...counts].map(([value, count]) => `${value}:${count}`).join(" ") || "nothing";
}

async function main() {
  let asExpected = true;
  for (const [kind, size, expected] of [
    ["one ArrayBuffer", 3200, "5:8000"],
    ["one ArrayBuffer", 3000, "1:1500 2:1500 3:1500 4:1500 5:1500"],
    ["an ArrayBuffer for each piece", 3200, "1:1600 2:1600 3:1600 4:1600 5:1600"],
    ["a Buffer for each piece", 3200, "nothing, canceled: InvalidOperation: Payload must be ArrayBuffer"],
    ["a Buffer for each piece", 3000, "1:1500 2:1500 3:1500 4:1500 5:1500"],
  ]) {
    const stream = sdk.AudioInputStream.createPushStream(sdk.AudioStreamFormat.getWaveFormatPCM(16000, 16, 1));
    let piece = new ArrayBuffer(size);
    for (let value = 1; value <= 5; value++) {
      if (kind !== "one ArrayBuffer") piece = new ArrayBuffer(size);
      new Int16Array(piece).fill(value);
      stream.write(kind.startsWith("a Buffer") ? Buffer.from(piece) : piece);
    }
    stream.close();
    const { audio, canceled } = await recognise(sdk.AudioConfig.fromStreamInput(stream));
    const found = counted(audio) + (canceled && `, canceled: ${canceled}`);
    console.log(`${kind} of ${size} bytes: the service got ${found}`);
    asExpected &&= found === expected;
  }
  process.exit(asExpected ? 0 : 1);
}

main();
JS
node run.js
