#!/usr/bin/env bash
# pyannote.database 6.1.1, pyannote.core 6.1.0, pandas 3.1.1, Python 3.11.
#
# Behaviour: pyannote.database reads STM, RTTM, UEM and LAB as CSV with spaces. In STM, where the transcript follows the times, a quotation mark
#   at the beginning of a word opens a field that goes on over the next lines, to the next such mark: the turns between are lost without
#   an error; where the last mark has no second, the file raises ParserError. A comment (";; …", with which NIST's STM files begin) of one
#   word as first line makes all turns vanish. And NA, null, nan and None are taken for missing: RTTM loses the recording of that
#   name, UEM too, and a speaker NA, as of the initials, becomes the float nan, which to_rttm writes as "nan".
# Wrong guess: a transcript that is not read cannot matter; what Annotation.to_rttm writes, load_rttm reads as it was.
# Seen: "quotation marks: 4 of 6 turns", "one mark: ParserError", "comment: 0 of 2 turns", "NIST's comments: ValueError",
#   "labels ['NA', 'RK'] read as ['RK', nan]", "RTTM of call and NA: ['call']", "UEM of call and NA: ['call']".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check pyannote.database==6.1.1 pyannote.core==6.1.0 pandas==3.1.1
cat > "$work/run.py" <<'PY'
import sys
from pathlib import Path

from pyannote.core import Annotation, Segment
from pyannote.database.util import load_rttm, load_stm, load_uem

work = Path(sys.argv[1])
STM = {
    "no marks": """\
call 1 agent 0.0 1.5 नमस्ते जी
call 1 caller 2.0 3.0 उसने कहा हाँ
""",
    "quotation marks": """\
call 1 agent 0.0 1.5 नमस्ते जी
call 1 caller 2.0 3.0 उसने कहा "हाँ
call 1 caller 3.5 4.0 मैं आऊँगा
call 1 caller 4.5 5.5 और कल आऊँगा"
call 1 agent 6.0 7.0 ठीक है उसने "जी" कहा
call 1 caller 8.0 9.0 धन्यवाद
""",
    "one mark": """\
call 1 agent 0.0 1.5 नमस्ते जी
call 1 caller 2.0 3.0 उसने कहा "हाँ
call 1 caller 3.5 4.0 मैं आऊँगा
""",
    "comment": """\
;; corrected
call 1 agent 0.0 1.5 नमस्ते जी
call 1 caller 2.0 3.0 हाँ
""",
    "NIST's comments": """\
;; CATEGORY "0" "" ""
;; LABEL "O" "Overall" "Overall"
call 1 agent 0.0 1.5 <O> नमस्ते जी
call 1 caller 2.0 3.0 <O> हाँ
""",
}
found = {}
for name, text in STM.items():
    (work / "a.stm").write_text(text, encoding="utf-8")
    turns = sum(not line.startswith(";;") for line in text.splitlines())
    try:
        found[name] = len(list(load_stm(work / "a.stm")["call"].itertracks()))
        print(f"{name}: {found[name]} of {turns} turns")
    except ValueError as error:
        found[name] = type(error).__name__
        print(f"{name}: {found[name]}, {turns} turns")

call = Annotation(uri="call")
call[Segment(0, 1)] = "NA"
call[Segment(2, 3)] = "RK"
other = Annotation(uri="NA")
other[Segment(0, 1)] = "RK"
(work / "a.rttm").write_text(call.to_rttm() + other.to_rttm(), encoding="utf-8")
read = load_rttm(work / "a.rttm")
labels = read["call"].labels()
written = [line.split()[7] for line in read["call"].to_rttm().splitlines()]
print(f"labels {call.labels()} read as {labels}, written again as {written}")
print(f"RTTM of call and NA: {list(read)}")
(work / "a.uem").write_text("call 1 0 5\nNA 1 0 5\n", encoding="utf-8")
uem = list(load_uem(work / "a.uem"))
print(f"UEM of call and NA: {uem}")
sys.exit(
    not (
        found == {"no marks": 2, "quotation marks": 4, "one mark": "ParserError", "comment": 0, "NIST's comments": "ValueError"}
        and labels[0] == "RK"
        and isinstance(labels[1], float)
        and written == ["nan", "RK"]
        and list(read) == uem == ["call"]
    )
)
PY
PYTHONUTF8=1 "$work/venv/bin/python" "$work/run.py" "$work"
