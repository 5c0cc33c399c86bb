#!/usr/bin/env bash
# PyICU 2.17, which pip builds against the ICU of the system (Debian 12: libicu-dev 72.1, pkg-config, g++), Python 3.11.
#
# Behaviour: RuleBasedNumberFormat reads Hindi number words only in the spelling that it writes (हज़ार, पाँच, पन्द्रह, छह), and where it
#   meets another one, as transcripts and newspapers have it (हजार, पांच, पंद्रह, छः), parse() returns what it has got so far and raises
#   nothing: "एक हजार नौ सौ" (1900) is 1, "दो सौ पांच" (205) is 200. Only where the first word is unknown is there an ICUError.
#   setLenient(True) makes the nukta and the two signs of nasality equal, and still reads पंद्रह and छः as nothing. How much
#   was read only a ParsePosition tells.
# Wrong guess: parse() without a position raises for text that is no number to its end, and spellings that differ in a nukta are one word.
# Seen: "एक हजार नौ सौ: 1, lenient 1900", "दो सौ पांच: 200, lenient 205", "एक सौ पंद्रह: 100, lenient 100", "पांच सौ: ICUError, lenient 500".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check PyICU==2.17
cat > "$work/run.py" <<'PY'
import sys

import icu


def parsed(text, lenient):
    words = icu.RuleBasedNumberFormat(icu.URBNFRuleSetTag.SPELLOUT, icu.Locale("hi"))
    words.setLenient(lenient)
    try:
        return words.parse(text).getLong()
    except icu.ICUError as error:
        return type(error).__name__


print("ICU", icu.ICU_VERSION)
expected = {
    "एक हज़ार नौ सौ": (1_900, 1_900),
    "एक हजार नौ सौ": (1, 1_900),
    "एक लाख पचास हजार": (100_050, 150_000),
    "दो सौ पाँच": (205, 205),
    "दो सौ पांच": (200, 205),
    "एक सौ पन्द्रह": (115, 115),
    "एक सौ पंद्रह": (100, 100),
    "तीन सौ छः": (300, 300),
    "पांच सौ": ("ICUError", 500),
}
found = {text: (parsed(text, lenient=False), parsed(text, lenient=True)) for text in expected}
for text, (strict, lenient) in found.items():
    print(f"{text}: {strict}, lenient {lenient}")
sys.exit(found != expected)
PY
"$work/venv/bin/python" "$work/run.py"
