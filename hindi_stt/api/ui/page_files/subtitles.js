// Words with times → SRT and WebVTT, cut as hindi_stt/render/cues.py does (see there for the rules); limits come with the page.

import { clusters } from "./graphemes.js";
import { turnsOf } from "./transcript.js";

const limits = JSON.parse(document.querySelector("#config").textContent).cues;
const PAUSE_MS = limits.pause * 1000;

// Costs of hindi_stt/render/cues.py.
const CUE_COST = 100, SLACK_DIVISOR = 40, ONE_WORD_CUE_COST = 200, ONE_WORD_LINE_COST = 60;
const CUT_COST = 100, CUT_AT_CLAUSE_COST = 40, PAUSE_GAIN = 60;

// A word, or the parts of equal width of one that is longer than `most`.
function tokens(words, most) {
  return words.flatMap(({ word, start, end }) => {
    const startMs = Math.round(start * 1000), ms = Math.round(end * 1000) - startMs;
    const parts = word.split(/\s+/).filter(Boolean).flatMap((text) => {
      const all = clusters(text), n = Math.ceil(all.length / most);
      const at = (i) => Math.floor((all.length * i) / n);
      return Array.from({ length: n }, (_, i) => all.slice(at(i), at(i + 1)));
    });
    const total = parts.reduce((sum, part) => sum + part.length, 0);
    let done = 0;
    return parts.map((part) => {
      const from = startMs + Math.floor((ms * done) / total);
      done += part.length;
      return { text: part.join(""), width: part.length, start: from, end: startMs + Math.floor((ms * done) / total) };
    });
  });
}

// Tokens between pauses that always end a cue.
function runs(all) {
  const found = [];
  all.forEach((token, i) => {
    if (i && token.start - all[i - 1].end <= PAUSE_MS) found.at(-1).push(token);
    else found.push([token]);
  });
  return found;
}

// ends[j] - ends[i] - 1 is the width of the tokens i to j in one line.
function endsOf(run) {
  const ends = [0];
  for (const { width } of run) ends.push(ends.at(-1) + width + 1);
  return ends;
}

const joined = (run) => run.map((token) => token.text).join(" ");

function cutCost(token, following) {
  const text = token.text.replace(/["'”’)\]»]+$/, "");
  if (/[।॥.?!…]$/.test(text)) return 0;
  const cost = /[,;:–—]$/.test(text) ? CUT_AT_CLAUSE_COST : CUT_COST;
  return Math.max(0, cost - Math.floor((Math.max(0, following.start - token.end) * PAUSE_GAIN) / PAUSE_MS));
}

// The cheapest way to cut a run into cues, whose first lines begin with a label of this width.
function cut(run, labelWidth) {
  const n = run.length, ends = endsOf(run), best = Array(n + 1).fill([0, n]);
  const cutCosts = run.map((token, i) => (i + 1 < n ? cutCost(token, run[i + 1]) : 0));
  const reach = (i, width) => {
    let j = i;
    while (j < n && ends[j + 1] <= ends[i] + 1 + width) j += 1;
    return j;
  };
  for (let i = n - 1; i >= 0; i -= 1) {
    const limit = reach(reach(i, limits.line - labelWidth), limits.line);
    best[i] = [Infinity, n];
    for (let j = i + 1; j <= limit; j += 1) {
      if (j > i + 1 && run[j - 1].end - run[i].start > limits.seconds * 1000) break;
      const width = labelWidth + ends[j] - ends[i] - 1;
      let cost = CUE_COST + Math.floor(Math.max(0, 2 * limits.line - width) ** 2 / SLACK_DIVISOR) + cutCosts[j - 1];
      if (j === i + 1) cost += ONE_WORD_CUE_COST;
      else if (width > limits.line && (j === i + 2 || ends[j] - ends[j - 2] - 1 > limits.line)) cost += ONE_WORD_LINE_COST;
      if (cost + best[j][0] < best[i][0]) best[i] = [cost + best[j][0], j];
    }
  }
  const groups = [];
  for (let i = 0; i < n; i = best[i][1]) groups.push(run.slice(i, best[i][1]));
  return groups;
}

// One line, or the two whose widths are most alike; one word alone in the second only where nothing else fits.
function lines(group, labelWidth) {
  const n = group.length, ends = endsOf(group);
  if (labelWidth + ends[n] - 1 <= limits.line) return joined(group);
  let chosen = null;
  for (let i = 1; i < n; i += 1) {
    const first = labelWidth + ends[i] - 1, second = ends[n] - ends[i] - 1, lonely = i === n - 1, unlike = Math.abs(first - second);
    const better = !chosen || (lonely === chosen.lonely ? unlike < chosen.unlike : !lonely);
    if (first <= limits.line && second <= limits.line && better) chosen = { lonely, unlike, i };
  }
  return `${joined(group.slice(0, chosen.i))}\n${joined(group.slice(chosen.i))}`;
}

function cues(words) {
  const found = turnsOf(words).flatMap(({ speaker, words: own }) => {
    const width = speaker ? Math.min(clusters(`${speaker}: `).length, Math.floor(limits.line / 2)) : 0;
    const groups = runs(tokens(own, limits.line - width)).flatMap((run) => cut(run, width));
    return groups.map((group) => ({ start: group[0].start, end: group.at(-1).end, text: lines(group, width), speaker }));
  });
  found.forEach((cue, i) => {
    if (i) cue.start = Math.max(cue.start, found[i - 1].start + 1);
    if (i) found[i - 1].end = Math.min(found[i - 1].end, cue.start);
    cue.end = Math.max(cue.end, cue.start + 1);
  });
  return found;
}

function clock(ms, mark) {
  const pad = (n, width = 2) => String(n).padStart(width, "0");
  return `${pad(Math.floor(ms / 3_600_000))}:${pad(Math.floor(ms / 60_000) % 60)}:${pad(Math.floor(ms / 1000) % 60)}${mark}${pad(ms % 1000, 3)}`;
}

export const toSrt = (words) =>
  cues(words).map((c, i) => `${i + 1}\n${clock(c.start, ",")} --> ${clock(c.end, ",")}\n${c.speaker ? `${c.speaker}: ` : ""}${c.text}\n\n`).join("");

export const toVtt = (words) => "WEBVTT\n\n" + cues(words).map((c) => {
  const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const voice = c.speaker ? `<v ${escaped(c.speaker)}>` : "";
  return `${clock(c.start, ".")} --> ${clock(c.end, ".")}\n${voice}${escaped(c.text)}\n\n`;
}).join("");
