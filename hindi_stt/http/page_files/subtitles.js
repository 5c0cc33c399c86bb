// Words with times → SRT and WebVTT, broken as the server's own subtitles are: bounds come with the page.

const bounds = JSON.parse(document.querySelector("#config").textContent).cues;

function cues(words) {
  const groups = [];
  let group = [];
  for (const word of words) {
    if (group.length) {
      const letters = group.reduce((n, w) => n + [...w.word].length + 1, 0) + [...word.word].length;
      if (letters > bounds.letters || word.end - group[0].start > bounds.seconds || word.start - group.at(-1).end > bounds.pause) {
        groups.push(group);
        group = [];
      }
    }
    group.push(word);
  }
  if (group.length) groups.push(group);
  return groups.map((g) => ({ start: g[0].start, end: g.at(-1).end, text: lines(g) }));
}

function lines(group) {
  const wrapped = [""];
  for (const { word } of group) {
    const last = wrapped.at(-1);
    if (last && [...last].length + 1 + [...word].length > bounds.line) wrapped.push(word);
    else wrapped[wrapped.length - 1] = last ? `${last} ${word}` : word;
  }
  return wrapped.join("\n");
}

function clock(seconds, mark) {
  const ms = Math.round(seconds * 1000), pad = (n, width = 2) => String(n).padStart(width, "0");
  return `${pad(Math.floor(ms / 3_600_000))}:${pad(Math.floor(ms / 60_000) % 60)}:${pad(Math.floor(ms / 1000) % 60)}${mark}${pad(ms % 1000, 3)}`;
}

export const toSrt = (words) =>
  cues(words).map((c, i) => `${i + 1}\n${clock(c.start, ",")} --> ${clock(c.end, ",")}\n${c.text}\n\n`).join("");

export const toVtt = (words) => "WEBVTT\n\n" + cues(words).map((c) => {
  const text = c.text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `${clock(c.start, ".")} --> ${clock(c.end, ".")}\n${text}\n\n`;
}).join("");
