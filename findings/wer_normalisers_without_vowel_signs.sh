#!/usr/bin/env bash
# gladia-normalization 0.3.1, agwer 0.4.11, Python 3.11.
#
# Behaviour: two normalisers made for word error rates drop all Hindi vowel signs and viramas, so that बेटा and बेटी are the same, and put
#   spaces in their places. gladia-normalization does so for every language, though its README says that those which it does not list, as
#   Hindi, fall back to a safe default; that default makes 55 of 5.5, in Latin languages as Portuguese too; and English amounts lose ₹,
#   where $ becomes dollars. agwer's default_normalize, "conservative", is used by evaluate(), her() and rir() and not by wer(): a
#   correction that changes three words of three is 100 % for wer(), none for evaluate(), and her() finds no edit. The same change in
#   English is a harmful edit.
# Wrong guess: language-independent and conservative normalising removes punctuation and no letters; a decimal point stays or becomes a
#   word; and one package's measures of the same texts agree.
# Seen: "gladia-3, hi: मेरा बेटा, मेरी बेटी -> म र ब ट, म र ब ट", "gladia-3, hi: 5.5, 55 -> 55, 55", "gladia-3, pt: 5.5, 5,5, 55 -> 55, 55,
#   55", "gladia-3, en: $50, ₹50 -> 50 dollars, 50", "agwer.default_normalize: मेरा बेटा, मेरी बेटी -> म र ब ट, म र ब ट", "Hindi correction
#   of three words: wer 1, evaluate 0, her None", "English correction of three words: wer 1, evaluate 1, her 1".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check gladia-normalization==0.3.1 agwer==0.4.11
cat > run.py <<'PY'
import sys

import agwer
from normalization import load_pipeline

results = []


def check(message, expected):
    print(message)
    results.append(message == expected)


HINDI = ("मेरा बेटा", "मेरी बेटी")
for language, texts, expected in (
    ("hi", HINDI, "म र ब ट, म र ब ट"),
    ("en", HINDI, "म र ब ट, म र ब ट"),
    ("hi", ("5.5", "55"), "55, 55"),
    ("pt", ("5.5", "5,5", "55"), "55, 55, 55"),
    ("en", ("5.5", "55"), "5 point 5, 55"),
    ("en", ("$50", "₹50"), "50 dollars, 50"),
):
    pipeline = load_pipeline("gladia-3", language=language)
    name = f"gladia-3, {language}: {', '.join(texts)}"
    check(f"{name} -> {', '.join(pipeline.normalize(text) for text in texts)}", f"{name} -> {expected}")

found = ", ".join(agwer.default_normalize(text) for text in HINDI)
check(f"agwer.default_normalize: {', '.join(HINDI)} -> {found}", "agwer.default_normalize: मेरा बेटा, मेरी बेटी -> म र ब ट, म र ब ट")
for language, spoken, corrected, expected in (
    ("Hindi", "मेरा बेटा आया", "मेरी बेटी आयी", "wer 1, evaluate 0, her None"),
    ("English", "my son came", "our sun come", "wer 1, evaluate 1, her 1"),
):
    whole = agwer.evaluate([spoken], [corrected], nbest=[[spoken, corrected]])
    harmful = agwer.her([spoken], [spoken], [corrected])
    harmful = harmful if harmful is None else f"{harmful:g}"
    rates = f"wer {agwer.wer(spoken, corrected):g}, evaluate {whole.wer_corrected:g}, her {harmful}"
    check(f"{language} correction of three words: {rates}", f"{language} correction of three words: {expected}")
sys.exit(not all(results))
PY
venv/bin/python run.py
