#!/usr/bin/env bash
# subtitle 4.2.2 (npm), Node 20.
#
# Behaviour: parseSync() of WebVTT appends the name of each cue (its identifier) to the text of the cue before, unless it is a number, and raises
#   an error where the first cue has a name, where two blank lines follow the header or a note, and at a STYLE block. A cue whose arrow
#   has a tab or two spaces beside it, as the format allows, becomes text of the one before, with its times. Where a line of a cue after
#   the first begins with NOTE (NOTEBOOK, NOTES), that line and the rest of the cue are lost, in SubRip too, which has no notes.
#   stringifySync() counts hours from 0 again after 24 and writes the milliseconds of whole days behind the comma, which parseSync() refuses.
# Wrong guess: names of cues are dropped or kept beside the text; a second blank line is ignored; only a block that begins with NOTE is a note.
# Seen: "names: एक↵↵turn-2 | दो↵↵turn-3 | तीन", "SubRip NOTEBOOK: आज की क्लास के लिए | दो",
#   "two blank lines: expected timestamp at row 3, but received: """, "25 hours: 01:00:00,86400000".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" subtitle@4.2.2
cat > run.cjs <<'JS'
const { parseSync, stringifySync } = require("subtitle");

/** The texts of the cues, or what the parser says. */
function texts(...lines) {
  try {
    return parseSync(lines.join("\n"))
      .filter((node) => node.type === "cue")
      .map((node) => node.data.text.replaceAll("\n", "↵"))
      .join(" | ");
  } catch (error) {
    return error.message;
  }
}

const FIRST = ["00:01.000 --> 00:02.000", "एक", ""];
const SECOND = ["00:02.000 --> 00:03.000", "दो", ""];
const THIRD = ["00:03.000 --> 00:04.000", "तीन", ""];
const SUBRIP_TIMES = "00:00:01,000 --> 00:00:02,000";
let asExpected = true;
for (const [name, found, expected] of [
  ["numbers", texts("WEBVTT", "", "1", ...FIRST, "2", ...SECOND, "3", ...THIRD), "एक | दो | तीन"],
  ["names", texts("WEBVTT", "", ...FIRST, "turn-2", ...SECOND, "turn-3", ...THIRD), "एक↵↵turn-2 | दो↵↵turn-3 | तीन"],
  ["name of the first cue", texts("WEBVTT", "", "turn-1", ...FIRST), 'expected timestamp at row 3, but received: "turn-1"'],
  ["two blank lines", texts("WEBVTT", "", "", ...FIRST), 'expected timestamp at row 3, but received: ""'],
  ["two blank lines behind a note", texts("WEBVTT", "", "NOTE one", "", "", ...FIRST), 'expected timestamp at row 5, but received: ""'],
  ["STYLE", texts("WEBVTT", "", "STYLE", "::cue { color: red }", "", ...FIRST), 'expected timestamp at row 3, but received: "STYLE"'],
  ["tab", texts("WEBVTT", "", ...FIRST, "00:02.000\t--> 00:03.000", "दो", ""), "एक↵↵00:02.000\t--> 00:03.000↵दो"],
  [
    "SubRip NOTEBOOK",
    texts("1", SUBRIP_TIMES, "आज की क्लास के लिए", "NOTEBOOK और पेन लाइए।", "", "2", SUBRIP_TIMES, "दो", ""),
    "आज की क्लास के लिए | दो",
  ],
  ["SubRip NOTEBOOK in the first line", texts("1", SUBRIP_TIMES, "NOTEBOOK लाइए।", ""), "NOTEBOOK लाइए।"],
]) {
  console.log(`${name}: ${found}`);
  asExpected &&= found === expected;
}
const written = stringifySync([{ type: "cue", data: { start: 90000000, end: 90001000, text: "एक" } }], { format: "SRT" });
const times = written.split("\n")[1];
console.log(`25 hours: ${times}; read again: ${texts(written)}`);
asExpected &&= times === "01:00:00,86400000 --> 01:00:01,86400000" && texts(written).startsWith("expected timestamp");
process.exit(asExpected ? 0 : 1);
JS
node run.cjs
