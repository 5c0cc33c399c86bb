#!/usr/bin/env bash
# onnx 1.23.2, onnxruntime 1.32.0, Python 3.11.
#
# Behaviour: `onnx.compose.add_prefix` renames the initializers of a graph, and the inputs of nodes in that graph, but not where a branch of
#   If reads the initializer of the graph around it. The branch then reads a name that nothing has: the checker and ONNX Runtime refuse
#   the result. What the branch reads of the graph's inputs and of other nodes' outputs is renamed.
# Wrong guess: names of the outer graph are renamed wherever they are used, whatever kind of value they are.
# Seen: "branch reads an input: runs", "branch reads the output of a node: runs", "branch reads an initializer: refused".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0
cat > "$work/run.py" <<'PY'
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, compose, helper, numpy_helper

onnxruntime.set_default_logger_severity(4)
FLOAT, BOOL = TensorProto.FLOAT, TensorProto.BOOL


def model(read):
    """A model that scales its input in one branch of If, where `read` names what the branch multiplies with."""

    def branch(name, node):
        return helper.make_graph([node], name, [], [helper.make_tensor_value_info(name, FLOAT, None)])

    nodes = [
        helper.make_node("Identity", ["gain"], ["copied"]),
        helper.make_node(
            "If",
            ["loud"],
            ["y"],
            then_branch=branch("scaled", helper.make_node("Mul", ["x", read], ["scaled"])),
            else_branch=branch("same", helper.make_node("Identity", ["x"], ["same"])),
        ),
    ]
    inputs = [helper.make_tensor_value_info(name, FLOAT, [1]) for name in ("x", "given")]
    inputs.append(helper.make_tensor_value_info("loud", BOOL, []))
    outputs = [helper.make_tensor_value_info("y", FLOAT, [1])]
    stored = [numpy_helper.from_array(np.array([3], np.float32), "gain")]
    graph = helper.make_graph(nodes, "gain", inputs, outputs, stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def outcome(proto, prefix):
    feed = {"x": np.ones(1, np.float32), "given": np.full(1, 3, np.float32), "loud": np.array(True)}
    try:
        onnx.checker.check_model(proto, full_check=True)
        checked = "checker ok"
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        checked = f"checker: {str(error).splitlines()[0][:70]}"
    try:
        session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
        return f"runs, {session.run(None, {prefix + name: value for name, value in feed.items()})[0].tolist()}", checked
    except Exception as error:
        return f"refused, {type(error).__name__}", checked


as_expected = True
for description, read in (("an input", "given"), ("the output of a node", "copied"), ("an initializer", "gain")):
    without, _ = outcome(model(read), "")
    renamed, checked = outcome(compose.add_prefix(model(read), "first_"), "first_")
    print(f"branch reads {description}: {without}; with a prefix: {renamed} ({checked})")
    as_expected &= without == "runs, [3.0]" and renamed.startswith("refused" if read == "gain" else "runs")
sys.exit(not as_expected)
PY
"$work/venv/bin/python" -W ignore "$work/run.py"
