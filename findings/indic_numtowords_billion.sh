#!/usr/bin/env bash
# indic-numtowords 1.1.0 and num2words 0.5.14, Python 3.11 to 3.13.
#
# Behaviour: indic_numtowords.num2words(n, lang="hi") takes numbers below 1,000,000,000 (एक अरब) and raises TypeError from there on, and KeyError
#   for -5: a national budget or a phone number of ten digits cannot be said. "1,50,000" as a string is taken, commas and all;
#   "2.50" is refused. num2words, the usual package, has Bengali, Kannada and Telugu, but no Hindi.
# Wrong guess: the package of a language that counts to 10^17 in everyday names (अरब, खरब, नील) knows them; num2words has Hindi.
# Seen: "999999999: निन्यानवे करोड़ …", "1000000000: TypeError", "-5: KeyError", "num2words: bn kn te".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check indic-numtowords==1.1.0 num2words==0.5.14
"$work/venv/bin/python" - <<'PY'
import sys
import num2words as usual
from indic_numtowords import num2words


def said(number):
    try:
        return num2words(number, lang="hi")
    except Exception as error:
        return type(error).__name__


found = {number: said(number) for number in (999_999_999, 1_000_000_000, 9_876_543_210, -5, "1,50,000", "2.50")}
for number, words in found.items():
    print(f"{number}: {words}")
indian = sorted({"bn", "gu", "hi", "kn", "ml", "mr", "ta", "te"} & set(usual.CONVERTER_CLASSES))
print("num2words:", *indian)
expected = ["TypeError", "TypeError", "KeyError"]
sys.exit([found[n] for n in (1_000_000_000, 9_876_543_210, -5)] != expected or indian != ["bn", "kn", "te"])
PY
