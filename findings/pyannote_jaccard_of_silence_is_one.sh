#!/usr/bin/env bash
# pyannote.metrics 4.2.0, pyannote.core 6.1.0, Python 3.11.
#
# Behaviour: for a recording in which nobody speaks and nobody was found, JaccardErrorRate is 1.0, the worst there is, where the diarisation error rate
#   of the same package is 0.0. For one in which nobody speaks and 10 s of speech were invented, it is 1.0, too, and the total over
#   several recordings counts neither: it stays 0.0 with any amount of invented speech in silent recordings. So a mean of the values for
#   each recording and the total of the metric (abs) differ in both directions.
# Wrong guess: nothing to find and nothing found is no error, in both metrics of one package; what is wrong for a recording is in the total.
# Seen: "silence, nothing found: jaccard 1.0, diarisation 0.0", "silence, 10 s invented: jaccard 1.0, diarisation 1.0",
#   "total: jaccard 0.0, diarisation 2.0".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check pyannote.metrics==4.2.0 pyannote.core==6.1.0
cat > "$work/run.py" <<'PY'
import sys

from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate, JaccardErrorRate


def annotation(end, speaker):
    found = Annotation()
    if end:
        found[Segment(0, end)] = speaker
    return found


jaccard, diarisation = JaccardErrorRate(), DiarizationErrorRate()
found = []
for name, reference, hypothesis in (
    ("silence, nothing found", annotation(0, "A"), annotation(0, "x")),
    ("silence, 10 s invented", annotation(0, "A"), annotation(10, "x")),
    ("5 s, all found", annotation(5, "A"), annotation(5, "x")),
):
    whole = Timeline([Segment(0, 10)])
    rates = [float(metric(reference, hypothesis, uem=whole)) for metric in (jaccard, diarisation)]
    print(f"{name}: jaccard {rates[0]}, diarisation {rates[1]}")
    found.append(rates)
found.append([float(abs(jaccard)), float(abs(diarisation))])
print(f"total: jaccard {found[-1][0]}, diarisation {found[-1][1]}")
sys.exit(found != [[1, 0], [1, 1], [0, 0], [0, 2]])
PY
"$work/venv/bin/python" -W ignore "$work/run.py"
