#!/usr/bin/env bash
# praatio 6.2.2, Python 3.11.
#
# Behaviour: Textgrid.crop(..., mode="lax", rebaseToZero=True), whose "timestamps will be subtracted by the cropStart", subtracts from each tier of
#   intervals the start of its own first kept interval where that lies before cropStart. So words, sounds and points of one recording, which
#   the crop keeps whole, are moved by different times: a sound leaves its word, and words leave the audio cut at cropStart. Where a tier
#   has no interval in the region, as that of the silent speaker of a call (empty intervals left out), crop with rebaseToZero raises
#   IndexError, in each mode; without rebaseToZero the tier is left empty.
# Wrong guess: one crop moves all tiers by the same time, and a tier with nothing in the region becomes empty.
# Seen: "lax: moved words by -0.8, sounds by -0.9, points by -1.0", "silent speaker, strict, rebased: IndexError".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check praatio==6.2.2
cat > "$work/run.py" <<'PY'
import sys

from praatio import textgrid
from praatio.utilities.constants import Interval, Point

START, END = 1.0, 2.0
MODES = ("strict", "lax", "truncated")

grid = textgrid.Textgrid()
grid.addTier(textgrid.IntervalTier("words", [Interval(0.8, 1.4, "नमस्ते"), Interval(1.5, 1.9, "जी")], 0, 4))
grid.addTier(textgrid.IntervalTier("sounds", [Interval(0.8, 0.9, "n"), Interval(0.9, 1.1, "ə"), Interval(1.5, 1.6, "dʒ")], 0, 4))
grid.addTier(textgrid.PointTier("points", [Point(1.5, "जी begins")], 0, 4))
call = textgrid.Textgrid()
call.addTier(textgrid.IntervalTier("agent", [Interval(1.2, 1.4, "नमस्ते")], 0, 4))
call.addTier(textgrid.IntervalTier("caller", [Interval(2.5, 3.0, "जी")], 0, 4))

moved = {}
for mode in MODES:
    cut = grid.crop(START, END, mode, True)
    moved[mode] = {
        "words": round(cut.getTier("words").entries[-1].start - 1.5, 3),
        "sounds": round(cut.getTier("sounds").entries[-1].start - 1.5, 3),
        "points": round(cut.getTier("points").entries[0].time - 1.5, 3),
    }
    print(f"{mode}: moved", ", ".join(f"{name} by {time}" for name, time in moved[mode].items()))
silent = {}
for mode in MODES:
    for rebase in (False, True):
        try:
            found = [entry.label for entry in call.crop(START, END, mode, rebase).getTier("caller").entries]
        except IndexError as error:
            found = type(error).__name__
        silent[mode, rebase] = found
        print(f"silent speaker, {mode}, {'rebased' if rebase else 'times kept'}: {found}")
together = {"words": -1.0, "sounds": -1.0, "points": -1.0}
sys.exit(
    not (
        moved == {"strict": together, "truncated": together, "lax": {"words": -0.8, "sounds": -0.9, "points": -1.0}}
        and all(found == ("IndexError" if rebase else []) for (_, rebase), found in silent.items())
    )
)
PY
PYTHONUTF8=1 "$work/venv/bin/python" "$work/run.py"
