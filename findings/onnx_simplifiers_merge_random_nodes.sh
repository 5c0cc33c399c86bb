#!/usr/bin/env bash
# onnxslim 0.1.98 and onnxsim 0.8.1, with onnx 1.23.2, onnxruntime 1.32.0 and numpy 2.4.6, Python 3.11.
#
# Behaviour: both simplifiers take two RandomNormalLike nodes of one input for the same expression and keep one, so that two noises that were
#   independent become one: here the dither on the two sides of a call, which no longer differs between the sides. The same goes for
#   RandomUniformLike. Nothing is said, and the simplified models pass the checker. ONNX Runtime's own optimisations keep both nodes.
# Wrong guess: common subexpressions are merged where they are the same, and nodes that draw numbers never are.
# Seen: correlation of the two dithers: "original 0.00, ONNX Runtime 0.00, onnxslim 1.00, onnxsim 1.00 (nodes left: {'onnxslim': 1, 'onnxsim': 1})".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check \
  onnxslim==0.1.98 onnxsim==0.8.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat > "$work/run.py" <<'PY'
import logging
import sys

import numpy as np
import onnx
import onnxruntime
import onnxsim
import onnxslim
from onnx import TensorProto, helper

logging.disable(logging.CRITICAL)
onnxruntime.set_default_logger_severity(4)
Level = onnxruntime.GraphOptimizationLevel
SAMPLES = 100_000


def dither(draw):
    """Each of the two sides of a call with noise of its own: outputs left and right."""
    nodes = [
        helper.make_node(draw, ["side"], ["first"], name="draw_first"),
        helper.make_node(draw, ["side"], ["second"], name="draw_second"),
        helper.make_node("Add", ["side", "first"], ["left"], name="add_first"),
        helper.make_node("Sub", ["side", "second"], ["right"], name="add_second"),
    ]
    graph = helper.make_graph(
        nodes,
        "dither",
        [helper.make_tensor_value_info("side", TensorProto.FLOAT, [1, SAMPLES])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, SAMPLES]) for name in ("left", "right")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    return model


def correlation(model, level=Level.ORT_DISABLE_ALL):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = level
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    left, right = session.run(None, {"side": np.zeros((1, SAMPLES), np.float32)})
    return float(np.corrcoef(left[0], -right[0])[0, 1])


as_expected = True
for draw in ("RandomNormalLike", "RandomUniformLike"):
    model = dither(draw)
    simplified = {"onnxslim": onnxslim.slim(dither(draw)), "onnxsim": onnxsim.simplify(dither(draw))[0]}
    found = {"original": correlation(model), "ONNX Runtime": correlation(model, Level.ORT_ENABLE_ALL)}
    found |= {tool: correlation(result) for tool, result in simplified.items()}
    for result in simplified.values():
        onnx.checker.check_model(result, full_check=True)
    nodes = {tool: sum(node.op_type == draw for node in result.graph.node) for tool, result in simplified.items()}
    print(f"{draw}:", ", ".join(f"{name} {value:.2f}" for name, value in found.items()), f"(nodes left: {nodes})")
    as_expected &= abs(found["original"]) < 0.05 and abs(found["ONNX Runtime"]) < 0.05
    as_expected &= found["onnxslim"] > 0.99 and found["onnxsim"] > 0.99 and set(nodes.values()) == {1}
sys.exit(not as_expected)
PY
OMP_NUM_THREADS=1 "$work/venv/bin/python" -W ignore "$work/run.py"
