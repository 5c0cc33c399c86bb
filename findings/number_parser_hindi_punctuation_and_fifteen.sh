#!/usr/bin/env bash
# number-parser 0.3.2, Python 3.11 to 3.13.
#
# Behaviour: parse(text, language="hi") finds no number word before a punctuation mark. In "पाँच, छह" only the second becomes a digit, in
#   "कुल दो सौ।" the hundred stays a word: "कुल 2 सौ।". English, Spanish … with a comma, a full stop or a hyphen are parsed. The usual spelling of
#   15 (पंद्रह) and those of 91 to 99 in -नवे are unknown, and an unknown word splits a number: एक लाख पंद्रह हज़ार (115,000) becomes
#   "100000 पंद्रह 1000". Only पन्द्रह and -नबे are known. So are "डेढ़", "ढाई" and "साढ़े" not: डेढ़ लाख is "डेढ़ 100000".
# Wrong guess: the danda and the comma end a word as they do in English, and the numbers below 100 are there in their usual spelling.
# Seen: 'five, six' → '5, 6', 'पाँच, छह' → 'पाँच, 6', 'कुल दो सौ।' → 'कुल 2 सौ।', 'एक लाख पंद्रह हज़ार' → '100000 पंद्रह 1000'.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check number-parser==0.3.2
cat > "$work/run.py" <<'PY'
import sys

from number_parser import parse

expected = {
    ("five, six", "en"): "5, 6",
    ("two hundred.", "en"): "200.",
    ("पाँच छह", "hi"): "5 6",
    ("पाँच, छह", "hi"): "पाँच, 6",
    ("कुल दो सौ", "hi"): "कुल 200",
    ("कुल दो सौ।", "hi"): "कुल 2 सौ।",
    ("एक लाख पन्द्रह हज़ार", "hi"): "115000",
    ("एक लाख पंद्रह हज़ार", "hi"): "100000 पंद्रह 1000",
    ("निन्यानबे", "hi"): "99",
    ("निन्यानवे", "hi"): "निन्यानवे",
    ("डेढ़ लाख", "hi"): "डेढ़ 100000",
}
found = {(text, language): parse(text, language=language) for text, language in expected}
for (text, _), parsed in found.items():
    print(f"{text!r} → {parsed!r}")
sys.exit(found != expected)
PY
"$work/venv/bin/python" -W ignore "$work/run.py"
