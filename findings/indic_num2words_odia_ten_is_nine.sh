#!/usr/bin/env bash
# indic-num2words 1.3.2 (module num_to_words), Python 3.11.
#
# Behaviour: ten is nine in Odia: 10, 110 and ten lakh have the words of 9, 109 and nine lakh. From ten digits on, a number is read in
#   pairs, as a telephone number: one अरब (1,00,00,00,000) is ten and eight zeros, and 1,50,00,00,000 fifteen and eight zeros, where nine
#   digits are करोड़, लाख and हज़ार. The groups are separated by commas, where the README says that the default is a space, and its example
#   of the number 35,43,57,730 has other words (पैंतीसकरोड़). A number with a decimal point or a sign raises AssertionError.
# Wrong guess: different numbers have different words; numbers above करोड़ go on with अरब, or are refused; and the README shows the output.
# Seen: "Odia 9 and 10: ନଅ, ନଅ", "Odia 9,00,000 and 10,00,000: ନଅ ଲକ୍ଷ, ନଅ ଲକ୍ଷ", "pairs of numbers up to 999 with the same words: hi 0 … or
#   10 …", "99,99,99,999: निन्यान्बे करोड़, …", "1,00,00,00,000: दस, शून्य, शून्य, शून्य, शून्य, शून्य, शून्य, शून्य, शून्य", "9876543210:
#   अट्ठान्बे, छिहत्तर, चौवन, बत्तीस, दस", "35,43,57,730: पैतीस करोड़, तैतालिस लाख, सत्तावन हज़ार, सात सौ, तीस", "1.5: AssertionError".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check indic-num2words==1.3.2
cat > run.py <<'PY'
import sys

from num_to_words import num_to_word

LANGUAGES = ("hi", "mr", "ne", "gu", "bn", "te", "ta", "kn", "or", "pa", "ml", "en")
results = []


def check(message, expected):
    print(message)
    results.append(message == expected)


def odia(*numbers):
    return ", ".join(num_to_word(number, lang="or") for number in numbers)


check(f"Odia 9 and 10: {odia(9, 10)}", "Odia 9 and 10: ନଅ, ନଅ")
check(f"Odia 9,00,000 and 10,00,000: {odia(900000, 1000000)}", "Odia 9,00,000 and 10,00,000: ନଅ ଲକ୍ଷ, ନଅ ଲକ୍ଷ")
same = {language: 1000 - len({num_to_word(number, lang=language) for number in range(1000)}) for language in LANGUAGES}
print("pairs of numbers up to 999 with the same words:", " ".join(f"{language} {count}" for language, count in same.items()))
results.append(same == {language: 10 * (language == "or") for language in LANGUAGES})

for number, expected in (
    ("99,99,99,999", "निन्यान्बे करोड़, निन्यान्बे लाख, निन्यान्बे हज़ार, नौ सौ, निन्यान्बे"),
    ("1,00,00,00,000", "दस" + 8 * ", शून्य"),
    ("1,50,00,00,000", "पन्द्रह" + 8 * ", शून्य"),
    ("9876543210", "अट्ठान्बे, छिहत्तर, चौवन, बत्तीस, दस"),
    ("35,43,57,730", "पैतीस करोड़, तैतालिस लाख, सत्तावन हज़ार, सात सौ, तीस"),
    ("1.5", "AssertionError"),
    ("-5", "AssertionError"),
):
    try:
        words = num_to_word(number, lang="hi")
    except AssertionError as error:
        words = type(error).__name__
    check(f"{number}: {words}", f"{number}: {expected}")
sys.exit(not all(results))
PY
venv/bin/python run.py
