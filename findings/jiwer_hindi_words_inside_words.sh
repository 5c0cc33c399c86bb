#!/usr/bin/env bash
# jiwer 4.0.0, Python 3.11.
#
# Behaviour: RemoveSpecificWords and SubstituteWords do the reverse of what they say where a Hindi word ends in a vowel sign or a
#   nasalisation mark: the word itself stays, and longer words lose it from their beginning. With ["है"], "यह है" stays as it is, and
#   हैदर becomes "दर". Words that end in a consonant are cut out of longer ones: ["कल"] makes "ा" of कला. The documentation says that a
#   word within another one is not affected. The cause is the pattern \bWORD\b: in Python's re the signs of Devanagari are no word
#   characters. So fillers (हाँ, हूँ) that were to be left out of a word error rate still count, and others lose letters.
# Wrong guess: whole words are found, as the documentation says, in every script, since jiwer itself splits at spaces.
# Seen: "RemoveSpecificWords(है): 'यह है हैदर' -> 'यह है  दर'", "SubstituteWords(कि -> CONJ): 'किताब कि' -> 'CONJताब कि'",
#   "word error rate without हाँ: 0.33" (0 in Latin script).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check jiwer==4.0.0
cat > "$work/run.py" <<'PY'
import sys

import jiwer


def error_rate(reference, hypothesis, filler):
    steps = [
        jiwer.RemoveSpecificWords([filler]),
        jiwer.RemoveMultipleSpaces(),
        jiwer.Strip(),
        jiwer.ReduceToListOfListOfWords(),
    ]
    transform = jiwer.Compose(steps)
    return jiwer.wer(reference, hypothesis, reference_transform=transform, hypothesis_transform=transform)


found = []
for name, transform, text in (
    ("RemoveSpecificWords(है)", jiwer.RemoveSpecificWords(["है"]), "यह है हैदर"),
    ("RemoveSpecificWords(कल)", jiwer.RemoveSpecificWords(["कल"]), "कल कला"),
    ("SubstituteWords(कि -> CONJ)", jiwer.SubstituteWords({"कि": "CONJ"}), "किताब कि"),
    ("SubstituteWords(foo -> bar)", jiwer.SubstituteWords({"foo": "bar"}), "foobar foo"),
):
    found.append(transform(text))
    print(f"{name}: {text!r} -> {found[-1]!r}")
for reference, hypothesis, filler in (("हाँ मैं आया", "मैं आया", "हाँ"), ("haan main aaya", "main aaya", "haan")):
    found.append(round(error_rate(reference, hypothesis, filler), 2))
    print(f"word error rate without {filler}: {found[-1]}")
sys.exit(found != ["यह है  दर", "   ा", "CONJताब कि", "foobar bar", 0.33, 0.0])
PY
"$work/venv/bin/python" "$work/run.py"
