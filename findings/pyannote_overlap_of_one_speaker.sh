#!/usr/bin/env bash
# pyannote.metrics 4.2.0, pyannote.core 6.1.0, pyannote.database 6.1.1, Python 3.11.
#
# Behaviour: where segments of one and the same speaker overlap in the reference (RTTM made of words or of windows does that), the
#   diarisation error rate counts the overlap as two speakers: a system that has this speaker all the time misses one of them. A line that is
#   there twice, as RTTM files that were put together have it, doubles the speaker's time and makes the error rate 50 %. The detection
#   error rate does not do so. Reading RTTM does not merge segments; reference.support() does, with the right result.
# Wrong guess: speakers are a set at each moment, so that A twice is A; overlap means two speakers in overlapped speech.
# Seen: "overlap of 5 s: diarisation 0.294, detection 0.000, after support() 0.000", "a line twice: diarisation 0.500".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check \
  pyannote.metrics==4.2.0 pyannote.core==6.1.0 pyannote.database==6.1.1
cat > "$work/run.py" <<'PY'
import sys
from pathlib import Path

from pyannote.core import Segment, Timeline
from pyannote.database.util import load_rttm
from pyannote.metrics.detection import DetectionErrorRate
from pyannote.metrics.diarization import DiarizationErrorRate


def annotation(*segments):
    file = Path(sys.argv[1]) / "call.rttm"
    lines = [f"SPEAKER call 1 {begin} {length} <NA> <NA> {speaker} <NA> <NA>\n" for begin, length, speaker in segments]
    file.write_text("".join(lines))
    return load_rttm(file)["call"]


whole = Timeline([Segment(0, 12)])
hypothesis = annotation((0, 12, "A"))
found = []
for name, segments in (
    ("no overlap", [(0, 10, "A"), (10, 2, "A")]),
    ("overlap of 5 s", [(0, 10, "A"), (5, 7, "A")]),
    ("a line twice", [(0, 12, "A"), (0, 12, "A")]),
):
    reference = annotation(*segments)
    diarisation = DiarizationErrorRate()(reference, hypothesis, uem=whole)
    detection = DetectionErrorRate()(reference, hypothesis, uem=whole)
    merged = DiarizationErrorRate()(reference.support(), hypothesis, uem=whole)
    print(f"{name}: diarisation {diarisation:.3f}, detection {detection:.3f}, after support() {merged:.3f}")
    found.append((round(diarisation, 3), detection, merged))
sys.exit(found != [(0, 0, 0), (0.294, 0, 0), (0.5, 0, 0)])
PY
"$work/venv/bin/python" -W ignore "$work/run.py" "$work"
