#!/usr/bin/env bash
# onnxconverter-common 1.16.0, onnx 1.23.2, onnxruntime 1.32.0, Python 3.11.
#
# Behaviour: `float16.convert_float_to_float16` clips what is stored in the model to 1e-7 … 1e4, although float16 has 6e-8 … 65,504: the
#   factor 32,768 that scales samples to 16 bits becomes 10,000, and the guard 2**-24 in front of a logarithm, which float16 can hold
#   exactly, 1.2e-7. There is a Python warning for each. And of a model whose nodes have no names, as ONNX allows, it makes one that ONNX
#   Runtime refuses where an input goes to two nodes, since the casts that keep_io_types adds share a name.
# Wrong guess: numbers that float16 can hold are the same afterwards, and names of nodes are a comment.
# Seen: "32768.0 is stored as 10000.0", "2**-24 is stored as 1.2e-07", "logarithm of silence -15.94 instead of -16.64",
#   "nodes without names: Fail: ... two nodes with same node name (x_cast_to_)".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check \
  onnxconverter-common==1.16.0 onnx==1.23.2 onnxruntime==1.32.0
cat > "$work/run.py" <<'PY'
import re
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxconverter_common import float16

onnxruntime.set_default_logger_severity(4)


def model(*nodes, outputs=("y",), **stored):
    def values(names):
        return [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in names]

    initializers = [numpy_helper.from_array(np.array([value], np.float32), name) for name, value in stored.items()]
    graph = helper.make_graph(nodes, "features", values(["x"]), values(outputs), initializers)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(made, full_check=True)
    return made


def run(proto, value):
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    return [result.item() for result in session.run(None, {"x": np.array([value], np.float32)})]


def stored(proto):
    return numpy_helper.to_array(proto.graph.initializer[0]).item()


scaling = model(helper.make_node("Mul", ["x", "scale"], ["y"], name="scaling"), scale=32768)
scaled = float16.convert_float_to_float16(scaling, keep_io_types=True)
print(f"32768.0 is stored as {stored(scaled)}, in float16 itself it is {float(np.float16(32768))}; 1.0 is scaled to {run(scaled, 1)}")

guarded = model(
    helper.make_node("Add", ["x", "guard"], ["a"], name="guarding"),
    helper.make_node("Log", ["a"], ["y"], name="logarithm"),
    guard=2**-24,
)
in_float32 = run(guarded, 0)[0]
halved = float16.convert_float_to_float16(guarded, keep_io_types=True)
in_float16 = run(halved, 0)[0]
print(f"2**-24 is stored as {stored(halved):.1e}, in float16 itself it is {float(np.float16(2**-24)):.1e}")
print(f"logarithm of silence: {in_float16:.2f} instead of {in_float32:.2f}")

outcomes = {}
for description, names in (("with names", ("one", "two")), ("without names", ("", ""))):
    twice = model(
        helper.make_node("Relu", ["x"], ["y"], name=names[0]),
        helper.make_node("Sigmoid", ["x"], ["z"], name=names[1]),
        outputs=("y", "z"),
    )
    run(twice, 1)
    try:
        run(float16.convert_float_to_float16(twice, keep_io_types=True), 1)
        outcomes[description] = "runs"
    except Exception as error:
        reason = re.search(r"two nodes with same node name \(\S*\)", str(error))
        outcomes[description] = f"{type(error).__name__}: ... {reason.group() if reason else error}"
    print(f"nodes {description}: {outcomes[description]}")
as_expected = stored(scaled) == 10_000 and run(scaled, 1) == [10_000] and round(in_float16, 2) == -15.94
as_expected &= float(np.float16(32768)) == 32768 and float(np.float16(2**-24)) == 2**-24 and round(in_float32, 2) == -16.64
sys.exit(not (as_expected and outcomes["with names"] == "runs" and "two nodes with same" in outcomes["without names"]))
PY
"$work/venv/bin/python" -W ignore "$work/run.py"
