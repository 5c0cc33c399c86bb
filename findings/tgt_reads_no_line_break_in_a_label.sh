#!/usr/bin/env bash
# tgt 1.5 (which does not ask for the numpy that it imports) and TextGrid 1.6.1, Python 3.11 to 3.13.
#
# Behaviour: a Praat TextGrid whose label holds a line break, which the format allows inside quotes, and which TextGrid writes and reads,
#   ends tgt's read_textgrid with IndexError: it reads the long form line by line. In the short form tgt writes the same label itself.
#   TextGrid in turn rounds times to five decimals when it writes.
# Wrong guess: both packages read any label, and times survive writing.
# Seen: "TextGrid reads 'नमस्ते\nजी'", "tgt: IndexError", "0.12346".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check tgt==1.5 TextGrid==1.6.1 numpy==2.2.6
cd "$work"
venv/bin/python - <<'PY'
import sys

import textgrid
import tgt

grid, words = textgrid.TextGrid(), textgrid.IntervalTier(name="words")
words.add(0.1234567, 0.5, "नमस्ते\nजी")
grid.append(words)
grid.write("call.TextGrid")
label = textgrid.TextGrid.fromFile("call.TextGrid")[0][1]
print("TextGrid reads", repr(label.mark), "from", label.minTime)
changed = label.mark != "नमस्ते\nजी" or label.minTime != 0.12346
try:
    tgt.read_textgrid("call.TextGrid")
    print("tgt reads it")
    changed = True
except IndexError:
    print("tgt: IndexError")
sys.exit(changed)
PY
