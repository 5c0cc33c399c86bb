// What the modules of the page share: access to the document, the server's facts, and the page's state.

export const $ = (selector) => document.querySelector(selector);
export const config = JSON.parse($("#config").textContent);

// results: one a file or recording, {id, name, words, heard (how many they were before
// corrections), history (of corrections), body, audio (a Blob), url, duration, peaks, levels, state, error}.
// Their states: waiting (for an API key), working, live, done, failed. shown: the one on the screen. live: the open session.
export const state = { results: [], shown: null, live: null };

export const setStatus = (text) => { $("#status").textContent = text; };

// Seconds as minutes:seconds.
export function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}
