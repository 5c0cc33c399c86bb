#!/usr/bin/env bash
# rapidfuzz 3.14.6, symspellpy 6.10.1, Python 3.11.
#
# Behaviour: `rapidfuzz.utils.default_process`, meant to remove punctuation before words are compared, replaces each vowel sign and virama
#   of Devanagari by a space, so that different words with equal consonants match in full: किताब (book) and कातिब (scribe), बेटा (son) and
#   बेटी (daughter), हाँ (yes) and है (is). `lookup_compound` of symspellpy splits words at the same signs and "corrects" the pieces: a
#   sentence whose words are all in its dictionary comes back as other words. With split_by_space=True it comes back as it was.
# Wrong guess: a processor for Unicode text removes punctuation; a spelling corrector leaves sentences of known words alone.
# Seen: "किताब / कातिब: 60 as they are, 100 processed" and "मैं दिल्ली में रहता हूँ -> में है रहता है, 13 edits".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check rapidfuzz==3.14.6 symspellpy==6.10.1
cat > "$work/run.py" <<'PY'
import sys

from rapidfuzz import fuzz, utils
from symspellpy import SymSpell

as_expected = True
for first, second in (("किताब", "कातिब"), ("बेटा", "बेटी"), ("हाँ", "है")):
    plain, processed = fuzz.ratio(first, second), fuzz.ratio(first, second, processor=utils.default_process)
    print(f"{first} / {second}: {plain:.0f} as they are, {processed:.0f} processed, as {utils.default_process(first)!r}")
    as_expected &= plain < 80 and processed == 100
sentence = "मैं दिल्ली में रहता हूँ"
corrector = SymSpell()
for word, count in (*((word, 1000) for word in sentence.split()), ("है", 2000), ("में", 2000)):
    corrector.create_dictionary_entry(word, count)
results = {}
for by_space in (False, True):
    best = corrector.lookup_compound(sentence, max_edit_distance=2, split_by_space=by_space)[0]
    results[by_space] = best.term, best.distance
    print(f"split_by_space={by_space}: {sentence} -> {best.term}, {best.distance} edits")
as_expected &= results[True] == (sentence, 0) and results[False][0] != sentence and results[False][1] > 5
sys.exit(not as_expected)
PY
"$work/venv/bin/python" -W ignore "$work/run.py"
