#!/usr/bin/env bash
# pysbd 0.3.4, indic-nlp-library 0.92, Python 3.11.
#
# Behaviour: both splitters end a Hindi sentence at a danda inside quotation marks and begin the next one with the closing mark. pysbd ends no
#   Hindi sentence at a full stop, with which much of today's Hindi is written, nor at "?!"; Indic NLP makes "!" of "?!" a sentence.
# Wrong guess: a library that names Hindi among its languages splits what newspapers and captions write.
# Seen: pysbd and Indic NLP: ['उसने कहा, "मैं आऊँगा।', '" फिर चला गया।']; pysbd: one sentence in 'नमस्ते. मैं ठीक हूँ.' and in
#   'क्या?! सच में।'; Indic NLP: ['क्या?', '!', 'सच में।'].
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check pysbd==0.3.4 indic-nlp-library==0.92
cat > "$work/run.py" <<'PY'
import sys

import pysbd
from indicnlp.tokenize import sentence_tokenize

splitters = {
    "pysbd": lambda text: [part.strip() for part in pysbd.Segmenter(language="hi", clean=False).segment(text)],
    "Indic NLP": lambda text: [part.strip() for part in sentence_tokenize.sentence_split(text, lang="hi")],
}
QUOTED, STOPS, MIXED = 'उसने कहा, "मैं आऊँगा।" फिर चला गया।', "नमस्ते. मैं ठीक हूँ.", "क्या?! सच में।"
seen = {(name, text): split(text) for name, split in splitters.items() for text in (QUOTED, STOPS, MIXED)}
for (name, text), parts in seen.items():
    print(f"{name}: {parts}")
wrong = ['उसने कहा, "मैं आऊँगा।', '" फिर चला गया।']
same = seen["pysbd", QUOTED] == seen["Indic NLP", QUOTED] == wrong and len(seen["pysbd", STOPS]) == 1
sys.exit(not (same and len(seen["pysbd", MIXED]) == 1 and seen["Indic NLP", MIXED] == ["क्या?", "!", "सच में।"]))
PY
"$work/venv/bin/python" -W ignore "$work/run.py"
