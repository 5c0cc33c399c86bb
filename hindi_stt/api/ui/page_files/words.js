// The words of a transcript: shown, moved through by keyboard, and corrected in place.

import { $, clock, config, state } from "./dom.js";
import { clusters } from "./graphemes.js";
import { label } from "./labels.js";
import { playWord } from "./player.js";
import { replacements } from "./transcript.js";

const SURE = 0.9, FAIR = 0.6;

let correcting = false;
// The open editor: {input, result, i}.
let editing = null;
// The word on which a pointer was pressed to leave the editor: that moves the words, so it may be released on another one.
let pressed = null;
let changed = () => {};

const container = () => $("#words");
const grade = (confidence) => (confidence >= SURE ? "sure" : confidence >= FAIR ? "fair" : "poor");
const canCorrect = () => state.shown?.state === "done";

function makeSpan(word) {
  const span = document.createElement("span");
  span.className = `word ${word.corrected ? "corrected" : grade(word.confidence)}`;
  span.textContent = word.word;
  span.role = "button";
  span.tabIndex = -1;
  span.ariaKeyShortcuts = "F2";
  describe(span, word);
  return span;
}

// Who speaks is shown before the first word of a turn, by the style sheet: the text has the words alone.
function nameSpeaker(span, i) {
  const speaker = state.shown?.words[i]?.speaker;
  if (!speaker || (i && state.shown.words[i - 1].speaker === speaker)) delete span.dataset.speaker;
  else span.dataset.speaker = speaker.replace(/^Speaker (\d+)$/, (_, number) => label("speaker", number));
}

function describe(span, word) {
  span.title = `${clock(word.start)} · ${word.corrected ? label("corrected") : `${Math.round(word.confidence * 100)} %`}`;
}

export function showWords(result) {
  finishEdit();
  // The line breaks are text, so that the children are the words and nothing else.
  const separator = (i) => (result.words[i + 1]?.paragraph ? "\n\n" : " ");
  container().replaceChildren(...result.words.flatMap((word, i) => [makeSpan(word), separator(i)]));
  number(0);
}

// What is said about the words in the reader's language.
export function translateWords() {
  container().ariaLabel = label("words");
  [...container().children].forEach((span, i) => {
    nameSpeaker(span, i);
    if (span !== editing?.input) describe(span, state.shown.words[i]);
  });
}

// Numbers the words; one of them, number `stop`, can be tabbed to, and arrow keys go from there.
function number(stop) {
  [...container().children].forEach((span, i) => {
    span.dataset.i = i;
    nameSpeaker(span, i);
    if (span !== editing?.input) span.tabIndex = i === stop ? 0 : -1;
  });
}

function focusWord(i) {
  const spans = container().children;
  if (!spans.length) return;
  const at = Math.max(0, Math.min(i, spans.length - 1));
  number(at);
  spans[at].focus();
}

function setCorrecting(on) {
  finishEdit();
  correcting = on;
  $("#correct").ariaPressed = String(on);
  $("#correct-hint").hidden = !on;
  container().classList.toggle("correcting", on);
}

// ---- the editor

function edit(i) {
  finishEdit();
  const result = state.shown, word = result?.words[i], span = container().children[i];
  if (!word || !canCorrect()) return;
  const input = document.createElement("input");
  input.className = "word-editor";
  input.lang = config.language;
  input.value = word.word;
  input.autocomplete = "off";
  // Some browsers send what they check to their maker.
  input.spellcheck = false;
  input.autocapitalize = "off";
  input.enterKeyHint = "done";
  input.ariaLabel = label("correct_word", word.word);
  const resize = () => { input.size = Math.max(2, clusters(input.value).length); };
  input.oninput = resize;
  resize();
  input.onkeydown = editorKey;
  // Where the whole window loses the focus, the editor stays open.
  input.onblur = () => document.activeElement !== input && finishEdit();
  editing = { input, result, i };
  span.replaceWith(input);
  number(-1);
  input.focus();
  input.select();
}

function editorKey(event) {
  event.stopPropagation();
  // Enter and Escape that belong to an input method choose among its proposals.
  if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
  event.preventDefault();
  finishEdit({ save: event.key === "Enter", focus: true });
}

// Closes the editor, if one is open. save: with what was typed; focus: go on from the word.
export function finishEdit({ save = true, focus = false } = {}) {
  if (!editing) return;
  const { input, result, i } = editing;
  editing = null;
  const old = result.words[i], typed = save ? replacements(old, input.value) : null;
  const words = typed ?? [old];
  if (typed) {
    result.words = [...result.words.slice(0, i), ...words, ...result.words.slice(i + 1)];
    result.history.push({ i, old, count: words.length });
  }
  if (!words.length) input.nextSibling?.remove();
  input.replaceWith(...words.map(makeSpan).flatMap((span, n) => (n ? [" ", span] : [span])));
  if (focus) focusWord(i);
  else number(Math.min(i, Math.max(0, result.words.length - 1)));
  if (typed) changed(result);
  if (focus && !result.words.length) $("#undo").focus();
}

function undo() {
  finishEdit();
  const result = state.shown, last = result?.history.pop();
  if (!last) return;
  result.words = [...result.words.slice(0, last.i), last.old, ...result.words.slice(last.i + last.count)];
  showWords(result);
  changed(result);
  if (result.history.length) number(last.i);
  else focusWord(last.i);
}

// ---- keys and pointers

function onKey(event) {
  const words = [...container().children], i = words.indexOf(event.target);
  if (i < 0) return;
  const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: words.length - 1 }[event.key];
  if (event.key === "F2") edit(i);
  else if (event.key === "Enter" || event.key === " ") choose(i);
  else if (words[to]) focusWord(to);
  else return;
  event.preventDefault();
}

function choose(i) {
  playWord(i);
  if (correcting) edit(i);
}

function onClick(event) {
  const span = event.target.closest(".word") ?? pressed;
  pressed = null;
  if (event.target.closest("input") || !span?.isConnected) return;
  choose(Number(span.dataset.i));
}

// onChange: called with a result whose words were corrected.
export function prepareWords(onChange) {
  changed = onChange;
  container().onclick = onClick;
  container().ondblclick = ({ target }) => target.matches(".word") && edit(Number(target.dataset.i));
  container().onpointerdown = ({ target }) => { pressed = editing && target.closest(".word"); };
  container().onkeydown = onKey;
  $("#correct").onclick = () => setCorrecting(!correcting);
  $("#undo").onclick = undo;
}
