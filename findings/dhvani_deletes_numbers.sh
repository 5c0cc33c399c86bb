#!/usr/bin/env bash
# dhvani 0.2.5, numpy 2.4.6, Python 3.11.
#
# Behaviour: to_devanagari() removes all digits, with the points and colons between them: "kal 5 baje" is कल  बजे, and a telephone number is
#   nothing. Words with a comma and no space between them become one. "mein" (में), among the most frequent words, comes out with two
#   replacement characters (U+FFFD) from the package's word list. to_ipa() leaves Devanagari vowel signs in its IPA, है as ɦəै, which the
#   README's two examples, in Latin letters, do not show. are_same(), for spellings of one word, is true of कम and काम (less, work), कल and
#   काल (tomorrow, time), and of "5 baje" and "6 baje", but not of din and deen.
# Wrong guess: what is not a word stays as it is, as the README says of English words and punctuation; the word list has whole characters;
#   IPA has no Devanagari; and different Hindi words, or times of day, are not the same.
# Seen: "kal 5 baje milte hain -> कल  बजे मिलते हैं", "abhi 10:30 baje -> अभी  बजे", "call 9876543210 -> call ", "order AB123 -> order अब",
#   "ek,do -> एकदो", "ghar mein -> घर म\ufffd\ufffdं", "IPA of है बेटा ऑफिस: ɦəै beːʈəा ऑpʰɪsə", "same: कम काम True, कल काल True, 5 baje 6
#   baje True, din deen False".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check dhvani==0.2.5 numpy==2.4.6
cat > run.py <<'PY'
import sys

import dhvani

results = []


def check(message, expected):
    print(message)
    results.append(message == expected)


for text, expected in (
    ("kal 5 baje milte hain", "कल  बजे मिलते हैं"),
    ("abhi 10:30 baje", "अभी  बजे"),
    ("5.5 kilo", " किलो"),
    ("call 9876543210", "call "),
    ("order AB123", "order अब"),
    ("ek, do", "एक, दो"),
    ("ek,do", "एकदो"),
    ("ghar mein", "घर म\\ufffd\\ufffdं"),
):
    found = dhvani.to_devanagari(text).replace("\ufffd", "\\ufffd")
    check(f"{text} -> {found}", f"{text} -> {expected}")

words = ("है", "बेटा", "ऑफिस")
check(f"IPA of {' '.join(words)}: {' '.join(map(dhvani.to_ipa, words))}", "IPA of है बेटा ऑफिस: ɦəै beːʈəा ऑpʰɪsə")
pairs = (("कम", "काम"), ("कल", "काल"), ("5 baje", "6 baje"), ("din", "deen"))
found = ", ".join(f"{one} {other} {dhvani.are_same(one, other)}" for one, other in pairs)
check(f"same: {found}", "same: कम काम True, कल काल True, 5 baje 6 baje True, din deen False")
sys.exit(not all(results))
PY
venv/bin/python run.py
