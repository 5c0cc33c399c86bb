#!/usr/bin/env bash
# subsrt-ts 2.1.2 (npm), Node 20; files by pysubs2 1.8.0, Python 3.11.
#
# Behaviour: parse() of ASS and SSA cuts off the first letter of each caption, since it expects a space before the text, which neither
#   other programs nor its own build() write: नमस्ते is मस्ते, and {\i1} becomes text. Of the SAMI that it builds it reads no caption at all. It
#   takes MicroDVD's frames per millisecond: a caption at 2 s is written as frame 50000 at 25 frames a second, and frame 50 of another
#   program is read as 2 ms. In LRC the fraction .500 is 5 s, and all but the first line of a caption is lost. A SubRip caption disappears
#   that ends at 100 hours or later. None of these is an error.
# Wrong guess: parse() reads what build() and other programs write, to the precision of the format.
# Seen: "ass by pysubs2: 2000 मस्ते | 4000 026 | 6000 \i1}हाँ", "ass by itself: 2000 मस्ते | 4000 026", "smi by itself: ", "sub by pysubs2: 2 नमस्ते |
#   4 2026 | 6 हाँ", "sub built: {50000}{87500}नमस्ते", "lrc: 2500 नमस्ते | 8000 2026 for captions at 2500 and 3500", "srt to 100 h: ".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check pysubs2==1.8.0
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" subsrt-ts@2.1.2
cat > make.py <<'PY'
import pysubs2

captions = pysubs2.SSAFile()
for start, text in ((2000, "नमस्ते"), (4000, "2026"), (6000, r"{\i1}हाँ{\i0}")):
    captions.append(pysubs2.SSAEvent(start=start, end=start + 1500, text=text))
captions.save("other.ass")
captions[2].text = "हाँ"
captions.save("other.srt")
captions.save("other.sub", format_="microdvd", fps=25, write_fps_declaration=False)
for name, settings in (("other.srt", {}), ("other.sub", {"fps": 25})):
    assert [event.start for event in pysubs2.load(name, **settings)] == [2000, 4000, 6000]
PY
venv/bin/python make.py
cat > run.js <<'JS'
import fs from "node:fs";
import subsrt from "subsrt-ts";

let asExpected = true;
function check(name, found, expected) {
  console.log(`${name}: ${found}`);
  asExpected &&= found === expected;
}
function read(text, format) {
  const captions = subsrt.parse(text, { format }).filter((entry) => entry.type === "caption");
  return captions.map((caption) => `${caption.start} ${caption.text}`).join(" | ");
}

const other = (format) => fs.readFileSync(`other.${format}`, "utf-8");
check("srt by pysubs2", read(other("srt"), "srt"), "2000 नमस्ते | 4000 2026 | 6000 हाँ");
check("ass by pysubs2", read(other("ass"), "ass"), "2000 मस्ते | 4000 026 | 6000 \\i1}हाँ");
check("sub by pysubs2", read(other("sub"), "sub"), "2 नमस्ते | 4 2026 | 6 हाँ");

const captions = subsrt.parse(other("srt"), { format: "srt" }).slice(0, 2);
const built = (format) => subsrt.build(captions, { format });
for (const [format, expected] of [
  ["vtt", "2000 नमस्ते | 4000 2026"],
  ["sbv", "2000 नमस्ते | 4000 2026"],
  ["ass", "2000 मस्ते | 4000 026"],
  ["ssa", "2000 मस्ते | 4000 026"],
  ["smi", ""],
]) {
  check(`${format} by itself`, read(built(format), format), expected);
}
check("sub built", built("sub").split("\r\n")[0], "{50000}{87500}नमस्ते");
const lrc = read("[00:02.50]नमस्ते\n[00:03.500]2026\n", "lrc");
check("lrc", `${lrc} for captions at 2500 and 3500`, "2500 नमस्ते | 8000 2026 for captions at 2500 and 3500");
const two = subsrt.build([{ ...captions[0], text: "नमस्ते\nआप" }], { format: "lrc" });
check("lrc of two lines by itself", read(two, "lrc"), "2000 नमस्ते");
check("srt to 99:59:59", read("1\n99:59:58,000 --> 99:59:59,000\nआप\n\n", "srt"), "359998000 आप");
check("srt to 100 h", read("1\n99:59:58,000 --> 100:00:01,000\nआप\n\n", "srt"), "");
process.exit(asExpected ? 0 : 1);
JS
node run.js
