#!/usr/bin/env bash
# whisper_normalizer 0.1.15 with indic_numtowords 1.1.0, Python 3.11.
#
# Behaviour: HindiNormalizer, meant to make transcripts comparable before their error rate is counted, replaces each number wherever its digits
#   stand in the text, so that a number changes those which hold its digits: after "5", "500" becomes "पाँच00", and after "7", "77"
#   becomes "सातसात". Amounts with commas fall apart. Digits in Devanagari, which Python's \d matches, too, raise KeyError.
# Wrong guess: each number becomes its words (पाँच ... पाँच सौ), and १२ is read as 12 or left alone.
# Seen: "पाँच किताबें पाँच00", "सात बजे सातसात लोग", "एक,,0", and KeyError for "१२ बजे"; "500 रुपये" alone is right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check whisper_normalizer==0.1.15 indic_numtowords==1.1.0
"$work/venv/bin/python" -W ignore - <<'PY'
import sys

from whisper_normalizer.indic import HindiNormalizer

normalize = HindiNormalizer()
expected = {
    "500 रुपये": "पाँच सौ रुपये",
    "5 किताबें 500": "पाँच किताबें पाँच00",
    "7 बजे 77 लोग": "सात बजे सातसात लोग",
    "1,00,000": "एक,,0",
}
changed = False
for text, seen in expected.items():
    found = normalize(text)
    print(text, "→", found)
    changed |= found != seen
try:
    print("१२ बजे →", normalize("१२ बजे"))
    changed = True
except KeyError as error:
    print("१२ बजे → KeyError", error)
sys.exit(changed)
PY
