#!/usr/bin/env bash
# epitran 1.35.3, Python 3.11 to 3.13.
#
# Behaviour: the Hindi map (hin-Deva) knows the sign ॉ, but not the letters ऑ and ॲ that stand for the same vowels at the beginning of a word: they are copied
#   into the IPA as they are, without a warning, as are ॐ and Devanagari and ASCII digits. So कॉलेज is IPA, and ऑफिस, ऑर्डर, ऑनलाइन
#   (some of the most frequent loan-words) come out half Devanagari.
# Wrong guess: a vowel whose dependent sign is known is known as a letter, too, or the gap is reported.
# Seen: "कॉलेज → kɔled͡ʒ", "ऑफिस → ऑpʰis", "ॲप → ॲpə", "१२ → १२".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check epitran==1.35.3
"$work/venv/bin/python" - <<'PY'
import sys
import epitran

hindi = epitran.Epitran("hin-Deva")
found = {word: hindi.transliterate(word) for word in ("कॉलेज", "डॉक्टर", "ऑफिस", "ऑर्डर", "ॲप", "१२")}
for word, ipa in found.items():
    print(word, "→", ipa)
left = {word for word, ipa in found.items() if any("\u0900" <= character <= "\u097f" for character in ipa)}
sys.exit(left != {"ऑफिस", "ऑर्डर", "ॲप", "१२"})
PY
