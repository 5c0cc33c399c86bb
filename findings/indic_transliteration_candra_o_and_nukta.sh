#!/usr/bin/env bash
# indic-transliteration 2.3.82, Python 3.11 to 3.13.
#
# Behaviour: the initial candra o of English loan-words (ऑफ़िस, ऑनलाइन) has no letter in ITRANS, HK and IAST here: it stays in Devanagari between
#   Latin letters. And letters with a nukta do not come back as they were: क़ written as two code points returns as one (U+0958), which
#   looks the same, compares unequal, and is what Unicode's normal form C takes apart again.
# Wrong guess: ऑफ़िस becomes something like "OphisA" or raises, and the way there and back keeps NFC text.
# Seen: "ऑfisa" in all three schemes, and "क़लम: 4 code points there, 3 back".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check indic-transliteration==2.3.82
cd "$work"
venv/bin/python - <<'PY'
import sys
import unicodedata

from indic_transliteration import sanscript

schemes = (sanscript.ITRANS, sanscript.HK, sanscript.IAST)
office = [sanscript.transliterate("ऑफ़िस", sanscript.DEVANAGARI, scheme) for scheme in schemes]
print(*office)
pen = unicodedata.normalize("NFC", "क़लम")
back = sanscript.transliterate(sanscript.transliterate(pen, sanscript.DEVANAGARI, sanscript.IAST), sanscript.IAST, sanscript.DEVANAGARI)
print(f"{pen}: {len(pen)} code points there, {len(back)} back")
sys.exit(not all(text.startswith("ऑ") for text in office) or (len(pen), len(back)) != (4, 3) or unicodedata.normalize("NFC", back) != pen)
PY
