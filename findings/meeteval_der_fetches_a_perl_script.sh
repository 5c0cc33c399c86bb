#!/usr/bin/env bash
# meeteval 0.4.3, Python 3.11 to 3.13.
#
# Behaviour: meeteval.der.md_eval_22 is no computation of its own: at the first call it downloads md-eval-22.pl from a repository on GitHub,
#   and then runs it with perl. On a machine without a way out, the diarisation error rate of two RTTM files raises urllib's URLError.
#   The word error rates of the same package (cpwer) need neither.
# Wrong guess: `pip install meeteval` is enough to compute a diarisation error rate.
# Seen: "cpWER 0.25" and "DER: URLError" with a proxy address at which nothing listens.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check meeteval==0.4.3
cd "$work"
mkdir home
export HOME=$PWD/home https_proxy=http://127.0.0.1:9 http_proxy=http://127.0.0.1:9
venv/bin/python - <<'PY'
import sys
import urllib.error
from pathlib import Path

import meeteval

Path("said.rttm").write_text("SPEAKER call 1 0.0 10.0 <NA> <NA> A <NA> <NA>\n")
Path("found.rttm").write_text("SPEAKER call 1 0.0 9.0 <NA> <NA> x <NA> <NA>\n")
print("cpWER", meeteval.wer.cp_word_error_rate(["एक दो तीन चार"], ["एक दो तीन सात"]).error_rate)
try:
    result = meeteval.der.md_eval_22(meeteval.io.load("said.rttm"), meeteval.io.load("found.rttm"))
except urllib.error.URLError:
    print("DER: URLError")
else:
    print("DER:", result)
    sys.exit(1)
PY
