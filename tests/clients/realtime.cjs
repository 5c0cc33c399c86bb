// node realtime.cjs BASE_URL MODEL FILE: send little-endian PCM at 24 kHz to the realtime API, print the first final.
const fs = require("node:fs");
const OpenAI = require("openai");
const { OpenAIRealtimeWS } = require("openai/realtime/ws");

const [baseURL, model, file] = process.argv.slice(2);
const client = new OpenAI({ apiKey: "none", baseURL });
const realtime = new OpenAIRealtimeWS({ model }, client);
realtime.on("session.created", () => {
  const input = { turn_detection: { type: "server_vad", silence_duration_ms: 400 } };
  realtime.send({ type: "session.update", session: { type: "transcription", audio: { input } } });
  const data = fs.readFileSync(file);
  for (let start = 0; start < data.length; start += 4800) {
    const audio = data.subarray(start, start + 4800).toString("base64");
    realtime.send({ type: "input_audio_buffer.append", audio });
  }
});
realtime.on("conversation.item.input_audio_transcription.completed", (event) => {
  console.log(event.transcript);
  realtime.close();
});
realtime.on("error", (error) => {
  console.error(error.error?.code ?? error.message);
  process.exit(1);
});
