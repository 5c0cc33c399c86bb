#!/usr/bin/env bash
# nemo_text_processing 1.2.0 with pynini 2.1.6.post1, Python 3.11. Takes a minute: the grammar is built in memory.
#
# Behaviour: the Hindi normaliser does not know the Indian grouping of digits: ₹१,००,०००, one lakh rupees, is read as one rupee and five
#   zeros. Without commas the same amount is right. An English ordinal is read in English spelled in Devanagari (1st, फ़र्स्ट), and a
#   telephone number of ten digits as nine thousand million.
# Wrong guess: commas are left out before a number is read, as they are written in every Indian newspaper.
# Seen: "₹१,००,००० → एक रुपए, शून्य शून्य, शून्य शून्य शून्य", "₹१००००० → एक लाख रुपए", "1st → फ़र्स्ट".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check nemo_text_processing==1.2.0 pynini==2.1.6.post1
"$work/venv/bin/python" -W ignore - <<'PY'
import sys

from nemo_text_processing.text_normalization.normalize import Normalizer

normalizer = Normalizer(lang="hi", input_case="cased")
expected = {
    "₹१,००,०००": "एक रुपए, शून्य शून्य, शून्य शून्य शून्य",
    "₹१०००००": "एक लाख रुपए",
    "1st": "फ़र्स्ट",
    "९८७६५४३२१०": "नौ अरब सत्तासी करोड़ पैंसठ लाख तैंतालीस हज़ार दो सौ दस",
}
changed = False
for written, seen in expected.items():
    found = normalizer.normalize(written, verbose=False)
    print(written, "→", found)
    changed |= found != seen
sys.exit(changed)
PY
