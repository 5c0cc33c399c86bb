#!/usr/bin/env bash
# aksharamukha 2.3, Python 3.11.
#
# Behaviour: into Devanagari, each full stop becomes a danda, the one in a number too: "5.5" is "५।५", 1,50,000.50 is १,५०,०००।५०, and "3.30" (a
#   time) ३।३०, which whoever splits sentences at the danda cuts in two. So Hindi that went to ISO 15919 or IAST and back has other numbers
#   than before, and abbreviations (रु., डॉ.) end in a danda. From Devanagari into Urdu each full stop becomes the Urdu one, 5۔5,
#   and each comma of a number the Urdu comma. Back from Urdu the number is right, and between Indian scripts the point stays a point.
#   In SLP1, another reversible romanisation, which pronunciation lexicons use, ढ़ behind the inherent vowel is spelled in the wrong order: बढ़िया
#   is bQa0iyA, which comes back as ब्ढ०इया, with a zero. ड़ is right, and so is ढ़ behind other vowels.
# Wrong guess: a full stop behind a letter is a danda, and a point between digits is a decimal point; and what goes to a reversible romanisation
#   and back is what it was.
# Seen: "ISO and back: कीमत ५.५ रु. है। -> kīmata 5.5 ru. hai. -> कीमत ५।५ रु। है।", "IAST: 1,50,000.50 -> १,५०,०००।५०", "Urdu: 1,50,000.50 -> 1،50،000۔50",
#   "SLP1 and back: पढ़ना -> pQa0anA -> प्ढ०अना".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check aksharamukha==2.3
cat > "$work/run.py" <<'PY'
import sys
import unicodedata

from aksharamukha.transliterate import process

sentence = "कीमत ५.५ रु. है।"
as_expected = True
for romanisation in ("ISO", "IAST"):
    latin = process("Devanagari", romanisation, sentence)
    back = process(romanisation, "Devanagari", latin)
    print(f"{romanisation} and back: {sentence} -> {latin} -> {back}")
    as_expected &= back == "कीमत ५।५ रु। है।"
for word, expected in (("बढ़िया", "ब्ढ०इया"), ("पढ़ना", "प्ढ०अना"), ("गाढ़ा", "गाढ़ा"), ("लड़का", "लड़का")):
    latin = process("Devanagari", "SLP1", word)
    back = process("SLP1", "Devanagari", latin)
    print(f"SLP1 and back: {word} -> {latin} -> {back}")
    as_expected &= unicodedata.normalize("NFC", back) == unicodedata.normalize("NFC", expected)
for source, target, text, expected in (
    ("IAST", "Devanagari", "1,50,000.50", "१,५०,०००।५०"),
    ("ISO", "Devanagari", "3.30 bajē", "३।३० बजे"),
    ("HK", "Devanagari", "5.5", "५।५"),
    ("Devanagari", "Urdu", "1,50,000.50", "1،50،000۔50"),
    ("Urdu", "Devanagari", "1،50،000۔50", "1,50,000.50"),
    ("Devanagari", "Gujarati", "५.५", "૫.૫"),
):
    found = process(source, target, text)
    print(f"{source} to {target}: {text} -> {found}")
    as_expected &= found == expected
sys.exit(not as_expected)
PY
OMP_NUM_THREADS=1 "$work/venv/bin/python" -W ignore "$work/run.py"
