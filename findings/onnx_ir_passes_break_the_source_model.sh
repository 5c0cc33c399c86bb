#!/usr/bin/env bash
# onnx-ir 1.1.0, onnxscript 0.7.2, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, Python 3.11.
#
# Behaviour: the model that onnx_ir.from_proto(model) returns keeps the ModelProto's tensors, and giving one of its initializers another
#   name writes that name into the ModelProto, whose nodes keep the old one. The ModelProto is invalid then. Passes do that by themselves:
#   where both branches of an If have an initializer of one name, LiftSubgraphInitializersToMainGraphPass renames one. So
#   onnxscript.optimizer.optimize(model), which returns another ModelProto, leaves the one that it was given invalid. A model's clone() and
#   functionalize(), which clones before a pass, do not help: the clone shares the tensors, as the documentation of Graph.clone() says.
# Wrong guess: reading a ModelProto into another library's objects, or a function that returns the optimised model, does not change the
#   ModelProto, or changes it into another valid one; and a pass on a clone leaves what it was cloned from alone.
# Seen: "initializer renamed in the IR: ModelProto has weight, its node reads w; not valid", "onnxscript.optimizer.optimize: result 1 and 5,
#   source ModelProto changed, not valid", "pass on a clone: …" and "pass with functionalize: …" the same, "pass on a copied ModelProto:
#   result 1 and 5, source ModelProto unchanged, valid".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check onnx-ir==1.1.0 onnxscript==0.7.2 onnx==1.23.2 \
  onnxruntime==1.32.0 numpy==2.4.6
cat > run.py <<'PY'
import sys

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import onnxscript.optimizer
from onnx import TensorProto, helper, numpy_helper
from onnx_ir.passes.common import LiftSubgraphInitializersToMainGraphPass as LiftPass

results = []


def check(message, expected):
    print(message)
    results.append(message == expected)


def value(name, kind=TensorProto.FLOAT, shape=(2,)):
    return helper.make_tensor_value_info(name, kind, shape)


def model_of(nodes, inputs, initializers=()):
    graph = helper.make_graph(nodes, "graph", inputs, [value("y")], list(initializers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def weight(number):
    return numpy_helper.from_array(np.full(2, number, np.float32), "w")


def branch(output, number):
    return helper.make_graph([helper.make_node("Add", ["x", "w"], [output])], output, [], [value(output)], [weight(number)])


def two_branches():
    """x + 1 or x + 5; both branches have an initializer w."""
    node = helper.make_node("If", ["first"], ["y"], then_branch=branch("one", 1), else_branch=branch("five", 5))
    return model_of([node], [value("x"), value("first", TensorProto.BOOL, [])])


def validity(model):
    try:
        onnx.checker.check_model(model)
        return "valid"
    except onnx.checker.ValidationError:
        return "not valid"


def outputs(model):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = [session.run(None, {"x": np.zeros(2, np.float32), "first": np.array(first)})[0][0] for first in (True, False)]
    return " and ".join(f"{number:g}" for number in found)


model = model_of([helper.make_node("Add", ["x", "w"], ["y"])], [value("x")], [weight(1)])
before = validity(model)
ir.from_proto(model).graph.initializers["w"].name = "weight"
graph = model.graph
check(
    f"initializer renamed in the IR: ModelProto has {graph.initializer[0].name}, its node reads {graph.node[0].input[1]}; {validity(model)}",
    "initializer renamed in the IR: ModelProto has weight, its node reads w; not valid",
)
results.append(before == "valid")


def with_pass(source):
    return ir.to_proto(LiftPass()(source).model)


def copied(model):
    other = onnx.ModelProto()
    other.CopyFrom(model)
    return other


CHANGED, UNCHANGED = "source ModelProto changed, not valid", "source ModelProto unchanged, valid"
for name, change, expected in (
    ("onnxscript.optimizer.optimize", onnxscript.optimizer.optimize, CHANGED),
    ("pass", lambda model: with_pass(ir.from_proto(model)), CHANGED),
    ("pass on a clone", lambda model: with_pass(ir.from_proto(model).clone()), CHANGED),
    ("pass with functionalize", lambda model: ir.to_proto(ir.passes.functionalize(LiftPass())(ir.from_proto(model)).model), CHANGED),
    ("pass on a copied ModelProto", lambda model: with_pass(ir.from_proto(copied(model))), UNCHANGED),
):
    model = two_branches()
    results.append(validity(model) == "valid" and outputs(model) == "1 and 5")
    stored = model.SerializeToString()
    result = change(model)
    state = "unchanged" if model.SerializeToString() == stored else "changed"
    found = f"{name}: result {outputs(result)}, source ModelProto {state}, {validity(model)}"
    check(found, f"{name}: result 1 and 5, {expected}")
sys.exit(not all(results))
PY
venv/bin/python run.py
