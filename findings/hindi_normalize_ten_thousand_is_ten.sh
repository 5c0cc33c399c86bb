#!/usr/bin/env bash
# hindi-normalize 0.1.0, Python 3.11.
#
# Behaviour: normalize_transcript(), for the output of speech recognition, drops equal digits from four on: "10000 रुपये" is "10 रुपये", 1111 is 1,
#   and "9 9 9 9", as one reads out a telephone number, is 9. It replaces terms within other words: किलोमीटर becomes "kgमीटर", बताइए
#   "/इए", and मुझे बता दो (tell me) "मुझे/2". convert_numbers() takes frequent words for numbers: तेरा (yours) is 13, सो (asleep, or so)
#   is 100; डेढ़ सौ (150) is "डेढ़ 100", and उन्नीस सौ सैंतालीस (1947) is "19 147". A number in front of a danda without a space stays a word.
# Wrong guess: digits are no stutter; a term is a whole word; only number words become numbers, or whole ones.
# Seen: "कुल 10000 रुपये -> कुल 10 रुपये", "दस किलोमीटर -> 10 kgमीटर", "मुझे बता दो -> मुझे/2",
#   "तेरा नाम क्या है -> 13 नाम क्या है", "बच्चा सो रहा है -> बच्चा 100 रहा है".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check hindi-normalize==0.1.0
cat > run.py <<'PY'
from hindi_normalize import convert_numbers, normalize_transcript

as_expected = True
for function, text, expected in (
    (normalize_transcript, "कुल 1000 रुपये", "कुल 1000 रुपये"),
    (normalize_transcript, "कुल 10000 रुपये", "कुल 10 रुपये"),
    (normalize_transcript, "कुल १,००,००,००० रुपये", "कुल 1,00,00,000 रुपये"),
    (normalize_transcript, "मकान नंबर 1111", "मकान नंबर 1"),
    (normalize_transcript, "9 8 9 9 9 9 0 1 2 3", "9 8 9 0 1 2 3"),
    (normalize_transcript, "दस किलोमीटर", "10 kgमीटर"),
    (normalize_transcript, "मुझे बता दो", "मुझे/2"),
    (normalize_transcript, "हमें बताइए", "हमें/इए"),
    (normalize_transcript, "मेरी बीबी ठीक है", "मेरी BP ठीक है"),
    (normalize_transcript, "दशमलव प्रणाली", ". प्रणाली"),
    (convert_numbers, "तेरा नाम क्या है", "13 नाम क्या है"),
    (convert_numbers, "बच्चा सो रहा है", "बच्चा 100 रहा है"),
    (convert_numbers, "जो होगा सो होगा", "जो होगा 100 होगा"),
    (convert_numbers, "डेढ़ सौ", "डेढ़ 100"),
    (convert_numbers, "उन्नीस सौ सैंतालीस", "19 147"),
    (convert_numbers, "दो सौ दो सौ", "202 100"),
    (convert_numbers, "उम्र साठ", "उम्र 60"),
    (convert_numbers, "उम्र साठ।", "उम्र साठ।"),
    (convert_numbers, "उम्र साठ,", "उम्र 60,"),
):
    found = function(text)
    print(f"{function.__name__}: {text} -> {found}" + ("" if found == expected else f"   (expected {expected})"))
    as_expected = as_expected and found == expected
raise SystemExit(int(not as_expected))
PY
venv/bin/python run.py
