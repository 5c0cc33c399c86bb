#!/usr/bin/env bash
# @gladiaio/sdk 2.1.0 and ws 8.18.3 from npm, Node.js 20.
#
# Behaviour: sendAudio() takes, by its type, any list of numbers, so that an Int16Array of samples is accepted, and sends one byte for each
#   sample: its low one. 1000, -1000, 256 and -256 become the four bytes 232, 24, 0 and 0, half of the audio and noise; samples of a
#   Float32Array become zeros. The buffer of the same array is sent right. The event "connecting" does not come for the first connection,
#   only for later ones. Where the connection is lost after stopRecording(), the client connects again and does not send the stop again,
#   so that neither a transcript nor "ended" comes.
# Wrong guess: the samples of a typed array are sent as the bytes that they are; the events are those of the documented states; and a client
#   that repairs lost connections repeats the stop.
# Seen: "Uint8Array: 232 3 24 252 0 1 0 255", "Int16Array: 232 24 0 0", "its buffer: 232 3 24 252 0 1 0 255", "Float32Array: 0 0",
#   "events: started connected ending नमस्ते ended", "connection lost after the stop: got stop_recording, then nothing; events: started
#   connected ending connecting connected, none more in 2 s".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes > /dev/null
npm install --silent --no-audit --no-fund --cache "$work/cache" @gladiaio/sdk@2.1.0 ws@8.18.3
cat > run.mjs <<'JS'
import { createServer } from "node:http";

import { GladiaClient } from "@gladiaio/sdk";
import { WebSocketServer } from "ws";

const UTTERANCE = { text: "नमस्ते", start: 0, end: 0.5, language: "hi", confidence: 0.9, channel: 0, words: [] };
const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

// Starts sessions, acknowledges audio, and answers the stop with a transcript and the closing; it can lose the first connection.
async function session(audio, loses = false) {
  const received = [];
  const events = [];
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      response.writeHead(201, { "content-type": "application/json" });
      const url = `ws://127.0.0.1:${server.address().port}/ws`;
      response.end(JSON.stringify({ id: "1", created_at: "2026-01-01T00:00:00Z", url }));
    });
  });
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => {
    const own = { bytes: [], types: [] };
    received.push(own);
    const first = received.length === 1;
    socket.on("message", (data, binary) => {
      if (binary) {
        own.bytes.push(...data);
        const byte_range = [0, own.bytes.length];
        socket.send(JSON.stringify({ type: "audio_chunk", acknowledged: true, data: { byte_range } }));
        return;
      }
      own.types.push(JSON.parse(data).type);
      if (loses && first) {
        socket.terminate();
        return;
      }
      socket.send(JSON.stringify({ type: "transcript", data: { id: "1", is_final: true, utterance: UTTERANCE } }));
      socket.close(1000);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

  const client = new GladiaClient({ apiKey: "none", apiUrl: `http://127.0.0.1:${server.address().port}` });
  const live = client.liveV2().startSession({ encoding: "wav/pcm", sample_rate: 16000, bit_depth: 16, channels: 1 });
  for (const name of ["started", "connecting", "connected", "ending", "error"]) live.on(name, () => events.push(name));
  live.on("message", (message) => message.type === "transcript" && events.push(message.data.utterance.text));
  const ended = new Promise((resolve) => live.on("ended", () => resolve(events.push("ended"))));
  while (!events.includes("connected")) await sleep(0.02);
  live.sendAudio(audio);
  live.stopRecording();
  const outcome = await Promise.race([ended, sleep(2)]);
  const seen = events.join(" ") + (outcome === undefined ? ", none more in 2 s" : "");
  live.endSession();
  sockets.clients.forEach((socket) => socket.terminate());
  server.close();
  return { received, seen };
}

let asExpected = true;
function check(name, found, expected) {
  console.log(`${name}: ${found}`);
  asExpected &&= found === expected;
}

const samples = new Int16Array([1000, -1000, 256, -256]);
const ALL = "232 3 24 252 0 1 0 255";
for (const [name, audio, expected] of [
  ["Uint8Array", new Uint8Array(samples.buffer), ALL],
  ["Int16Array", samples, "232 24 0 0"],
  ["its buffer", samples.buffer, ALL],
  ["Float32Array", new Float32Array([0.5, -0.5]), "0 0"],
]) {
  const { received } = await session(audio);
  check(name, received[0].bytes.join(" "), expected);
}
check("events", (await session(samples.buffer)).seen, "started connected ending नमस्ते ended");
const { received, seen } = await session(samples.buffer, true);
const got = received.map((own) => own.types.join(" ") || "nothing").join(", then ");
check(
  "connection lost after the stop",
  `got ${got}; events: ${seen}`,
  "got stop_recording, then nothing; events: started connected ending connecting connected, none more in 2 s",
);
process.exit(asExpected ? 0 : 1);
JS
node run.mjs
