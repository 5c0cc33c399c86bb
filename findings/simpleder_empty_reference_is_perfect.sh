#!/usr/bin/env bash
# simpleder 0.0.8 and spy-der 0.4.1 (imported as spyder), with scipy 1.15.3, which the first does not ask for, Python 3.11 to 3.13.
#
# Behaviour: for a recording in which nobody speaks, simpleder.DER gives 0.0 whatever was found in it: 10 s of invented speech are no error.
#   With 1 s of speech in the reference the same 10 s are 9.0. spyder.DER raises IndexError for an empty reference or an empty hypothesis,
#   the latter an ordinary case (nothing was found in a clip with speech).
# Wrong guess: an empty reference gives infinity or an error in both, and an empty hypothesis a rate of 1.0 in both.
# Seen: "no speech: 0.0", "one second: 9.0", "nothing found: 1.0", and IndexError twice for spyder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check simpleder==0.0.8 spy-der==0.4.1 scipy==1.15.3
cd "$work"
venv/bin/python - <<'PY'
import sys

import simpleder
import spyder

one, ten = [("A", 0.0, 1.0)], [("x", 0.0, 10.0)]
rates = [simpleder.DER([], ten), simpleder.DER(one, ten), simpleder.DER(one, [])]
for name, rate in zip(("no speech", "one second", "nothing found"), rates, strict=True):
    print(f"{name}: {rate}")
raised = 0
for reference, hypothesis in (([], ten), (one, [])):
    try:
        print("spyder:", spyder.DER(reference, hypothesis))
    except IndexError as error:
        print("spyder: IndexError,", error)
        raised += 1
sys.exit(rates != [0.0, 9.0, 1.0] or raised != 2)
PY
