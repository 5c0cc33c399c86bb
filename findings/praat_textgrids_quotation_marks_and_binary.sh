#!/usr/bin/env bash
# praat-textgrids 1.4.0, Python 3.11.
#
# Behaviour: from Praat's long text format a label is read up to its first " = " ("दर = 5" is "दर") and to the end of its first line; a doubled
#   quotation mark stays doubled, and a label that is quoted as a whole loses its marks. In writing, marks are not doubled, so that a
#   TextGrid with a quotation ends in the middle of a label for Praat. In the binary format the Hindi that it writes comes back as other
#   letters and empty labels, as the length is written in bytes and read in letters; from the binary format a grid begins where its last
#   interval begins, and its tiers last 0 s. merge() without arguments, "Tier[first]...Tier[last]", raises ValueError, and it joins
#   words without a space. Of two tiers with one name the first is lost. All of this but merge() is without an error.
# Wrong guess: a package for Praat's files reads and writes any label; what it writes itself it reads as it was.
# Seen: "'दर = 5' is read as 'दर'", "'उसने "हाँ" कहा' is read as 'उसने ""हाँ"" कहा', and written as text = "उसने "हाँ" कहा"",
#   "binary, ok yes: ['ok', 'yes'], grid 1.0 to 2.0 s, tier 0.0 to 0.0 s",
#   "binary, नमस्ते जी हाँ: ['नमस्ते㿰\x00\x00\x00䀀\x00', '', '\t\x01']".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check praat-textgrids==1.4.0
cat > run.py <<'PY'
from textgrids import BINARY, Interval, TextGrid, Tier


def praat_file(*tiers):
    """The long text format of Praat: a quotation mark in a label is doubled, a line break stays."""
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 ", f"xmax = {len(tiers[0])} "]
    lines += ["tiers? <exists> ", f"size = {len(tiers)} ", "item []: "]
    for number, labels in enumerate(tiers, 1):
        lines += [f"    item [{number}]:", '        class = "IntervalTier" ', '        name = "words" ', "        xmin = 0 "]
        lines += [f"        xmax = {len(labels)} ", f"        intervals: size = {len(labels)} "]
        for index, label in enumerate(labels):
            doubled = label.replace('"', '""')
            lines += [f"        intervals [{index + 1}]:", f"            xmin = {index} ", f"            xmax = {index + 1} "]
            lines += [f'            text = "{doubled}" ']
    return "\n".join([*lines, ""]).encode()


def parsed(data):
    grid = TextGrid()
    grid.parse(data)
    return grid


def labels(grid):
    return [str(interval.text) for interval in grid["words"]]


def made(*texts):
    tier = Tier([Interval(text, index, index + 1) for index, text in enumerate(texts)], 0, len(texts))
    grid = TextGrid()
    grid["words"] = tier
    grid.xmax = len(texts)
    return grid


as_expected = True
for label, expected, written in (
    ("दर=5", "दर=5", 'text = "दर=5"'),
    ("दर = 5", "दर", 'text = "दर = 5"'),
    ('उसने "हाँ" कहा', 'उसने ""हाँ"" कहा', 'text = "उसने "हाँ" कहा"'),
    ('"हाँ"', "हाँ", 'text = ""हाँ""'),
    ("पहली\nदूसरी", "पहली", 'text = "पहली'),
):
    found = labels(parsed(praat_file(["जी", label])))[1]
    line = next(line.strip() for line in made(label).format().split("\n") if "text = " in line)
    print(f"{label!r} is read as {found!r}, and written as {line}")
    as_expected = as_expected and found == expected and line == written

for texts, expected in ((("ok", "yes"), ["ok", "yes"]), (("नमस्ते", "जी", "हाँ"), None)):
    grid = parsed(made(*texts).format(BINARY))
    tier = grid["words"]
    print(f"binary, {' '.join(texts)}: {labels(grid)}, grid {grid.xmin:.1f} to {grid.xmax:.1f} s, tier {tier.xmin} to {tier.xmax} s")
    as_expected = as_expected and (labels(grid) == expected if expected else labels(grid) != list(texts))
    if expected:
        as_expected = as_expected and (grid.xmin, grid.xmax, tier.xmin, tier.xmax) == (1.0, 2.0, 0.0, 0.0)

tier = made("नमस्ते", "जी", "हाँ")["words"]
merged = [str(interval.text) for interval in tier.merge(0, 1)]
try:
    tier.merge()
    error = "no error"
except ValueError as raised:
    error = repr(raised)
print(f"merge(0, 1): {merged}; merge(): {error}")
as_expected = as_expected and merged == ["नमस्तेजी", "हाँ"] and error == "ValueError()"

grid = parsed(praat_file(["ग्राहक"], ["एजेंट"]))
print(f"two tiers with the name words: {len(grid)} tier with {labels(grid)}")
as_expected = as_expected and len(grid) == 1 and labels(grid) == ["एजेंट"]
raise SystemExit(int(not as_expected))
PY
venv/bin/python run.py
