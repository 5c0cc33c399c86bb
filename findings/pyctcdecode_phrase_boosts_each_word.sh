#!/usr/bin/env bash
# pyctcdecode 0.5.0, NumPy 1.26.4, Python 3.11, without a language model.
#
# Behaviour: a hotword of several words is split at its spaces, and each of its words is a hotword by itself, anywhere. "भारत का संविधान"
#   (the constitution of India) gives each का in the text the whole weight, by default 10: a beam with it beats one that is e^10, 22,026
#   times, as likely. A clear किया गया (was done) becomes का गया. The words in their own order get no more than in any other. A phrase
#   that no one says changes texts in this way, and of two names that share a word each boosts the other.
# Wrong guess: a phrase counts where it stands as a whole; that is what makes it safe to give phrases with common words in them.
# Seen: "no hotwords: किया गया", "['भारत', 'संविधान']: किया गया", "['भारत का संविधान']: का गया, 360 times less likely", "..., weight 5: किया गया",
#   "words of the phrase in their order: 30.0, in another: 30.0".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check pyctcdecode==0.5.0 numpy==1.26.4
cat > run.py <<'PY'
import logging
import math

import numpy as np

logging.disable(logging.WARNING)  # it asks for kenlm, which is not needed here
from pyctcdecode import build_ctcdecoder

LETTERS = ["", " ", *sorted(set("भारतकासंविधानकियागया"))]
decoder = build_ctcdecoder(LETTERS)
as_expected = True


def frames(*likely):
    """Log probabilities; what a frame does not name shares what is left."""
    rows = []
    for frame in likely:
        rest = (1 - sum(frame.values())) / (len(LETTERS) - len(frame))
        rows.append([math.log(frame.get(letter, rest)) for letter in LETTERS])
    return np.array(rows)


def clear(text):
    return [{letter: 0.99} for letter in text]


# किया गया; two of its letters have 5 % of being none at all
heard = frames({"क": 0.99}, {"ि": 0.949, "": 0.05}, {"य": 0.949, "": 0.05}, {"ा": 0.99}, *clear(" गया"))
phrase = "भारत का संविधान"
for hotwords, options, expected in (
    (None, {}, "किया गया"),
    (["भारत", "संविधान"], {}, "किया गया"),
    ([phrase], {}, "का गया"),
    ([phrase], {"hotword_weight": 5}, "किया गया"),
):
    beams = decoder.decode_beams(heard, hotwords=hotwords, **options)
    text, acoustic = beams[0][0], beams[0][-2]
    ratio = math.exp(max(beam[-2] for beam in beams) - acoustic)
    print(f"{hotwords or 'no hotwords'} {options or ''}: {text}" + (f", {ratio:.0f} times less likely than the best" if ratio > 1 else ""))
    as_expected = as_expected and text == expected

gains = []
for words in (phrase, "संविधान भारत का"):
    separated = [frame for letter in words for frame in clear(letter)]
    text, *_, acoustic, score = decoder.decode_beams(frames(*separated), hotwords=[phrase])[0]
    assert text == words, text
    gains.append(round(score - acoustic, 1))
print(f"words of the phrase in their order: {gains[0]}, in another: {gains[1]}")
raise SystemExit(int(not (as_expected and gains == [30.0, 30.0])))
PY
OMP_NUM_THREADS=1 venv/bin/python run.py
