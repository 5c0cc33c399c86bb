#!/usr/bin/env bash
# PyAV 18.1.0 and 19.0.2 (wheels), Python 3.12 and 3.13 (PyAV 19 has no wheels for 3.11), found on PATH or by pyenv; Linux on x86-64.
#
# Behaviour: the wheels of PyAV 19 have no OpenCORE decoders any more (libopencore_amrnb, libopencore_amrwb), nor its encoder. What is left for AMR-NB
#   is FFmpeg's own decoder, which refuses the frames of silence (SID) that telephones write in pauses: of the same recording with
#   DTX one version decodes all, the other raises at the first pause. Nothing in the API has changed.
# Wrong guess: a new major version of PyAV decodes at least what the one before did.
# Seen: "18.1.0: 6.02 s, 0 errors" and "19.0.2: 4.18 s, 92 errors ['InvalidDataError', 'PatchWelcomeError']" of 6 s.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
interpreter=
for candidate in python3.13 python3.12 python3; do
  for version in "" $(pyenv versions --bare 2>/dev/null | grep -E '^3\.1[23]\.' || true); do
    if PYENV_VERSION=$version "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
      interpreter=$(PYENV_VERSION=$version "$candidate" -c 'import sys; print(sys.executable)')
      break 2
    fi
  done
done
[ -n "$interpreter" ] || { echo "Python 3.12 or later is needed" >&2; exit 2; }
for version in 18.1.0 19.0.2; do
  "$interpreter" -m venv "$work/$version"
  "$work/$version/bin/pip" install --quiet --disable-pip-version-check "av==$version" numpy
done
"$work/18.1.0/bin/python" - "$work/speech.amr" <<'PY'
import sys
import av
import numpy as np

rate = 8_000
t = np.arange(2 * rate) / rate
tone = (8_000 * np.sin(2 * np.pi * 300 * t) * (1 + np.sin(2 * np.pi * 4 * t))).astype(np.int16)
samples = np.concatenate([tone, np.zeros_like(tone), tone])[None]
with av.open(sys.argv[1], "w", format="amr") as output:
    stream = output.add_stream("libopencore_amrnb", rate=rate, layout="mono", options={"dtx": "1"})
    stream.bit_rate = 12_200
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate = rate
    for packet in [*stream.encode(frame), *stream.encode(None)]:
        output.mux(packet)
PY
cat > "$work/decode.py" <<'PY'
import sys
import av

names = sorted(name for name in av.codecs_available if "amr" in name)
name = "libopencore_amrnb" if "libopencore_amrnb" in names else "amrnb"
decoder = av.CodecContext.create(name, "r")
samples, errors = 0, []
with av.open(sys.argv[1]) as file:
    for packet in file.demux():
        try:
            samples += sum(frame.samples for frame in decoder.decode(packet if packet.size else None))
        except av.FFmpegError as error:
            errors.append(type(error).__name__)
print(f"{av.__version__}: {samples / 8000:.2f} s, {len(errors)} errors {sorted(set(errors))}; decoders {names}")
sys.exit(bool(errors) != (sys.argv[2] == "refuses"))
PY
"$work/18.1.0/bin/python" "$work/decode.py" "$work/speech.amr" decodes
"$work/19.0.2/bin/python" "$work/decode.py" "$work/speech.amr" refuses
