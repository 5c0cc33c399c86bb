#!/usr/bin/env bash
# @mistralai/mistralai 2.7.0 and ws 8.18.3 from npm, Node.js 20.
#
# Behaviour: a real-time connection of @mistralai/mistralai/extra/realtime keeps no events: those that come while no loop over it waits are
#   lost. Where a program sends its audio and reads the events then, it gets "session.created", which connect() has kept, and nothing else,
#   and the loop waits for as long as the service does. The first turn of the loop is handed "session.created" before the connection is
#   listened to, so that a program which sends its audio at that event, or takes 0.2 s for it in transcribeStream(), loses the transcript.
#   From the second event on, all that comes during a turn is kept.
# Wrong guess: events that come early wait for their reader, as they do in the Python client of the same service; and transcribeStream(),
#   which sends the audio itself, hands over all events, however long the caller takes for one.
# Seen: "loop before the audio: session.created transcription.text.delta transcription.done", "loop after the audio: session.created, none
#   more in 1 s", "audio sent at session.created: session.created, none more in 1 s", "transcribeStream, 0.2 s for the first event:
#   session.created, none more in 1 s", "transcribeStream, 0.2 s for the second event: session.created transcription.text.delta
#   transcription.done".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes > /dev/null
npm install --silent --no-audit --no-fund --cache "$work/cache" @mistralai/mistralai@2.7.0 ws@8.18.3
cat > run.mjs <<'JS'
import { RealtimeTranscription } from "@mistralai/mistralai/extra/realtime";
import { WebSocketServer } from "ws";

const AUDIO = new Uint8Array(3200);
const SESSION = { request_id: "1", model: "voxtral", audio_format: { encoding: "pcm_s16le", sample_rate: 16000 } };
const USAGE = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
const DONE = { type: "transcription.done", model: "voxtral", text: "नमस्ते", language: "hi", usage: USAGE };
const ALL = "session.created transcription.text.delta transcription.done";
const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

// Answers audio with a text, and the end of the audio with the end of the transcription.
const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
await new Promise((resolve) => server.on("listening", resolve));
server.on("connection", (socket) => {
  const send = (message) => socket.send(JSON.stringify(message));
  send({ type: "session.created", session: SESSION });
  socket.on("message", (data) => {
    const { type } = JSON.parse(data);
    if (type === "input_audio.append") send({ type: "transcription.text.delta", text: "नमस्ते" });
    if (type === "input_audio.end") send(DONE);
  });
});

const realtime = new RealtimeTranscription({ apiKey: "none", serverURL: `ws://127.0.0.1:${server.address().port}` });

async function speak(connection) {
  await connection.sendAudio(AUDIO);
  await connection.endAudio();
}

async function* pieces() {
  yield AUDIO;
}

// Reads events until the transcription ends, and calls the action at each; a second without an event ends it too.
async function read(events, action = () => {}) {
  const iterator = events[Symbol.asyncIterator]();
  const types = [];
  while (!types.includes("transcription.done")) {
    const item = await Promise.race([iterator.next(), sleep(1)]);
    if (item === undefined) return `${types.join(" ")}, none more in 1 s`;
    types.push(item.value.type);
    await action(types.length);
  }
  return types.join(" ");
}

let asExpected = true;
function check(name, found, expected) {
  console.log(`${name}: ${found}`);
  asExpected &&= found === expected;
}

const LOST = "session.created, none more in 1 s";
let connection = await realtime.connect("voxtral");
const reading = read(connection);
await sleep(0.1);
await speak(connection);
check("loop before the audio", await reading, ALL);

connection = await realtime.connect("voxtral");
await speak(connection);
await sleep(0.2);
check("loop after the audio", await read(connection), LOST);

connection = await realtime.connect("voxtral");
const found = await read(connection, async (count) => {
  if (count > 1) return;
  await speak(connection);
  await sleep(0.2);
});
check("audio sent at session.created", found, LOST);

for (const [name, turn, expected] of [["first", 1, LOST], ["second", 2, ALL]]) {
  const seen = await read(realtime.transcribeStream(pieces(), "voxtral"), (count) => (count === turn ? sleep(0.2) : undefined));
  check(`transcribeStream, 0.2 s for the ${name} event`, seen, expected);
}
process.exit(asExpected ? 0 : 1);
JS
node run.mjs
