#!/usr/bin/env bash
# spacy 3.8.18, Python 3.11.
#
# Behaviour: in `spacy.blank("hi")` the attribute NORM of a token is no normal form but a stem, cut by the letters of endings: दो (two), दी
#   (gave) and दें (may give) are all द, राजा (king) is राज (reign). A Matcher or PhraseMatcher on NORM finds "दी" where "दो" is asked for.
#   What NORM is for, one form for variants of writing, it does not do: पांच and पाँच (five), ज़रूर with U+095B and with U+093C stay apart.
#   The tokenizer keeps 1,50,000 and 12.5 whole, and splits the same numbers in Devanagari digits into five and three tokens.
# Wrong guess: NORM is what it is for English ("'m" is "am"), and digits are digits.
# Seen: "pattern दो matches: दी दो दे दें", "1,50,000 -> 1 token, १,५०,००० -> 5".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check spacy==3.8.18
cat > "$work/run.py" <<'PY'
import sys

import spacy
from spacy.matcher import PhraseMatcher

NUKTA = ("\u095b\u0930\u0942\u0930", "\u091c\u093c\u0930\u0942\u0930")
hindi, english = spacy.blank("hi"), spacy.blank("en")
matcher = PhraseMatcher(hindi.vocab, attr="NORM")
matcher.add("TWO", [hindi("दो")])
words = hindi("उसने मुझे दी दो दे दें किताब")
matched = [words[begin:end].text for _, begin, end in matcher(words)]
print("pattern दो matches:", *matched)
norms = {word: hindi(word)[0].norm_ for word in ("राजा", "राज", "बेटा", "बेटी", "पांच", "पाँच", *NUKTA)}
print("norms:", ", ".join(f"{word} {norm}" for word, norm in norms.items()))
counts = {}
for number in ("1,50,000", "१,५०,०००", "12.5", "१२.५"):
    counts[number] = len(hindi(f"{number} रुपये")) - 1
    print(f"{number} -> {counts[number]} token(s): {[token.text for token in hindi(number)]}")
as_expected = matched == ["दी", "दो", "दे", "दें"] and norms["राजा"] == norms["राज"] and norms["बेटा"] == norms["बेटी"]
as_expected &= norms["पांच"] != norms["पाँच"] and norms[NUKTA[0]] != norms[NUKTA[1]]
as_expected &= list(counts.values()) == [1, 5, 1, 3] and english("1,50,000")[0].norm_ == "1,50,000"
sys.exit(not as_expected)
PY
"$work/venv/bin/python" -W ignore "$work/run.py"
