#!/usr/bin/env bash
# onnxruntime 1.32.0, Python 3.11 to 3.13, Linux on x86-64 with AVX-512 or AVX2.
#
# Behaviour: ONNX Runtime's CPU build runs a depthwise convolution over [batch, channels, T] by its general code, and the same one over
#   an image of height 1, [batch, channels, 1, T], by its blocked kernels (NCHWc), which take the transposes around it with them:
#   several times as fast, for the same numbers.
# Wrong guess: a convolution of one dimension is at least as fast as the same one written with two.
# Seen: "256 channels, 251 frames, kernel 31: 0.25 ms in one dimension, 0.05 ms in two" (AMD EPYC, AVX-512, one thread).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.22.0 numpy
"$work/venv/bin/python" - <<'PYTHON'
import statistics
import sys
import time

import numpy as np
import onnx
import onnxruntime
from onnx import helper

CHANNELS, FRAMES, KERNEL = 256, 251, 31
float32 = onnx.TensorProto.FLOAT
weight = np.random.default_rng(0).standard_normal((CHANNELS, 1, KERNEL)).astype(np.float32)
x = np.random.default_rng(1).standard_normal((1, FRAMES, CHANNELS)).astype(np.float32)


def convolution(two_dimensions: bool) -> bytes:
    """Channels last before and behind, as between the linear layers of a Conformer."""
    to_first, to_last = ((0, 3, 1, 2), (0, 2, 3, 1)) if two_dimensions else ((0, 2, 1), (0, 2, 1))
    pads = [0, KERNEL // 2, 0, KERNEL // 2] if two_dimensions else [KERNEL // 2] * 2
    nodes = [
        helper.make_node("Transpose", ["image" if two_dimensions else "x"], ["first"], perm=to_first),
        helper.make_node("Conv", ["first", "weight"], ["convolved"], group=CHANNELS, pads=pads),
        helper.make_node("Transpose", ["convolved"], ["frames" if two_dimensions else "out"], perm=to_last),
    ]
    if two_dimensions:
        nodes.insert(0, helper.make_node("Unsqueeze", ["x", "axis"], ["image"]))
        nodes.append(helper.make_node("Squeeze", ["frames", "axis"], ["out"]))
    constants = {"weight": weight[:, :, None], "axis": np.array([1])} if two_dimensions else {"weight": weight}
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", float32, [1, "frames", CHANNELS])],
        [helper.make_tensor_value_info("out", float32, None)],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def measured(model: bytes) -> tuple[float, np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
    times = []
    for _ in range(300):
        start = time.process_time_ns()
        (out,) = session.run(None, {"x": x})
        times.append((time.process_time_ns() - start) / 1e6)
    return statistics.median(times), out


(one, expected), (two, found) = measured(convolution(False)), measured(convolution(True))
assert np.abs(expected - found).max() < 1e-4
print(f"{CHANNELS} channels, {FRAMES} frames, kernel {KERNEL}: {one:.2f} ms in one dimension, {two:.2f} ms in two")
sys.exit(one < 2 * two)
PYTHON
