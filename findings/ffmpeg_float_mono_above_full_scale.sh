#!/usr/bin/env bash
# PyAV 18.1.0 (libswresample 6.3 of FFmpeg 8 in its wheel), numpy 2.3.5, Python 3.11.
#
# Behaviour: the level of FFmpeg's mono mix depends on the sample format of the result. To s16 and s32, two equal channels give the same
#   level; to flt and fltp the weights are not scaled down, and the mix is 1.414 times as loud: 3 dB more, above full scale for
#   loud recordings, and clipped by whatever turns it into integers later. The format of the input does not matter.
#   `ffmpeg -ac 1 -f f32le` does the same. The other way, mono to stereo, lowers the level by 3 dB in every format.
# Wrong guess: the sample format is only how the same values are written; float is the safer choice.
# Seen: "stereo s16 to mono s16: 0.916, mono flt: 1.295", "stereo flt to mono s16: 0.916, mono flt: 1.295", "mono flt to stereo flt: 0.647".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.3.5
cat > "$work/run.py" <<'PY'
import sys
from fractions import Fraction

import av
import numpy as np

LEVEL = 30_000 / 32_768
TYPES = {"s16": (np.int16, 2**15), "s32": (np.int32, 2**31), "flt": (np.float32, 1), "fltp": (np.float32, 1)}


def level_after(source, source_layout, target, target_layout):
    """The level in parts of full scale of a recording with LEVEL in each of its channels."""
    kind, full_scale = TYPES[source]
    channels = 2 if source_layout == "stereo" else 1
    shape = (channels, 1_600) if source.endswith("p") else (1, channels * 1_600)
    frame = av.AudioFrame.from_ndarray(np.full(shape, LEVEL * full_scale, kind), format=source, layout=source_layout)
    frame.sample_rate, frame.time_base, frame.pts = 16_000, Fraction(1, 16_000), 0
    resampler = av.AudioResampler(format=target, layout=target_layout, rate=16_000)
    pieces = [piece.to_ndarray() for piece in [*resampler.resample(frame), *resampler.resample(None)]]
    return round(float(np.concatenate(pieces, axis=1)[0].mean()) / TYPES[target][1], 3)


mono, stereo = {}, {}
for source in TYPES:
    mono[source] = [level_after(source, "stereo", target, "mono") for target in TYPES]
    print(f"stereo {source}, {LEVEL:.3f} in both: {', '.join(f'mono {t} {v:.3f}' for t, v in zip(TYPES, mono[source]))}")
for target in TYPES:
    stereo[target] = level_after(target, "mono", target, "stereo")
    print(f"mono {target}, {LEVEL:.3f}: stereo {target} {stereo[target]:.3f}")
as_expected = all(levels == [0.916, 0.916, 1.295, 1.295] for levels in mono.values())
sys.exit(not (as_expected and set(stereo.values()) == {0.647}))
PY
"$work/venv/bin/python" "$work/run.py"
