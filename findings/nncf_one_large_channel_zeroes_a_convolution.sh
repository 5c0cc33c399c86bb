#!/usr/bin/env bash
# nncf 3.4.0, openvino 2026.4.1, Python 3.11.
#
# Behaviour: nncf.quantize gives each filter of a convolution one scale for its weights, over all input channels. Where one input channel
#   has far larger weights than the others (a channel that carries a mask is multiplied by -30000, so that masked frames vanish behind the
#   activation), all other weights of the filter become zero. Nothing is logged, and the result is the filter of the mask alone.
# Wrong guess: such a channel gets a scale of its own, or the layer is left alone with a warning, as bias correction checks the outputs.
# Seen: "weights that are not zero: 72 of 72 before, 9 of 72 after; relative error of the output 1.00".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check nncf==3.4.0 openvino==2026.4.1 2>/dev/null
cd "$work"
"$work/venv/bin/python" - 2>"$work/log" <<'PY' || { tail -5 "$work/log" >&2; exit 1; }
import sys

import nncf
import numpy as np
import openvino as ov
from openvino import opset13 as ops

CHANNELS = 8  # the last one is the mask
rng = np.random.default_rng(0)
weights = rng.uniform(0.05, 0.2, (1, CHANNELS, 3, 3)).astype(np.float32)
weights[:, -1] = -30000
image = ops.parameter([1, CHANNELS, 32, 32], np.float32)
convolution = ops.convolution(image, ops.constant(weights), [1, 1], [1, 1], [1, 1], [1, 1])
model = ov.Model([ops.relu(convolution)], [image])


def inputs(seed):
    found = np.random.default_rng(seed).standard_normal((1, CHANNELS, 32, 32)).astype(np.float32)
    found[:, -1] = 0  # nothing is masked
    return found


quantised = nncf.quantize(model, nncf.Dataset([inputs(seed) for seed in range(32)]))
(stored,) = [
    node.data for node in quantised.get_ops() if node.get_type_name() == "Constant" and node.data.shape == weights.shape
]
core = ov.Core()
precise, coarse = (core.compile_model(one, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(inputs(99))[0] for one in (model, quantised))
error = float(np.linalg.norm(precise - coarse) / np.linalg.norm(precise))
before, after, total = np.count_nonzero(weights), np.count_nonzero(stored), weights.size
print(f"weights that are not zero: {before} of {total} before, {after} of {total} after; relative error of the output {error:.2f}")
sys.exit(not (after == 9 and error > 0.9))
PY
