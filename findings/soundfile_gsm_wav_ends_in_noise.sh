#!/usr/bin/env bash
# soundfile 0.14.0 (libsndfile 1.2.2), numpy 2.2.6, Python 3.11 to 3.13. The file is written by libsndfile itself.
#
# Behaviour: GSM 6.10 in WAV, in which telephone systems keep recordings, has blocks of 65 bytes for 320 samples. Where their number is odd, RIFF
#   demands one byte behind the data, and libsndfile decodes that byte as a block of its own: the recording gets 40 ms longer and ends
#   in noise that nobody recorded, at full scale behind a tone at half of it, and audible behind silence. The true number of samples,
#   which stands in the chunk "fact", is not looked at. Where the number of blocks is even, nothing is added. FFmpeg adds nothing.
# Wrong guess: the byte that makes the chunk even is left out, and a length that is rounded up to whole blocks is filled with silence.
# Seen: "tone, 50 blocks: 16000 samples, 16000 by its header" and "tone, 51 blocks: 16640 samples, 16320 by its header, then up to 1.000"; 0.069
#   for silence.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check soundfile==0.14.0 numpy==2.2.6
cat > "$work/run.py" <<'PY'
import sys

import numpy as np
import soundfile

changed = False
for name, level, least in (("tone", 0.5, 0.9), ("silence", 0, 0.05)):
    for blocks in (1, 2, 50, 51):
        size = 320 * blocks
        path = f"{sys.argv[1]}/{name}{blocks}.wav"
        soundfile.write(path, level * np.sin(2 * np.pi * 440 * np.arange(size) / 8000), 8000, subtype="GSM610")
        with open(path, "rb") as file:
            content = file.read()
        fact = content.index(b"fact") + 8
        stated = int.from_bytes(content[fact : fact + 4], "little")
        read, _ = soundfile.read(path)
        said, rest = (float(np.abs(part).max(initial=0)) for part in (read[:size], read[size:]))
        print(f"{name}, {blocks} blocks: {len(read)} samples, {stated} by its header, up to {said:.3f}, then up to {rest:.3f}")
        odd = blocks % 2 == 1
        changed |= stated != size or len(read) != size + 320 * odd or said > 0.6 or (rest > least) != odd
sys.exit(changed)
PY
"$work/venv/bin/python" "$work/run.py" "$work"
