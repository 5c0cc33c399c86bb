#!/usr/bin/env bash
# sphfile 1.0.3, numpy 1.26.4 and numpy 2.4.6, Python 3.11.
#
# Behaviour: for a NIST SPHERE file whose sample_coding is "ulaw" (telephone corpora are distributed so), write_wav copies the codes into a WAV
#   file whose header says 8-bit PCM. Digital silence (code 0xff) becomes full scale, and nothing is said. With NumPy 2.3 and newer, write_wav
#   raises AttributeError for every file, since it calls a method of arrays that is gone.
# Wrong guess: the header's sample_coding, which the package parses, is either decoded or refused.
# Seen: "silence in mu-law is 0.992 in the WAV file, subtype PCM_U8" and "NumPy 2.4.6: AttributeError".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check sphfile==1.0.3 soundfile==0.13.1 numpy==1.26.4
cd "$work"
cat > convert.py <<'PY'
import sphfile

fields = "NIST_1A\n   1024\nchannel_count -i 1\nsample_count -i 800\nsample_rate -i 8000\nsample_n_bytes -i 1\nsample_coding -s4 ulaw\nend_head\n"
with open("call.sph", "wb") as file:
    file.write(fields.encode().ljust(1024) + b"\xff" * 800)
sphfile.SPHFile("call.sph").write_wav("call.wav")
PY
venv/bin/python convert.py
venv/bin/python - <<'PY'
import sys

import soundfile

samples, _ = soundfile.read("call.wav")
subtype = soundfile.info("call.wav").subtype
print(f"silence in mu-law is {samples.max():.3f} in the WAV file, subtype {subtype}")
sys.exit(subtype != "PCM_U8" or bool(samples.min() < 0.99))
PY
venv/bin/pip install --quiet --disable-pip-version-check numpy==2.4.6
if venv/bin/python convert.py 2> error; then echo "NumPy 2.4.6: written"; exit 1; fi
echo "NumPy 2.4.6: $(tail -1 error | cut -d: -f1)"
grep -q AttributeError error
