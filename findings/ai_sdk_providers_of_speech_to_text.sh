#!/usr/bin/env bash
# ai 6.0.326, @ai-sdk/elevenlabs 2.0.58, @ai-sdk/deepgram 2.0.58, @ai-sdk/groq 3.0.71, Node.js 20.
#
# Behaviour: with diarize: false, @ai-sdk/elevenlabs sends the field diarize twice, first as true: a server that takes the first value
#   separates speakers. Its "segments" are words, and the spaces between them are segments too. @ai-sdk/deepgram asks for diarisation by
#   itself, drops the speakers, and gives as segments words without the punctuation that the text has, also with smartFormat.
#   @ai-sdk/groq refuses an answer without x_groq, which other services at the same path do not send, as "Invalid JSON response".
# Wrong guess: an option replaces its default; segments are parts of the text that make it up, as the same call with OpenAI returns;
#   and a client whose baseURL can be set reads the usual {"text": …}.
# Seen: "elevenlabs: diarize true,false; segments नमस्ते| |जी", "deepgram: diarize=true; text नमस्ते, जी।; segments नमस्ते|जी" and
#   "groq: Invalid JSON response; with x_groq: नमस्ते".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --no-save ai@6.0.326 @ai-sdk/elevenlabs@2.0.58 @ai-sdk/deepgram@2.0.58 @ai-sdk/groq@3.0.71
cat > run.mjs <<'JS'
import assert from "node:assert/strict";
import { createDeepgram } from "@ai-sdk/deepgram";
import { createElevenLabs } from "@ai-sdk/elevenlabs";
import { createGroq } from "@ai-sdk/groq";
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

// Transcribes with an answer in place of the network; returns the request and the result or error.
async function ask(create, name, answer, providerOptions, settings = {}) {
  let address, body;
  const fetch = async (url, request) => {
    [address, body] = [new URL(url), request.body];
    return Response.json(answer);
  };
  const model = create({ apiKey: "none", fetch, ...settings }).transcription(name);
  const result = await transcribe({ model, audio: wavFile(), providerOptions, maxRetries: 0 }).catch((error) => ({ error }));
  return { address, body, result, segments: result.segments?.map((segment) => segment.text).join("|") };
}

const parts = [["नमस्ते", "word"], [" ", "spacing"], ["जी", "word"]];
const words = parts.map(([text, type], index) => ({ text, type, start: index / 2, end: (index + 1) / 2 }));
const spoken = { language_code: "hin", language_probability: 1, text: "नमस्ते जी", words };
const elevenlabs = await ask(createElevenLabs, "scribe_v1", spoken, { elevenlabs: { diarize: false } });
const diarize = elevenlabs.body.getAll("diarize");
console.log(`elevenlabs: diarize ${diarize}; segments ${elevenlabs.segments}`);
assert.deepEqual([diarize, elevenlabs.segments], [["true", "false"], "नमस्ते| |जी"]);

const transcript = "नमस्ते, जी।";
const pairs = [["नमस्ते", "नमस्ते,"], ["जी", "जी।"]];
const detailed = pairs.map(([word, punctuated_word], index) => ({ word, punctuated_word, start: index, end: index + 1, speaker: index }));
const results = { channels: [{ alternatives: [{ transcript, confidence: 0.9, words: detailed }] }] };
const options = { deepgram: { language: "hi", smartFormat: true } };
const deepgram = await ask(createDeepgram, "nova-3", { metadata: { duration: 2, channels: 1 }, results }, options);
const asked = deepgram.address.searchParams.get("diarize");
console.log(`deepgram: diarize=${asked}; text ${deepgram.result.text}; segments ${deepgram.segments}`);
assert.deepEqual([asked, deepgram.result.text, deepgram.segments], ["true", transcript, "नमस्ते|जी"]);
assert.deepEqual(Object.keys(deepgram.result.segments[0]), ["text", "startSecond", "endSecond"]);

const baseURL = "http://127.0.0.1:9/v1";
const groq = await ask(createGroq, "whisper-large-v3", { text: "नमस्ते" }, undefined, { baseURL });
const marked = await ask(createGroq, "whisper-large-v3", { text: "नमस्ते", x_groq: { id: "1" } }, undefined, { baseURL });
console.log(`groq: ${groq.result.error?.message}; with x_groq: ${marked.result.text}`);
assert.deepEqual([groq.result.error?.message, marked.result.text], ["Invalid JSON response", "नमस्ते"]);
JS
node run.mjs
