#!/usr/bin/env bash
# werpy 3.5.0, Python 3.11 to 3.13.
#
# Behaviour: an empty reference (a clip in which nobody speaks) among any number of others makes wer() of the whole list None: a line that begins with
#   "ZeroDivisionError" is printed to standard output, nothing is raised. normalize(), which is to take punctuation away before words are
#   compared, leaves the danda at the last word of every Hindi sentence, so that "जाना।" and "जाना" differ, while "?" and "," go. And it takes
#   the point out of numbers: "5.5" and "55" become equal.
# Wrong guess: an empty reference raises or counts its insertions, and punctuation is what Unicode says of a character.
# Seen: "one blank reference: None, printed ZeroDivisionError", "without it: 0.0", "घर जाना।: 0.5 against घर जाना", "5.5 against 55: 0.0".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check werpy==3.5.0
cat > "$work/run.py" <<'PY'
import contextlib
import io
import sys

import werpy

printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    blank = werpy.wer(["घर जाना", ""], ["घर जाना", "हाँ"])
without = werpy.wer(["घर जाना"], ["घर जाना"])


def rate(reference, hypothesis):
    return werpy.wer(werpy.normalize(reference), werpy.normalize(hypothesis))


found = {f"{a} against {b}": rate(a, b) for a, b in (("घर जाना।", "घर जाना"), ("घर जाना?", "घर जाना"), ("5.5", "55"))}
error = printed.getvalue().partition(":")[0]
print(f"one blank reference: {blank}, printed {error}")
print(f"without it: {without}")
for name, value in found.items():
    print(f"{name}: {value}")
sys.exit((blank, error, without, list(found.values())) != (None, "ZeroDivisionError", 0, [0.5, 0, 0]))
PY
"$work/venv/bin/python" "$work/run.py"
