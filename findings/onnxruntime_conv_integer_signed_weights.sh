#!/usr/bin/env bash
# onnxruntime 1.32.0, onnx 1.23.2, NumPy 2.4.6, Python 3.11; one core of an AMD EPYC with AVX2 and without VNNI.
#
# Behaviour: on ONNX Runtime's CPU, ConvInteger with signed weights (int8, zero point 0) takes about five times as long as with the same weights as
#   unsigned ones (uint8, zero point 64); the sums are equal. MatMulInteger, with the same number of multiply-adds, takes the same time with both.
# Wrong guess: signed weights, which symmetric quantisation gives and which are the fast way for products on CPUs of this kind, are at least
#   as fast in convolutions. A vocoder that was quantised with unsigned weights (Kokoro, int8) is changed for the worse by making them signed.
# Seen: "ConvInteger: unsigned 26 ms, signed 139 ms, 5.4 times, equal sums: True", "MatMulInteger: unsigned 28 ms, signed 23 ms, 0.8 times".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
"$work/venv/bin/python" - <<'PY'
import sys
import time

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

CHANNELS, TAPS, FRAMES = 128, 11, 8000
random = np.random.default_rng(0)
weights = random.integers(-64, 64, (CHANNELS, CHANNELS, TAPS))


def session(operator, weights, shape, **attributes):
    zero = np.array(0 if weights.dtype == np.int8 else 64, weights.dtype)
    node = helper.make_node(operator, ["x", "w", "x_zero", "w_zero"], ["y"], **attributes)
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.UINT8, shape),
        helper.make_tensor_value_info("x_zero", TensorProto.UINT8, []),
    ]
    constants = [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(zero, "w_zero")]
    outputs = [helper.make_tensor_value_info("y", TensorProto.INT32, None)]
    graph = helper.make_graph([node], "graph", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def compare(operator, weights, x, **attributes):
    """Least processor time of five runs in ms with unsigned and with signed weights, which take turns; whether the sums are equal."""
    feed = {"x": x, "x_zero": np.array(120, np.uint8)}
    forms = [(weights + 64).astype(np.uint8), weights.astype(np.int8)]
    sessions = [session(operator, form, x.shape, **attributes) for form in forms]
    sums = [each.run(None, feed)[0] for each in sessions]
    least = [float("inf"), float("inf")]
    for _ in range(5):
        for i, each in enumerate(sessions):
            began = time.process_time()
            each.run(None, feed)
            least[i] = min(least[i], 1000 * (time.process_time() - began))
    return *least, bool(np.array_equal(*sums))


x = random.integers(0, 256, (1, CHANNELS, FRAMES)).astype(np.uint8)
unsigned, signed, equal = compare("ConvInteger", weights, x, kernel_shape=[TAPS], pads=[TAPS // 2] * 2)
print(f"ConvInteger: unsigned {unsigned:.0f} ms, signed {signed:.0f} ms, {signed / unsigned:.1f} times, equal sums: {equal}")
rows = random.integers(0, 256, (FRAMES, CHANNELS * TAPS)).astype(np.uint8)
product_unsigned, product_signed, _ = compare("MatMulInteger", weights.reshape(CHANNELS, -1).T.copy(), rows)
times = product_signed / product_unsigned
print(f"MatMulInteger: unsigned {product_unsigned:.0f} ms, signed {product_signed:.0f} ms, {times:.1f} times")
sys.exit(not (equal and signed > 2 * unsigned and times < 1.5))
PY
