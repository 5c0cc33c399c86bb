// The page as a whole: recordings come in, one of them is shown, and the controls are connected with what they do.

import { $, config, setStatus, state } from "./dom.js";
import { copyShown, downloadAll, downloadShown, finished } from "./downloads.js";
import { SWITCH, forgetKept, keep, keeping, restored, startKeeping } from "./kept.js";
import { label, switchLanguage, translatePage, warningText } from "./labels.js";
import { apiKey, askForKey, chosenOptions, isKeyError, keyProblem, makeOptions, prepareKey, refuseKey, tryKeyAgain } from "./options.js";
import { load, pause, preparePlayer, redraw, unload } from "./player.js";
import { recordButton, startRecording, stopRecording } from "./recording.js";
import { markParagraphs } from "./transcript.js";
import { measure } from "./waveform.js";
import { finishEdit, prepareWords, showWords, translateWords } from "./words.js";

// ---- errors

// A function that makes the message which is shown, in the language of the moment.
let currentError = null;

function showError(make) {
  currentError = make;
  const { message, help, code } = make();
  $("#error-message").textContent = message;
  $("#error-help").textContent = help ?? "";
  $("#error-code").textContent = code ?? "";
  $("#error").hidden = false;
}

function clearError() {
  currentError = null;
  $("#error").hidden = true;
}

const noServer = () => ({ message: label("no_server"), help: label("no_server_help") });

function showKeyError(code) {
  showError(() => ({ message: label(code), help: label("key_where"), code }));
  askForKey();
}

// ---- files

async function addFiles(files) {
  clearError();
  tryKeyAgain();
  const added = [...files].map((file) => ({ name: file.name, audio: file, words: [], history: [], state: "working" }));
  state.results.push(...added);
  if (added.length) show(added[0]);
  for (const result of added) await transcribe(result);
}

async function transcribe(result) {
  if (!state.results.includes(result)) return;
  if (!result.peaks && !result.unplayable) measure(result).then(() => state.shown === result && showRecording(result));
  if (keyProblem()) {
    waitForKey(result, keyProblem());
    return;
  }
  result.state = "working";
  refresh(result);
  const form = new FormData();
  for (const [name, value] of Object.entries(chosenOptions())) form.append(name, value);
  form.append("paragraphs", "true");
  form.append("file", result.audio, result.name);
  try {
    const response = await fetch(new URL("transcribe", document.baseURI), { method: "POST", body: form, headers: apiKey() ? { Authorization: `Bearer ${apiKey()}` } : {} });
    const body = await response.json();
    if (!response.ok) throw body.error;
    markParagraphs(body);
    Object.assign(result, { words: body.words, heard: body.words.length, body, duration: body.duration, state: "done" });
    keepOrSay(result);
  } catch (error) {
    // It may have been forgotten meanwhile.
    if (!state.results.includes(result)) return;
    if (isKeyError(error?.code)) {
      refuseKey(error.code);
      waitForKey(result, error.code);
      return;
    }
    result.state = "failed";
    result.error = error?.code ? () => ({ ...error, message: `${result.name}: ${error.message}` }) : noServer;
    showError(result.error);
  }
  if (state.shown === result) show(result);
  else refresh(result);
}

// The recording is not lost: it goes to the server as soon as there is a key.
function waitForKey(result, code) {
  result.state = "waiting";
  showKeyError(code);
  refresh(result);
}

async function sendWaiting() {
  clearError();
  for (const result of state.results.filter((waiting) => waiting.state === "waiting")) await transcribe(result);
}

// ---- the microphone

async function record() {
  if (state.live) {
    setStatus(label("finishing"));
    stopRecording();
    return;
  }
  clearError();
  pause();
  tryKeyAgain();
  if (keyProblem()) {
    showKeyError(keyProblem());
    return;
  }
  const on = {
    words: (result) => state.shown === result && showWords(result),
    level: (result) => state.shown === result && redraw(),
    error: (error) => showError(() => error),
    lost: () => showError(noServer),
    end: (result) => {
      keepOrSay(result);
      show(result);
    },
  };
  try {
    const result = await startRecording(on);
    state.results.push(result);
    show(result);
  } catch (error) {
    if (isKeyError(error.code)) showKeyError(error.code);
    else if (error.help) showError(() => error);
    else showError(() => ({ message: label("no_microphone"), help: label("no_microphone_help"), code: error.name }));
  }
}

// ---- what is shown

function show(result) {
  finishEdit();
  if (state.shown !== result) unload();
  state.shown = result;
  $("#output").hidden = false;
  showRecording(result);
  showWords(result);
  refresh(result);
}

// The player and the waveform: whatever is known of the recording itself.
function showRecording(result) {
  load(result);
  $("#wave").hidden = !(result.peaks || result.state === "live");
  $("#wave").ariaValueMax = (result.duration ?? 0).toFixed(1);
  setStatus(statusOf(result));
  redraw();
}

// After a result has changed, the one that is shown or another one.
function refresh(result) {
  $("#zip").hidden = finished().length < 2;
  $("#forget").disabled = Boolean(state.live);
  showFiles();
  if (state.shown !== result) return;
  $("#progress").hidden = result.state !== "working";
  $("#live").hidden = result.state !== "live";
  $("#result-bar").hidden = result.state !== "done" || !result.words.length;
  $("#edit-bar").hidden = result.state !== "done" || !(result.words.length || result.history.length);
  $("#undo").disabled = !result.history.length;
  $("#corrected-legend").hidden = !result.words.some((word) => word.corrected);
  showWarnings(result);
  showRecording(result);
}

function showFiles() {
  const files = $("#files");
  files.replaceChildren(...state.results.map((r, i) => new Option(r.name, i, false, r === state.shown)));
  files.hidden = state.results.length < 2;
  files.disabled = Boolean(state.live);
}

function statusOf(result) {
  if (result.state === "waiting") return label("needs_key");
  if (result.state === "working") return label("working");
  if (result.state === "live") return label("listening");
  if (result.state === "failed") return result.error().message;
  if (!result.words.length) return label(result.heard ? "emptied" : "nothing");
  const corrected = result.words.filter((word) => word.corrected).length;
  const done = corrected ? label("done_corrected", result.words.length, corrected) : label("done", result.words.length);
  return [done, result.restored && label("kept"), result.unplayable && label("unplayable")].filter(Boolean).join(" ");
}

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

// ---- transcripts that survive a reload

const sayAboutKeeping = (name) => {
  $("#keep-status").dataset.label = name;
  $("#keep-status").textContent = name && label(name);
};

// Whatever is no longer on the page was forgotten meanwhile.
function keepOrSay(result) {
  if (state.results.includes(result)) sayAboutKeeping(keep(result) ? "" : "not_kept");
}

function switchKeeping() {
  finishEdit();
  if ($("#keep").checked && startKeeping()) finished().forEach(keepOrSay);
  else if ($("#keep").checked) sayAboutKeeping("not_kept");
  else forgetKept();
  showKeeping();
}

function showKeeping() {
  $("#keep").checked = keeping();
  $("#forget").hidden = !keeping();
}

function forgetAll() {
  finishEdit({ save: false });
  forgetKept();
  unload();
  state.results.filter((result) => result.url).forEach((result) => URL.revokeObjectURL(result.url));
  state.results.length = 0;
  state.shown = null;
  $("#output").hidden = true;
  $("#words").replaceChildren();
  clearError();
  showKeeping();
  sayAboutKeeping("forgotten");
  $("#keep").focus();
}

// ---- wiring

function translate() {
  translatePage();
  translateWords();
  $("#wave").ariaLabel = label("wave");
  $("#files").ariaLabel = label("files");
  $(".downloads").ariaLabel = label("downloads");
  $("#model").textContent = `${label("model")}: ${config.model}`;
  if (currentError) showError(currentError);
  if (!state.shown) return;
  setStatus(statusOf(state.shown));
  showWarnings(state.shown);
}

function takeDrops() {
  document.ondragover = (event) => { event.preventDefault(); $("#drop").classList.add("over"); };
  document.ondragleave = () => $("#drop").classList.remove("over");
  document.ondrop = (event) => {
    event.preventDefault();
    $("#drop").classList.remove("over");
    addFiles(event.dataTransfer.files);
  };
}

makeOptions();
prepareKey(sendWaiting);
preparePlayer();
prepareWords((result) => { keepOrSay(result); refresh(result); });
recordButton(false);
takeDrops();
state.results.push(...restored());
translate();
showKeeping();
if (state.results.length) show(state.results.at(-1));

$("#language").onclick = () => { switchLanguage(); translate(); };
$("#record").onclick = record;
$("#file").onchange = ({ target }) => { addFiles(target.files).then(() => { target.value = ""; }); };
$("#files").onchange = ({ target }) => show(state.results[target.value]);
$("#copy").onclick = copyShown;
$("#zip").onclick = downloadAll;
$(".downloads").onclick = ({ target }) => target.dataset.format && downloadShown(target.dataset.format);
$("#keep").onchange = switchKeeping;
$("#forget").onclick = forgetAll;
// Another tab has switched keeping on or off.
addEventListener("storage", ({ key }) => (key === SWITCH || key === null) && showKeeping());
addEventListener("pagehide", () => finishEdit());
addEventListener("resize", () => redraw());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw());
