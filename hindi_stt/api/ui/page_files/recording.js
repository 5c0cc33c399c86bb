// A recording by microphone, whose words come while somebody speaks.

import { $, clock, config, state } from "./dom.js";
import { label } from "./labels.js";
import { Live } from "./live.js";
import { apiKey, chosenOptions } from "./options.js";
import { addLevel, measure } from "./waveform.js";

const BYTES_PER_S = 32000, WAV_HEADER_BYTES = 44, PACKETS_PER_S = 10;

// on: {words(result), level(result), error(error), lost(), end(result)}. Returns the result, which is shown while it grows.
// Throws what the browser throws for a microphone, or the server's error where it refuses.
export async function startRecording(on) {
  const result = { name: label("live"), words: [], history: [], state: "live", levels: [] };
  const caption = (stable, unstable) => {
    $("#stable").textContent = stable;
    $("#unstable").textContent = unstable;
  };
  // Who spoke is known when all have spoken.
  const { diarize, ...options } = chosenOptions();
  const session = new Live(options, apiKey(), {
    partial: caption,
    final: (words) => {
      result.words.push(...words);
      caption("", "");
      on.words(result);
    },
    level: (samples) => {
      addLevel(result, samples);
      $("#clock").textContent = clock(session.chunks.length / PACKETS_PER_S);
      on.level(result);
    },
    error: on.error,
    end: async (problem) => {
      if (problem?.lost) on.lost();
      result.audio = session.wav();
      result.duration = (result.audio.size - WAV_HEADER_BYTES) / BYTES_PER_S;
      result.body = { text: "", language: config.language, duration: result.duration, words: [], model: config.model };
      result.heard = result.words.length;
      result.state = "done";
      state.live = null;
      recordButton(false);
      caption("", "");
      await measure(result);
      on.end(result);
    },
  });
  try {
    await session.start();
  } catch (error) {
    session.media?.getTracks().forEach((track) => track.stop());
    throw error;
  }
  state.live = session;
  recordButton(true);
  return result;
}

export function stopRecording() {
  $("#record").disabled = true;
  state.live.stop();
}

export function recordButton(on) {
  $("#record").disabled = false;
  $("#record").ariaPressed = String(on);
  $("#record-label").dataset.label = on ? "stop" : "speak";
  $("#record-label").textContent = label(on ? "stop" : "speak");
  $("#clock").textContent = "";
}
