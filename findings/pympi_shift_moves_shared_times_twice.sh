#!/usr/bin/env bash
# pympi-ling 1.71, Python 3.11.
#
# Behaviour: Eaf.shift_annotations moves a time slot of an ELAN file once for each annotation that names it. On tiers of the type Time_Subdivision,
#   where the words of a sentence touch, neighbours share their slots with each other and with the sentence, so that all of it moves by
#   twice the time that was asked for (a slot of three annotations by three times). Shifted to the left, an annotation that begins
#   before 0 keeps its old end and then overlaps the next one. The list that the method returns names neither as out of the ordinary.
# Wrong guess: all times move by the same number of milliseconds, and what reaches over 0 is cut at 0 ("squashed", as documented).
# Seen: moved by 1000: "sentence 1000-2000 -> 3000-4000, words 1000-1500 1500-2000 -> 3000-3500 3500-4000"; moved by -500:
#   "0-1000 1000-2000 -> 0-1000 500-1500".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check pympi-ling==1.71
cat > "$work/run.py" <<'PY'
import sys
from pathlib import Path

from pympi import Elan


def annotation(number, start, end, text):
    slots = f'TIME_SLOT_REF1="{start}" TIME_SLOT_REF2="{end}"'
    value = f"<ANNOTATION_VALUE>{text}</ANNOTATION_VALUE>"
    return f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{number}" {slots}>{value}</ALIGNABLE_ANNOTATION></ANNOTATION>'


path = Path(sys.argv[1], "recording.eaf")
path.write_text(
    f"""<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2026-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>
<TIME_ORDER>
<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/>
<TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="1500"/>
<TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="2000"/>
</TIME_ORDER>
<TIER LINGUISTIC_TYPE_REF="utterance" TIER_ID="sentence">{annotation(1, "ts1", "ts3", "नमस्ते जी")}</TIER>
<TIER LINGUISTIC_TYPE_REF="token" PARENT_REF="sentence" TIER_ID="words">
{annotation(2, "ts1", "ts2", "नमस्ते")}{annotation(3, "ts2", "ts3", "जी")}
</TIER>
<LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="utterance" TIME_ALIGNABLE="true"/>
<LINGUISTIC_TYPE CONSTRAINTS="Time_Subdivision" GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="token" TIME_ALIGNABLE="true"/>
<CONSTRAINT DESCRIPTION="No gaps within the parent's interval" STEREOTYPE="Time_Subdivision"/>
</ANNOTATION_DOCUMENT>
""",
    encoding="utf-8",
)


def spans(eaf, tier):
    return " ".join(f"{start}-{end}" for start, end, _ in sorted(eaf.get_annotation_data_for_tier(tier)))


eaf = Elan.Eaf(str(path))
before = {tier: spans(eaf, tier) for tier in ("sentence", "words")}
eaf.shift_annotations(1_000)
after = {tier: spans(eaf, tier) for tier in before}
print("moved by 1000:", ", ".join(f"{tier} {before[tier]} -> {after[tier]}" for tier in before))

plain = Elan.Eaf()
plain.add_tier("words")
plain.add_annotation("words", 0, 1_000, "नमस्ते")
plain.add_annotation("words", 1_000, 2_000, "जी")
start = spans(plain, "words")
returned = plain.shift_annotations(-500)
print(f"moved by -500: {start} -> {spans(plain, 'words')}, returned {returned}")
sys.exit(
    not (
        before == {"sentence": "1000-2000", "words": "1000-1500 1500-2000"}
        and after == {"sentence": "3000-4000", "words": "3000-3500 3500-4000"}
        and spans(plain, "words") == "0-1000 500-1500"
    )
)
PY
"$work/venv/bin/python" -W ignore "$work/run.py" "$work"
