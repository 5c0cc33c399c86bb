// The loudness of a recording over time, measured and drawn.

import { $, state } from "./dom.js";

const BARS = 300, LIVE_BARS = 240, MEASURE_RATE = 16000;

// Peaks for the waveform, where the browser can read the format.
export async function measure(result) {
  try {
    const context = new OfflineAudioContext(1, 1, MEASURE_RATE);
    const buffer = await context.decodeAudioData(await result.audio.arrayBuffer());
    result.duration ??= buffer.duration;
    result.peaks = peaksOf(buffer.getChannelData(0));
  } catch {
    result.unplayable = true;
  }
}

// samples: integers of 16 bits, just recorded.
export function addLevel(result, samples) {
  result.levels.push(...peaksOf(samples, 1, 32768));
  if (result.levels.length > LIVE_BARS) result.levels.shift();
}

function peaksOf(samples, bars = BARS, full = 1) {
  const step = Math.max(1, samples.length / bars), peaks = [];
  for (let i = 0; i < samples.length; i += step) {
    let peak = 0;
    for (let j = Math.floor(i); j < i + step && j < samples.length; j++) peak = Math.max(peak, Math.abs(samples[j]));
    peaks.push(peak / full);
  }
  return peaks;
}

// played_s: the part that is drawn in another colour.
export function draw(played_s) {
  const canvas = $("#wave canvas"), { clientWidth: width, clientHeight: height } = canvas, { shown } = state;
  if (!width || !shown) return;
  const scale = window.devicePixelRatio, style = getComputedStyle(document.documentElement);
  canvas.width = width * scale;
  canvas.height = height * scale;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const bars = shown.state === "live" ? Array(LIVE_BARS).fill(0).concat(shown.levels).slice(-LIVE_BARS) : shown.peaks ?? [];
  const loudest = Math.max(0.1, ...bars), step = width / bars.length;
  const played = shown.duration ? played_s / shown.duration : 0;
  bars.forEach((peak, i) => {
    const h = Math.max(2, (peak / loudest) * height);
    pen.fillStyle = style.getPropertyValue(shown.state === "live" || i / bars.length < played ? "--accent" : "--bar");
    pen.fillRect(i * step, (height - h) / 2, Math.max(1, step * 0.65), h);
  });
}
