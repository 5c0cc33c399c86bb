#!/usr/bin/env bash
# icu-rbnf 0.2.0 (of the Home Assistant project's speech tools; ICU 78.3 in its wheel), Python 3.11.
#
# Behaviour: is_locale_supported() is True for whatever is not empty or "root", Marathi, Telugu, Bengali and "nonsense" included. For those, which have
#   no number words in ICU, spellout() takes the words of the language of the process's environment: English in most containers, Hindi or
#   German where LANG says so, so that a service reads Marathi numbers in another language on another machine. Integers above 2**53
#   lose digits, and from 18,014,398,509,481,984 on all are one number, this one, in words: an account number of 18 digits becomes
#   another one. Ordinals of Hindi, which ICU has in words (पहला, दूसरा), come as digits (1ला, 2रा).
# Wrong guess: is_locale_supported tells which languages have words; what has none raises RBNFError; Python's integers are whole or an error.
# Seen: "LANG=C: mr one hundred fifty thousand, te one hundred fifty thousand, nonsense one hundred fifty thousand", "LANG=hi_IN: mr एक लाख पचास हज़ार, …",
#   "123456789012345678 and 10**18 spelled alike: True", "ordinals: 1ला 2रा 21वाँ".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check icu-rbnf==0.2.0
cat > "$work/run.py" <<'PY'
import os
import subprocess
import sys

import icu_rbnf

LOCALES = ("mr", "te", "nonsense")


def spelled(environment):
    """What 150000 is in the locales, in a process of this LANG."""
    code = f"import icu_rbnf; print(*(icu_rbnf.spellout(150_000, name) for name in {LOCALES}), sep=';')"
    names = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    names |= {"LANG": environment, "PYTHONUTF8": "1"}
    answer = subprocess.run([sys.executable, "-c", code], env=names, capture_output=True, check=True)
    return answer.stdout.decode().strip().split(";")


supported = [icu_rbnf.is_locale_supported(name) for name in LOCALES]
print("supported:", dict(zip(LOCALES, supported, strict=True)))
found = {environment: spelled(environment) for environment in ("C", "hi_IN", "de_DE")}
for environment, words in found.items():
    print(f"LANG={environment}:", ", ".join(f"{name} {text}" for name, text in zip(LOCALES, words, strict=True)))

account, limit = 123_456_789_012_345_678, 18_014_398_509_481_984
alike = icu_rbnf.spellout(account, "hi") == icu_rbnf.spellout(10**18, "hi") == icu_rbnf.spellout(limit, "hi")
print(f"{account} and 10**18 spelled alike: {alike}; in English:", icu_rbnf.spellout(account, "en"))
rounded = icu_rbnf.spellout(2**53 + 1, "hi") == icu_rbnf.spellout(2**53, "hi")
print("2**53 + 1 spelled as 2**53:", rounded)
ordinals = [icu_rbnf.spellout_ordinal(number, "hi") for number in (1, 2, 21)]
print("ordinals:", *ordinals)
sys.exit(
    not (
        all(supported)
        and set(found["C"]) == {"one hundred fifty thousand"}
        and set(found["hi_IN"]) == {"एक लाख पचास हज़ार"}
        and len(set(found["de_DE"])) == 1
        and found["de_DE"][0].replace("\xad", "") == "einhundertfünfzigtausend"
        and alike
        and rounded
        and ordinals == ["1ला", "2रा", "21वाँ"]
    )
)
PY
PYTHONUTF8=1 "$work/venv/bin/python" "$work/run.py"
