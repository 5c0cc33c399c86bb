#!/usr/bin/env bash
# indic-itn 0.3.3, Python 3.11.
#
# Behaviour: normalize_text adds or joins the two numbers of an estimate, which are said one after the other in Hindi: दो तीन दिन (two or
#   three days) is 23 दिन, बीस पच्चीस लोग (20 or 25 people) is 45 लोग, and पाँच छह हज़ार रुपये (5 or 6 thousand rupees) is ₹11,000.
#   With a hyphen between them, the unit goes to the second one only. After the word नंबर a number with सौ or हज़ार is put together from
#   the digits of its parts: कमरा नंबर दो सौ तीन (203) is 2003, though दो सौ तीन alone is 203. The verb दो (give) is 2.
# Wrong guess: numbers that do not make up one are left as words or become two numbers, and a room's number is read as any other.
# Seen: "दो तीन दिन -> 23 दिन", "बीस पच्चीस लोग -> 45 लोग", "सौ दो सौ रुपये -> ₹10,200", "कमरा नंबर दो सौ तीन -> कमरा नंबर 2003".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check indic-itn==0.3.3
cat > run.py <<'PY'
from indic_itn import normalize_text

SEEN = {
    # right
    "एक लाख पचास हज़ार": "150000",
    "साढ़े पाँच सौ": "550",
    "दो सौ तीन": "203",
    "पाँच सौ बारह": "512",
    # two numbers that a speaker gives as an estimate
    "दो तीन दिन": "23 दिन",
    "पाँच सात लोग": "57 लोग",
    "दस बारह दिन में": "22 दिन में",
    "बीस पच्चीस लोग": "45 लोग",
    "पाँच छह हज़ार रुपये": "₹11,000",
    "पाँच-छह हज़ार रुपये": "5-₹6,000",
    "दो हज़ार तीन हज़ार": "5000",
    "सौ दो सौ रुपये": "₹10,200",
    # after नंबर
    "कमरा नंबर दो सौ तीन": "कमरा नंबर 2003",
    "कमरा नंबर पाँच सौ बारह": "कमरा नंबर 50012",
    "बस नंबर चार सौ उन्नीस": "बस नंबर 40019",
    # the verb
    "मुझे किताब दो": "मुझे किताब 2",
}
as_expected = True
for text, expected in SEEN.items():
    found = normalize_text(text, "hi")
    print(f"{text} -> {found}")
    as_expected = as_expected and found == expected
raise SystemExit(int(not as_expected))
PY
venv/bin/python run.py
