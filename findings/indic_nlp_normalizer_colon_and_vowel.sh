#!/usr/bin/env bash
# indic-nlp-library 0.92, Python 3.11 to 3.13.
#
# Behaviour: the Hindi normaliser, which many evaluations run over references and hypotheses, changes more than code points. A colon behind
#   any Devanagari character, digits too, becomes visarga: "३:३०" is "३ः३०", "नाम: राम" is "नामः राम". The candra vowel ॲ (U+0972) becomes
#   ए, a vowel of another sound, while ऑ and ऍ stay. "|" becomes the danda in Latin text, too. Times in ASCII digits ("3:30") are kept.
# Wrong guess: normalisation only unifies spellings of the same sound; digits and punctuation are left alone.
# Seen: '३:३०' → '३ः३०', 'नाम: राम' → 'नामः राम', 'ॲप' → 'एप', 'a|b' → 'a।b'.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check indic-nlp-library==0.92
"$work/venv/bin/python" - <<'PY'
import sys
from indicnlp.normalize.indic_normalize import IndicNormalizerFactory

normalizer = IndicNormalizerFactory().get_normalizer("hi")
expected = {"३:३०": "३ः३०", "नाम: राम": "नामः राम", "ॲप": "एप", "a|b": "a।b", "ऑफिस": "ऑफिस", "3:30": "3:30"}
found = {text: normalizer.normalize(text) for text in expected}
for text, normalized in found.items():
    print(repr(text), "→", repr(normalized))
sys.exit(found != expected)
PY
