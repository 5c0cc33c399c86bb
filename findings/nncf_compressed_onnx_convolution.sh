#!/usr/bin/env bash
# nncf 3.4.0, onnx 1.23.2, onnxruntime 1.32.0, Python 3.11.
#
# Behaviour: compress_weights() of an ONNX model with convolutions (here a depthwise one of 31 taps, a pointwise one and a MatMul, as in the
#   acoustic models of Conformer and QuartzNet) gives a file that the ONNX checker accepts in full and ONNX Runtime loads, but no run of it
#   succeeds: the scales of convolution weights are matrices of output by input channel, and DequantizeLinear takes a vector. For
#   the pointwise convolution that is a float scale for each 8-bit weight. A model without convolutions works, and so does
#   nncf.quantize() with a model that has them.
# Wrong guess: layers that a backend cannot have compressed are left alone; and what the checker and the session accept can run.
# Seen: "INT8_SYM: checker ok, loaded, Fail: ... scale must be 1D tensor with size 64", "scale of the pointwise weight (64, 64, 1): [64, 64]",
#   "MatMul alone, INT8_SYM: checker ok, loaded, ran".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check nncf==3.4.0 onnx==1.23.2 onnxruntime==1.32.0
cat > "$work/run.py" <<'PY'
import logging
import re
import sys

import nncf
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

logging.disable(logging.CRITICAL)
onnxruntime.set_default_logger_severity(4)
Mode = nncf.CompressWeightsMode
random = np.random.default_rng(0)
CHANNELS, SYMBOLS = 64, 129
weights = {
    "depthwise": random.standard_normal((CHANNELS, 1, 31)).astype(np.float32),
    "pointwise": random.standard_normal((CHANNELS, CHANNELS, 1)).astype(np.float32),
    "projection": random.standard_normal((CHANNELS, SYMBOLS)).astype(np.float32),
}


def model(convolutions):
    nodes = [
        helper.make_node("Transpose", ["c"], ["d"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["d", "projection"], ["e"], name="projection_node"),
        helper.make_node("LogSoftmax", ["e"], ["y"], axis=-1),
    ]
    if convolutions:
        nodes = [
            helper.make_node("Conv", ["x", "depthwise"], ["b"], group=CHANNELS, pads=[15, 15], name="depthwise_node"),
            helper.make_node("Conv", ["b", "pointwise"], ["c"], name="pointwise_node"),
            *nodes,
        ]
    else:
        nodes[0].input[0] = "x"
    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(
        nodes,
        "acoustic",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, CHANNELS, "frames"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, "frames", SYMBOLS])],
        [numpy_helper.from_array(value, name) for name, value in weights.items() if name in used],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def outcome(compressed):
    onnx.checker.check_model(compressed, full_check=True)
    session = onnxruntime.InferenceSession(compressed.SerializeToString(), providers=["CPUExecutionProvider"])
    try:
        session.run(None, {"x": random.standard_normal((1, CHANNELS, 50)).astype(np.float32)})
    except Exception as error:
        reason = re.search(r"scale must be .*", str(error))
        return f"{type(error).__name__}: ... {reason.group() if reason else error}"
    return "ran"


outcome(model(convolutions=True))
as_expected = True
for mode in (Mode.INT8_SYM, Mode.INT8_ASYM):
    compressed = nncf.compress_weights(model(convolutions=True), mode=mode)
    stored = {tensor.name: tensor for tensor in compressed.graph.initializer}
    ran = outcome(compressed)
    scale = list(stored["pointwise_scale"].dims)
    print(f"{mode.name}: checker ok, loaded, {ran}; scale of the pointwise weight (64, 64, 1): {scale}")
    as_expected &= "must be 1D" in ran and scale == [64, 64]
dataset = nncf.Dataset([{"x": random.standard_normal((1, CHANNELS, 50)).astype(np.float32)}])
quantised = outcome(nncf.quantize(model(convolutions=True), dataset))
print(f"quantize(): checker ok, loaded, {quantised}")
alone = outcome(nncf.compress_weights(model(convolutions=False), mode=Mode.INT8_SYM))
print(f"MatMul alone, INT8_SYM: checker ok, loaded, {alone}")
sys.exit(not (as_expected and quantised == alone == "ran"))
PY
"$work/venv/bin/python" -W ignore "$work/run.py"
