#!/usr/bin/env bash
# node-webvtt 1.9.4 (npm), Node 20.
#
# Behaviour: compile() writes a time that is less than 0.05 ms below a whole second with 1000 milliseconds and no carry: ten steps of
#   0.1 s, added up, are 00:00:00.1000, and sample 143,999 of 48 kHz is 00:00:02.1000. That is no WebVTT, and node-webvtt's own parse()
#   reads it 0.9 s early: it refuses the file where the cue ends there ("Start timestamp greater than end"), and moves the start of a
#   cue without an error. parse() also refuses valid files, with a tab beside the arrow or three empty lines between cues, and leaves
#   out a cue whose identifier begins with NOTE, as in "NOTES 3", without an error.
# Wrong guess: a compiler of captions rounds or cuts times to valid ones, and its own parser reads them back within a millisecond.
# Seen: "0.1 s added 10 times: 00:00:00.1000, read back as 0.1", "sample 143999 of 48 kHz: 00:00:02.1000, read back as 2.1",
#   "cue that ends there: Start timestamp greater than end (cue #0)", "tab: Invalid cue timestamp (cue #0)", "identifier NOTES 3: 1 of 2 cues".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" node-webvtt@1.9.4
cat > run.js <<'JS'
const { compile, parse } = require("node-webvtt");

const cue = (start, end) => ({ identifier: "", start, end, text: "नमस्ते", styles: "" });
let added = 0;
for (let step = 0; step < 10; step++) added += 0.1;

const written = {};
for (const [name, time] of Object.entries({
  "3": 3,
  "2.9999": 2.9999,
  "0.1 s added 10 times": added,
  "sample 143999 of 48 kHz": 143999 / 48000,
})) {
  const text = compile({ valid: true, cues: [cue(time, 4.5)] });
  written[name] = [text.match(/(\S+) -->/)[1], parse(text).cues[0].start];
  console.log(`${name}: ${written[name][0]}, read back as ${written[name][1]}`);
}

const read = {};
const first = "00:01.000 --> 00:02.000\nनमस्ते\n";
const second = "00:03.000 --> 00:04.000\nजी\n";
for (const [name, text] of Object.entries({
  "two cues": `WEBVTT\n\n${first}\n${second}`,
  "cue that ends there": compile({ valid: true, cues: [cue(0.5, added), cue(1.5, 2)] }),
  "tab": `WEBVTT\n\n${first.replaceAll(" ", "\t")}\n${second}`,
  "three empty lines": `WEBVTT\n\n${first}\n\n\n${second}`,
  "identifier PART 3": `WEBVTT\n\nPART 3\n${first}\n${second}`,
  "identifier NOTES 3": `WEBVTT\n\nNOTES 3\n${first}\n${second}`,
})) {
  try {
    read[name] = `${parse(text).cues.length} of 2 cues`;
  } catch (error) {
    read[name] = error.message;
  }
  console.log(`${name}: ${read[name]}`);
}
process.exit(Number(
  JSON.stringify(written) !== JSON.stringify({
    "3": ["00:00:03.000", 3],
    "2.9999": ["00:00:02.999", 2.999],
    "0.1 s added 10 times": ["00:00:00.1000", 0.1],
    "sample 143999 of 48 kHz": ["00:00:02.1000", 2.1],
  })
  || !read["cue that ends there"].startsWith("Start timestamp greater than end")
  || read["two cues"] !== "2 of 2 cues" || read["identifier PART 3"] !== "2 of 2 cues" || read["identifier NOTES 3"] !== "1 of 2 cues"
  || !read["tab"].startsWith("Invalid cue timestamp") || !read["three empty lines"].startsWith("Invalid cue timestamp"),
));
JS
node run.js
