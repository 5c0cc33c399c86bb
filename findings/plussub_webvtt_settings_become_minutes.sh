#!/usr/bin/env bash
# @plussub/srt-vtt-parser 2.0.5 (npm), Node 20.
#
# Behaviour: the parser takes the colons of a WebVTT cue's settings for those of its end time, where the times have no hours: with
#   "line:0 position:20%" behind it, 00:02.000 is 120000 ms, two minutes, and with "align:start" it is NaN; with hours it is right.
#   A cue without text takes the whole next cue, times included, as its text, in WebVTT and SubRip. Text like "keynote" or "Lifestyle" on
#   the line of a cue's name hides the cue, since NOTE and STYLE are looked for anywhere in it. No error in any case.
# Wrong guess: settings do not change a time, an empty cue is left out or is empty, and a name is a name.
# Seen: "no settings: 500-2000 आप", "line:0 position:20%: 500-120000 आप", "align:start: 500-NaN आप", "hours and align:start: 500-2000 आप",
#   "an empty cue: 500-2000 \n00:03.000 --> 00:04.000\nजी", "named keynote: 3000-4000 जी".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" @plussub/srt-vtt-parser@2.0.5
cat > run.js <<'JS'
import { parse } from "@plussub/srt-vtt-parser";

let asExpected = true;
function check(name, text, expected) {
  const { entries } = parse(text);
  const found = entries.map((entry) => `${entry.from}-${entry.to} ${entry.text.replaceAll("\n", "\\n")}`).join(" | ");
  console.log(`${name}: ${found}`);
  asExpected &&= found === expected;
}
const cue = (end, settings = "") => `WEBVTT\n\n00:00.500 --> ${end}${settings}\nआप\n`;
const last = "\n00:03.000 --> 00:04.000\nजी\n";

check("no settings", cue("00:02.000"), "500-2000 आप");
check("line:0 position:20%", cue("00:02.000", " line:0 position:20%"), "500-120000 आप");
check("align:start", cue("00:02.000", " align:start"), "500-NaN आप");
check("hours and align:start", cue("00:00:02.000", " align:start").replace("00:00.500", "00:00:00.500"), "500-2000 आप");
check("an empty cue", `WEBVTT\n\n00:00.500 --> 00:02.000\n${last}`, "500-2000 \\n00:03.000 --> 00:04.000\\nजी");
const subRip = "1\n00:00:00,500 --> 00:00:02,000\n\n2\n00:00:03,000 --> 00:00:04,000\nजी\n";
check("an empty cue of SubRip", subRip, "500-2000 \\n2\\n00:00:03,000 --> 00:00:04,000\\nजी");
check("named first", `WEBVTT\n\nfirst\n00:00.500 --> 00:02.000\nआप\n${last}`, "500-2000 आप | 3000-4000 जी");
check("named keynote", `WEBVTT\n\nkeynote\n00:00.500 --> 00:02.000\nआप\n${last}`, "3000-4000 जी");
process.exit(asExpected ? 0 : 1);
JS
node run.js
