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
    const { paragraph, ...kept } = word;
    const begins = paragraph && i === 0 ? { paragraph } : {};
    return { ...kept, ...begins, word: part, start, end: edge(), confidence: 1, corrected: true };
  });
}

// Words with which a paragraph begins, but for the first one, say so.
export function markParagraphs({ words, paragraphs = [] }) {
  let next = 1;
  for (const word of words.slice(1)) {
    if (word.start !== paragraphs[next]?.start) continue;
    word.paragraph = true;
    next += 1;
  }
}

// Words of one speaker after another; all words, where speakers were not told apart.
export function turnsOf(words) {
  const turns = [];
  for (const word of words) {
    if (turns.length && turns.at(-1).speaker === word.speaker) turns.at(-1).words.push(word);
    else turns.push({ speaker: word.speaker, words: [word] });
  }
  return turns;
}

// With the speaker before each paragraph, as the server writes text.
export const textOf = ({ words }) => words.map((w, i) => {
  const begins = i === 0 || w.paragraph;
  return (i ? (w.paragraph ? "\n\n" : " ") : "") + (begins && w.speaker ? `${w.speaker}: ` : "") + w.word;
}).join("");

// The paragraphs of the words that are shown, as the server's answer has them.
function paragraphsOf(words) {
  const starts = words.flatMap((word, i) => (i === 0 || word.paragraph ? [i] : []));
  return starts.map((from, n) => {
    const part = words.slice(from, starts[n + 1]);
    return { start: part[0].start, end: part.at(-1).end, text: part.map((w) => w.word).join(" "), ...(part[0].speaker && { speaker: part[0].speaker }) };
  });
}

// The server's answer with the words that are shown.
export function bodyOf(result) {
  const words = result.words.map(({ paragraph, ...word }) => word);
  const text = words.map((w) => w.word).join(" ");
  return { ...result.body, text, words, ...(result.body?.paragraphs && { paragraphs: paragraphsOf(result.words) }) };
}
