// Transcripts that survive a reload, where the visitor has asked for it: in this browser's localStorage, each under a name of
// its own, so that two tabs do not overwrite each other's.

import { namesOf, read, remove, write } from "./storage.js";

export const SWITCH = "keep-transcripts";
const PREFIX = "transcript:";
const LIMIT = 20;
let created = 0;

export const keeping = () => read(SWITCH) === "yes";

// Whether the browser lets the page keep anything.
export const startKeeping = () => write(SWITCH, "yes");

export function forgetKept() {
  remove(SWITCH);
  namesOf(PREFIX).forEach(remove);
}

// Names in the order of creation, and never the same in two tabs.
const newId = () => `${Date.now()}-${String(created++).padStart(4, "0")}-${Math.random().toString(36).slice(2)}`;

// Keeps a finished transcript, or its present form, and drops the oldest beyond the limit. Returns false where it cannot be kept.
export function keep(result) {
  if (!keeping() || result.state !== "done") return true;
  result.id ??= newId();
  const own = PREFIX + result.id, { name, words, duration, heard } = result;
  // Not as they were before corrections.
  const body = { ...result.body, text: "", words: [] };
  const value = JSON.stringify({ name, body, words, duration, heard });
  const others = namesOf(PREFIX).filter((other) => other !== own), dropped = [];
  const drop = () => {
    const oldest = others.shift();
    dropped.push([oldest, read(oldest)]);
    remove(oldest);
  };
  while (others.length >= LIMIT) drop();
  while (!write(own, value)) {
    if (!others.length) {
      dropped.forEach(([key, value]) => write(key, value));
      return false;
    }
    drop();
  }
  return true;
}

// The kept transcripts as results of the page, the oldest first. What cannot be read is removed.
export function restored() {
  if (!keeping()) return [];
  return namesOf(PREFIX).flatMap((key) => {
    try {
      const { name, body, words, duration, heard } = JSON.parse(read(key));
      if (typeof name !== "string" || !body || !words.every(isWord)) throw new TypeError("no transcript");
      return [{ id: key.slice(PREFIX.length), name, body, words, duration, heard, history: [], state: "done", restored: true }];
    } catch {
      remove(key);
      return [];
    }
  });
}

const isWord = (word) => typeof word.word === "string" && Number.isFinite(word.start) && Number.isFinite(word.end);
