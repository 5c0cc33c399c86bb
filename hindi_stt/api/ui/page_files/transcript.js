// Words with times → corrected words, and the response formats. Nothing here knows the document.

import { clusters } from "./graphemes.js";

// The words of a text that somebody typed, in the server's Unicode form; what no reader can see is no word.
export const typedWords = (text) =>
  text.normalize("NFC").replace(/\p{Cc}/gu, " ").split(/\s+/u).filter((part) => /\P{Cf}/u.test(part));

// What takes the place of a word when `text` is typed instead of it: nothing where it is empty; null where it says the same.
// Several words share its time by their numbers of grapheme clusters, as the parts of a long word do in subtitles.
// Times are in seconds, and whole milliseconds.
export function replacements(word, text) {
  const parts = typedWords(text);
  if (parts.join(" ") === typedWords(word.word).join(" ")) return null;
  const startMs = Math.round(word.start * 1000), ms = Math.round(word.end * 1000) - startMs;
  const widths = parts.map((part) => clusters(part).length), total = widths.reduce((sum, width) => sum + width, 0);
  let done = 0;
  const edge = () => (startMs + Math.floor((ms * done) / total)) / 1000;
  return parts.map((part, i) => {
    const start = edge();
    done += widths[i];
    return { ...word, word: part, start, end: edge(), confidence: 1, corrected: true };
  });
}

export const textOf = ({ words }) => words.map((w) => w.word).join(" ");

// The server's answer with the words that are shown.
export const bodyOf = (result) => ({ ...result.body, text: textOf(result), words: result.words });
