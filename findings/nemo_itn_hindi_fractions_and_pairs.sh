#!/usr/bin/env bash
# nemo_text_processing 1.2.0 with pynini 2.1.6.post1, Python 3.11. Takes a minute: the grammar is built in memory.
#
# Behaviour: the Hindi inverse normaliser writes the usual fractions of lakh and crore as two numbers (सवा दो लाख, 2.25 lakh, becomes
#   "२००००० १/४"; डेढ़ करोड़ "१ १/२ १०००००००"), although it knows साढ़े तीन बजे and ढाई किलो. And two numbers side by side, the common way
#   to say "five or six people", become a time of day.
# Wrong guess: २२५००० and १५०००००० (or "१.५ करोड़"), and पाँच छः stays two numbers.
# Seen: as above, "पाँच छः लोग → ५:०६ लोग", "दस बीस → १०:२०"; "साढ़े तीन बजे → ३:३०" is right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check nemo_text_processing==1.2.0 pynini==2.1.6.post1
"$work/venv/bin/python" -W ignore - <<'PY'
import sys

from nemo_text_processing.inverse_text_normalization.inverse_normalize import InverseNormalizer

normalizer = InverseNormalizer(lang="hi")
expected = {
    "साढ़े तीन बजे": "३:३०",
    "सवा दो लाख": "२००००० १/४",
    "डेढ़ करोड़": "१ १/२ १०००००००",
    "पाँच छः लोग": "५:०६ लोग",
    "दस बीस": "१०:२०",
}
changed = False
for said, seen in expected.items():
    found = normalizer.inverse_normalize(said, verbose=False)
    print(said, "→", found)
    changed |= found != seen
sys.exit(changed)
PY
