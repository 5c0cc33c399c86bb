#!/usr/bin/env bash
# ai 6.0.326, @ai-sdk/openai 3.0.141, Node.js 20.
#
# Behaviour: experimental_transcribe() with a model of createOpenAI asks for verbose_json only where providerOptions.openai is given, and be
#   it empty. Without it there are no segments, no duration and no language; with it temperature=0 is sent as well. Words are lost where
#   the answer has segments too, even an empty list. The language is looked up in a list of 57 English names in lower case: "hindi" becomes
#   hi, but "hi", "bengali", "telugu", "gujarati", "punjabi" and "malayalam" become undefined. An empty text, as of a recording of silence,
#   is an error, and so are segments of start, end and text alone. AMR, AAC, AIFF and AU are sent as audio.wav of the type audio/wav.
# Wrong guess: an option such as the language changes only what it names; a result has segments, and a language if the service names one;
#   silence is an empty text; and a file of an unknown type is sent under no type, or under its own.
# Seen: "no options: model, file; segments 0, language undefined, 0 s", "openai: {}: model, file, response_format, temperature,
#   timestamp_granularities[]; segments 1, language hi, 1 s", "silence: AI_NoTranscriptGeneratedError", "amr: audio.wav audio/wav".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --no-save ai@6.0.326 @ai-sdk/openai@3.0.141
cat > run.mjs <<'JS'
import assert from "node:assert/strict";
import { createOpenAI } from "@ai-sdk/openai";
import { experimental_transcribe as transcribe } from "ai";

// One second of silence: a valid WAV file of 16 kHz, 16 bits and one channel.
function wavFile() {
  const wav = Buffer.alloc(44 + 32000);
  wav.write("RIFF", 0);
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.write("WAVEfmt ", 8);
  [16, 0x10001, 16000, 32000, 0x100002].forEach((value, index) => wav.writeUInt32LE(value, 16 + 4 * index));
  wav.write("data", 36);
  wav.writeUInt32LE(32000, 40);
  return wav;
}

const times = { start: 0, end: 1, text: "नमस्ते" };
const segment = { id: 0, seek: 0, tokens: [], temperature: 0, avg_logprob: -0.1, compression_ratio: 1, no_speech_prob: 0, ...times };
const word = { word: "नमस्ते", start: 0, end: 1 };

// Answers as the service does: details only for verbose_json.
function service(form) {
  if (form.get("response_format") !== "verbose_json") return { text: "नमस्ते" };
  const wanted = form.getAll("timestamp_granularities[]");
  const answer = { text: "नमस्ते", language: "hindi", duration: 1 };
  if (wanted.includes("segment")) answer.segments = [segment];
  if (wanted.includes("word")) answer.words = [word, word];
  return answer;
}

// The request and the result (or the error's name), with an answer in place of the network.
async function ask({ answer = service, options, audio = wavFile() }) {
  let form;
  const fetch = async (_, request) => Response.json((form = request.body) && answer(form));
  const model = createOpenAI({ apiKey: "none", fetch }).transcription("whisper-1");
  const providerOptions = options && { openai: options };
  const result = await transcribe({ model, audio, providerOptions, maxRetries: 0 }).catch((error) => error.name);
  return { fields: [...new Set(form.keys())].join(", "), file: form.get("file"), result };
}

const details = "model, file, response_format, temperature, timestamp_granularities[]";
const language = "model, file, language, response_format, temperature, timestamp_granularities[]";
for (const [name, options, fields, segments, code, seconds] of [
  ["no options", undefined, "model, file", 0, undefined, 0],
  ["openai: {}", {}, details, 1, "hi", 1],
  ["language: hi", { language: "hi" }, language, 1, "hi", 1],
  ["words", { timestampGranularities: ["word"] }, details, 2, "hi", 1],
  ["words and segments", { timestampGranularities: ["word", "segment"] }, details, 1, "hi", 1],
]) {
  const { fields: sent, result } = await ask({ options });
  const duration = result.durationInSeconds ?? 0;
  console.log(`${name}: ${sent}; segments ${result.segments.length}, language ${result.language}, ${duration} s`);
  assert.deepEqual([sent, result.segments.length, result.language, duration], [fields, segments, code, seconds]);
}

const empty = { text: "नमस्ते", language: "hindi", duration: 1, segments: [], words: [word] };
const { result: lost } = await ask({ options: {}, answer: () => empty });
console.log(`one word beside an empty list of segments: segments ${lost.segments.length}`);
assert.equal(lost.segments.length, 0);

const languages = {};
for (const name of ["hindi", "marathi", "hi", "Hindi", "bengali", "telugu", "gujarati", "punjabi", "malayalam"]) {
  languages[name] = (await ask({ options: {}, answer: () => ({ ...empty, language: name }) })).result.language;
}
console.log("language of the answer and of the result:", JSON.stringify(languages, (_, value) => value ?? "undefined"));
assert.deepEqual(Object.values(languages).filter(Boolean), ["hi", "mr"]);

const { result: silence } = await ask({ options: {}, answer: () => ({ text: "", language: "hindi", duration: 1, segments: [] }) });
const { result: short } = await ask({ options: {}, answer: () => ({ text: "नमस्ते", segments: [times] }) });
console.log(`silence: ${silence}`);
console.log(`segments of start, end and text: ${short}`);
assert.deepEqual([silence, short], ["AI_NoTranscriptGeneratedError", "AI_APICallError"]);

// The beginning of each format is all that is looked at.
const beginnings = { amr: Buffer.from("#!AMR\n"), aac: Buffer.from([0xff, 0xf1, 0x50, 0x80]), aiff: Buffer.from("FORM\0\0\x10\0AIFF") };
for (const [name, beginning] of Object.entries({ ...beginnings, au: Buffer.from(".snd\0\0\0\x18") })) {
  const { file } = await ask({ audio: Buffer.concat([beginning, Buffer.alloc(4000)]) });
  console.log(`${name}: ${file.name} ${file.type}`);
  assert.deepEqual([file.name, file.type], ["audio.wav", "audio/wav"]);
}
JS
node run.mjs
