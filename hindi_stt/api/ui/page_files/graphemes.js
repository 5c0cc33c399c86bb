// Firefox has Intl.Segmenter since version 125; without it, marks count with their letters, conjuncts by their parts.
const segmenter = Intl.Segmenter && new Intl.Segmenter("hi", { granularity: "grapheme" });

// The grapheme clusters of a text: what a reader counts as letters.
export const clusters = (text) =>
  segmenter ? Array.from(segmenter.segment(text), (s) => s.segment) : text.match(/\P{M}\p{M}*|\p{M}+/gu) ?? [];
