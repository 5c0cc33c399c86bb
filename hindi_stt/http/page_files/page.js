import { label, switchLanguage, translatePage, warningText } from "./labels.js";
import { Live } from "./live.js";
import { toSrt, toVtt } from "./subtitles.js";

const $ = (selector) => document.querySelector(selector);
const config = JSON.parse($("#config").textContent);
const SURE = 0.9, FAIR = 0.6;
const LIVE_BARS = 240;

// What is shown: {name, words, body, audio (a Blob), url, duration, peaks, state}; one a file, and one a recording.
const results = [];
let shown = null;
let live = null;
const player = new Audio();
let stopAt = Infinity;

// ---- options

function makeOptions() {
  const fields = $("#option-fields");
  for (const [name, values] of Object.entries(config.options)) {
    const field = document.createElement(values.length ? "select" : "input");
    field.id = `option-${name}`;
    field.name = name;
    for (const value of values.length ? ["", ...values] : []) field.append(new Option(value, value));
    const text = document.createElement("span");
    text.dataset.label = name;
    const row = document.createElement("label");
    row.className = name === "hotwords" ? "wide" : "";
    if (name === "hotwords") field.placeholder = "बारिश, दिल्ली:5";
    row.append(text, field);
    fields.append(row);
  }
}

const chosen = () =>
  Object.fromEntries([...document.querySelectorAll("#option-fields [name]")].filter((f) => f.value.trim()).map((f) => [f.name, f.value]));

// Kept as long as the tab.
const key = () => $("#key").value.trim();
$("#key-row").hidden = !config.keys;
$("#key").value = sessionStorage.getItem("key") ?? "";
$("#key").onchange = () => sessionStorage.setItem("key", key());

// ---- errors

function showError(error) {
  $("#error-message").textContent = error.message;
  $("#error-help").textContent = error.help ?? "";
  $("#error-code").textContent = error.code ?? "";
  $("#error").hidden = false;
}

const clearError = () => { $("#error").hidden = true; };
const noServer = () => ({ message: label("no_server"), help: label("no_server_help") });

// ---- files

async function addFiles(files) {
  clearError();
  const added = [...files].map((file) => ({ name: file.name, audio: file, words: [], state: "working" }));
  results.push(...added);
  if (added.length) show(added[0]);
  for (const result of added) await transcribe(result);
}

async function transcribe(result) {
  const form = new FormData();
  for (const [name, value] of Object.entries(chosen())) form.append(name, value);
  form.append("file", result.audio, result.name);
  measure(result);
  try {
    const response = await fetch(new URL("transcribe", document.baseURI), { method: "POST", body: form, headers: key() ? { Authorization: `Bearer ${key()}` } : {} });
    const body = await response.json();
    if (!response.ok) throw body.error;
    Object.assign(result, { words: body.words, body, duration: body.duration, state: "done" });
  } catch (error) {
    result.state = "failed";
    showError(error?.code ? { ...error, message: `${result.name}: ${error.message}` } : noServer());
  }
  if (shown === result) show(result);
}

// Peaks for the waveform, where the browser can read the format.
async function measure(result) {
  const context = new OfflineAudioContext(1, 1, 16000);
  try {
    const buffer = await context.decodeAudioData(await result.audio.arrayBuffer());
    const samples = buffer.getChannelData(0);
    result.duration ??= buffer.duration;
    result.peaks = peaksOf(samples);
  } catch {
    result.unplayable = true;
  }
  if (shown === result) show(result);
}

function peaksOf(samples, bars = 300, full = 1) {
  const step = Math.max(1, samples.length / bars), peaks = [];
  for (let i = 0; i < samples.length; i += step) {
    let peak = 0;
    for (let j = Math.floor(i); j < i + step && j < samples.length; j++) peak = Math.max(peak, Math.abs(samples[j]));
    peaks.push(peak / full);
  }
  return peaks;
}

// ---- the microphone

async function record() {
  if (live) {
    $("#record").disabled = true;
    status(label("finishing"));
    live.stop();
    return;
  }
  clearError();
  player.pause();
  const result = { name: label("live"), words: [], state: "live", levels: [] };
  const session = new Live(chosen(), key(), {
    partial: (stable, unstable) => {
      $("#stable").textContent = stable;
      $("#unstable").textContent = unstable;
    },
    final: (words) => {
      result.words.push(...words);
      $("#stable").textContent = $("#unstable").textContent = "";
      if (shown === result) showWords(result);
    },
    level: (samples) => {
      result.levels.push(...peaksOf(samples, 1, 32768));
      if (result.levels.length > LIVE_BARS) result.levels.shift();
      $("#clock").textContent = clock(session.chunks.length / 10);
      if (shown === result) draw();
    },
    error: showError,
    end: (problem) => {
      if (problem?.lost) showError(noServer());
      result.audio = session.wav();
      result.duration = (result.audio.size - 44) / 32000;
      result.state = "done";
      result.body = { text: result.words.map((w) => w.word).join(" "), language: config.language, duration: result.duration, words: result.words, model: config.model };
      live = null;
      recordButton(false);
      measure(result);
      show(result);
    },
  });
  try {
    await session.start();
  } catch (error) {
    session.media?.getTracks().forEach((track) => track.stop());
    showError(error.help ? error : { message: label("no_microphone"), help: label("no_microphone_help"), code: error.name });
    return;
  }
  live = session;
  results.push(result);
  recordButton(true);
  show(result);
}

function recordButton(on) {
  $("#record").disabled = false;
  $("#record").ariaPressed = String(on);
  $("#record-label").dataset.label = on ? "stop" : "speak";
  $("#record-label").textContent = label(on ? "stop" : "speak");
  $("#clock").textContent = "";
}

// ---- the result

function show(result) {
  if (shown !== result) {
    player.pause();
    player.removeAttribute("src");
  }
  shown = result;
  if (result.audio && !result.url) result.url = URL.createObjectURL(result.audio);
  if (result.url && !player.src && !result.unplayable) player.src = result.url;
  $("#output").hidden = false;
  $("#progress").hidden = result.state !== "working";
  $("#live").hidden = result.state !== "live";
  $("#wave").hidden = !(result.peaks || result.state === "live");
  $("#wave").ariaValueMax = (result.duration ?? 0).toFixed(1);
  $("#result-bar").hidden = result.state !== "done" || !result.words.length;
  const files = $("#files");
  files.replaceChildren(...results.map((r, i) => new Option(r.name, i, false, r === result)));
  files.hidden = results.length < 2;
  files.disabled = Boolean(live);
  showWords(result);
  showWarnings(result);
  status(statusOf(result));
  draw();
}

function statusOf(result) {
  if (result.state === "working") return label("working");
  if (result.state === "live") return label("listening");
  if (result.state === "failed") return "";
  if (!result.words.length) return label("nothing");
  return label("done", result.words.length) + (result.unplayable ? ` ${label("unplayable")}` : "");
}

const status = (text) => { $("#status").textContent = text; };
const grade = (confidence) => (confidence >= SURE ? "sure" : confidence >= FAIR ? "fair" : "poor");

// What was not heard or not applied. A warning is a code, or a code, a colon and details.
function showWarnings(result) {
  const items = (result.body?.warnings ?? []).map((text) => {
    const [code, ...details] = text.split(": ");
    const item = document.createElement("li");
    item.textContent = warningText(code, details.join(": ")) ?? text;
    return item;
  });
  $("#warnings").replaceChildren(...items);
  $("#warnings").hidden = !items.length;
}

// One of the words can be tabbed to; arrow keys go from there.
function showWords(result) {
  const spans = result.words.map((word, i) => {
    const span = document.createElement("span");
    span.className = `word ${grade(word.confidence)}`;
    span.textContent = word.word;
    span.role = "button";
    span.tabIndex = i ? -1 : 0;
    span.dataset.i = i;
    span.title = `${clock(word.start)} · ${Math.round(word.confidence * 100)} %`;
    return span;
  });
  $("#words").replaceChildren(...spans.flatMap((span) => [span, " "]));
}

function play(i) {
  const word = shown?.words[i];
  if (!word || !player.src) return;
  player.currentTime = Math.max(0, word.start - 0.05);
  stopAt = word.end + 0.1;
  player.play().catch(() => {});
}

function follow() {
  const at = player.currentTime;
  if (at >= stopAt) {
    player.pause();
    stopAt = Infinity;
  }
  if (shown) {
    shown.words.forEach((word, i) => {
      $("#words").children[i]?.classList.toggle("playing", !player.paused && at >= word.start - 0.06 && at < word.end);
    });
    $("#wave").ariaValueNow = at.toFixed(1);
    $("#wave").ariaValueText = clock(at);
    draw();
  }
  if (!player.paused) requestAnimationFrame(follow);
}

function moveFocus(event) {
  const words = [...$("#words").children];
  const i = words.indexOf(event.target);
  if (i < 0) return;
  const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: words.length - 1 }[event.key];
  if (event.key === "Enter" || event.key === " ") play(i);
  else if (words[to]) {
    words[i].tabIndex = -1;
    words[to].tabIndex = 0;
    words[to].focus();
  } else return;
  event.preventDefault();
}

// ---- the waveform

function draw() {
  const canvas = $("#wave canvas"), { clientWidth: width, clientHeight: height } = canvas;
  if (!width) return;
  const scale = window.devicePixelRatio, style = getComputedStyle(document.documentElement);
  canvas.width = width * scale;
  canvas.height = height * scale;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const bars = shown.state === "live" ? Array(LIVE_BARS).fill(0).concat(shown.levels).slice(-LIVE_BARS) : shown.peaks ?? [];
  const loudest = Math.max(0.1, ...bars), step = width / bars.length;
  const played = shown.duration ? player.currentTime / shown.duration : 0;
  bars.forEach((peak, i) => {
    const h = Math.max(2, (peak / loudest) * height);
    pen.fillStyle = style.getPropertyValue(shown.state === "live" || i / bars.length < played ? "--accent" : "--bar");
    pen.fillRect(i * step, (height - h) / 2, Math.max(1, step * 0.65), h);
  });
}

function seek(seconds) {
  if (!shown?.duration || !player.src) return;
  stopAt = Infinity;
  player.currentTime = Math.max(0, Math.min(shown.duration, seconds));
  player.play().catch(() => {});
}

function seekByKey(event) {
  if (event.key === " ") {
    if (player.paused) seek(player.currentTime); else player.pause();
  } else {
    const to = { ArrowRight: player.currentTime + 1, ArrowLeft: player.currentTime - 1, Home: 0 }[event.key];
    if (to === undefined) return;
    seek(to);
  }
  event.preventDefault();
}

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}

// ---- downloads

const WRITERS = {
  txt: ({ words }) => words.map((w) => w.word).join(" ") + "\n",
  srt: ({ words }) => toSrt(words),
  vtt: ({ words }) => toVtt(words),
  json: ({ body }) => JSON.stringify(body, null, 2) + "\n",
};

function download(format) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([WRITERS[format](shown)], { type: "text/plain;charset=utf-8" }));
  link.download = `${shown.name.replace(/\.[^.]*$/, "")}.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// ---- wiring

function translate() {
  translatePage();
  $("#words").ariaLabel = label("words");
  $("#wave").ariaLabel = label("wave");
  $("#files").ariaLabel = label("files");
  $(".downloads").ariaLabel = label("downloads");
  $("#model").textContent = `${label("model")}: ${config.model}`;
  for (const option of document.querySelectorAll("#option-fields option[value='']")) option.textContent = label("server_default");
  if (!shown) return;
  status(statusOf(shown));
  showWarnings(shown);
}

makeOptions();
recordButton(false);
translate();
$("#language").onclick = () => { switchLanguage(); translate(); };
$("#record").onclick = record;
$("#file").onchange = ({ target }) => { addFiles(target.files).then(() => { target.value = ""; }); };
$("#files").onchange = ({ target }) => show(results[target.value]);
$("#words").onclick = ({ target }) => play(target.dataset.i);
$("#words").onkeydown = moveFocus;
$("#wave").onclick = (event) => seek((event.offsetX / $("#wave").clientWidth) * (shown.duration ?? 0));
$("#wave").onkeydown = seekByKey;
$(".downloads").onclick = ({ target }) => target.dataset.format && download(target.dataset.format);
player.onplay = follow;
player.onpause = follow;
player.onseeked = follow;
addEventListener("resize", () => shown && draw());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => shown && draw());
document.ondragover = (event) => { event.preventDefault(); $("#drop").classList.add("over"); };
document.ondragleave = () => $("#drop").classList.remove("over");
document.ondrop = (event) => {
  event.preventDefault();
  $("#drop").classList.remove("over");
  addFiles(event.dataTransfer.files);
};
