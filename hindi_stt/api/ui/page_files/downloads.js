// What leaves the page: the clipboard, one file, or all transcripts in an archive. All of it is what is shown.

import { $, setStatus, state } from "./dom.js";
import { clusters } from "./graphemes.js";
import { label } from "./labels.js";
import { toSrt, toVtt } from "./subtitles.js";
import { bodyOf, textOf } from "./transcript.js";
import { finishEdit } from "./words.js";
import { zip } from "./zip.js";

const FORMATS = {
  txt: (result) => textOf(result) + "\n",
  srt: ({ words }) => toSrt(words),
  vtt: ({ words }) => toVtt(words),
  json: (result) => JSON.stringify(bodyOf(result), null, 2) + "\n",
};
// File systems take names of 255 bytes; the rest is for a number and an extension.
const MAX_STEM_BYTES = 230;

export const finished = () => state.results.filter((result) => result.state === "done");

export function downloadShown(format) {
  finishEdit();
  save(new Blob([FORMATS[format](state.shown)], { type: "text/plain;charset=utf-8" }), `${stemOf(state.shown.name)}.${format}`);
}

export function downloadAll() {
  finishEdit();
  const taken = new Set();
  const files = finished().flatMap((result) => {
    const stem = unusedName(stemOf(result.name), taken);
    return Object.entries(FORMATS).map(([format, write]) => ({ name: `${stem}.${format}`, text: write(result) }));
  });
  save(zip(files), "transcripts.zip");
  setStatus(label("zipped", finished().length, state.results.length));
}

export async function copyShown() {
  finishEdit();
  const copied = await copy(textOf(state.shown));
  setStatus(label(copied ? "copied" : "not_copied"));
}

// Without https, browsers have only the older way.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea"), focused = document.activeElement;
    area.value = text;
    area.className = "hidden";
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    focused?.focus();
    return copied;
  }
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// A recording's name without its extension, as every file system takes it.
function stemOf(name) {
  const letters = clusters(name.replace(/(.)\.[^.]*$/, "$1").replace(/[\\/:*?"<>|\p{Cc}]/gu, "_"));
  const bytes = () => new TextEncoder().encode(letters.join("")).length;
  while (bytes() > MAX_STEM_BYTES) letters.pop();
  const stem = letters.join("").replace(/[. ]+$/, "") || "recording";
  return /^(con|prn|aux|nul|com\d|lpt\d)$/i.test(stem) ? `${stem}_` : stem;
}

// The name, or the name with the first number that makes it new; some file systems take capitals for small letters.
function unusedName(stem, taken) {
  const key = (name) => name.normalize("NFC").toLowerCase();
  let name = stem;
  for (let n = 2; taken.has(key(name)); n += 1) name = `${stem} (${n})`;
  taken.add(key(name));
  return name;
}
