#!/usr/bin/env bash
# onnx 1.23.2 (its reference evaluator), onnxruntime 1.32.0, numpy 2.4.6, Python 3.11.
#
# Behaviour: the operators that ONNX has for log-mel features are not the usual ones. HammingWindow uses 25/46 instead of 0.54
#   (NumPy, SciPy, PyTorch, Kaldi): its ends are 0.087 instead of 0.080. MelWeightMatrix rounds the edges of its triangles down to whole
#   bins of the spectrum: with 80 filters and 400 points at 16 kHz, usual for speech, five filters equal the next one, 26 see a single bin
#   (9 do with exact edges), and single weights are off by 1, which is the largest there is. HannWindow is the usual one.
# Wrong guess: a window of the name Hamming is the field's, and a mel matrix differs at most in scale (HTK's or Slaney's).
# Seen: "HammingWindow: off by 0.0070, first value 0.0870" and
#   "80 filters of 400 points: 5 equal the next, 26 of one bin (exact: 9), off by 1.000", the same from the
#   reference evaluator and from ONNX Runtime.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat > "$work/run.py" <<'PY'
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

WINDOW, RATE = 400, 16_000


def run(operator, inputs, shape, **attributes):
    types = {np.dtype("int64"): TensorProto.INT64, np.dtype("float32"): TensorProto.FLOAT}
    values = [helper.make_tensor_value_info(name, types[value.dtype], []) for name, value in inputs.items()]
    result = helper.make_tensor_value_info("result", TensorProto.FLOAT, shape)
    node = helper.make_node(operator, list(inputs), ["result"], **attributes)
    graph = helper.make_graph([node], "features", values, [result])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    by_reference = ReferenceEvaluator(model).run(None, inputs)[0]
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    by_runtime = session.run(None, inputs)[0]
    if not np.allclose(by_reference, by_runtime, atol=1e-6):
        sys.exit(f"{operator}: the reference evaluator and ONNX Runtime differ")
    return by_runtime


def exact_mel_matrix(filters, points):
    """Triangles of height 1 on the HTK mel scale, with edges where they fall: (points / 2 + 1, filters)."""
    mel = np.linspace(0, 2595 * np.log10(1 + RATE / 2 / 700), filters + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    bins = (np.arange(points // 2 + 1) * RATE / points)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling))


as_expected = True
for operator, usual in (("HannWindow", np.hanning), ("HammingWindow", np.hamming)):
    window = run(operator, {"size": np.array(WINDOW)}, ["points"], periodic=0)
    off = np.abs(window - usual(WINDOW)).max()
    print(f"{operator}: off by {off:.4f}, first value {window[0]:.4f}")
    as_expected &= off < 1e-6 if operator == "HannWindow" else round(float(off), 4) == 0.0070
found = {}
for filters, points in ((80, 400), (80, 512), (128, 512)):
    inputs = {"filters": np.array(filters), "points": np.array(points), "rate": np.array(RATE)}
    inputs |= {"lowest": np.array(0, np.float32), "highest": np.array(RATE / 2, np.float32)}
    matrix, exact = run("MelWeightMatrix", inputs, ["bins", "filters"]), exact_mel_matrix(filters, points)
    equal = sum(bool((matrix[:, n] == matrix[:, n + 1]).all()) for n in range(filters - 1))
    single, single_exact = ((one > 0).sum(axis=0).tolist().count(1) for one in (matrix, exact))
    off = np.abs(matrix - exact).max()
    found[filters, points] = equal, single, single_exact, round(float(off), 3)
    print(f"{filters} filters of {points} points: {equal} equal the next, {single} of one bin (exact: {single_exact}), off by {off:.3f}")
sys.exit(not (as_expected and found[80, 400] == (5, 26, 9, 1.0) and found[128, 512][0] == 13))
PY
"$work/venv/bin/python" -W ignore "$work/run.py"
