#!/usr/bin/env bash
# onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, Python 3.11.
#
# Behaviour: onnx's ReferenceEvaluator does not use sequence_lens, the lengths of padded recordings, nor clip in LSTM, GRU and RNN, nor
#   activations and input_forget in LSTM and GRU: what it returns is the same with and without them, and there is no error or warning. ONNX
#   Runtime's results change, and behind a recording's length they are zeros, as the operators' specification says. LogSoftmax is the
#   logarithm of the rounded softmax: a log probability below about -104 is -inf. Softmax of operator set 11, which takes a tensor for a
#   matrix from axis 1 on, is that of set 13, which takes the last axis.
# Wrong guess: the reference evaluator, which implements the specification in Python, follows the operators' inputs and attributes, refuses
#   what it does not implement, as it does elsewhere, and gives the values of a runtime.
# Seen: "LSTM with lengths 5 and 3: reference evaluator as without, ONNX Runtime zeros behind the end", "GRU with lengths …" and "RNN with
#   lengths …" the same, "GRU with clip=0.3: reference evaluator as without, ONNX Runtime not", the same of activations and input_forget,
#   "LogSoftmax of 150 and 0: reference evaluator 0, -inf; ONNX Runtime 0, -150", "Softmax of operator set 11 on 2x3x4: sums of
#   reference evaluator 1, ONNX Runtime 0.33 on average".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat > run.py <<'PY'
import sys
import warnings

import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

warnings.simplefilter("ignore", RuntimeWarning)
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
INPUT, HIDDEN, STEPS, BATCH = 3, 4, 5, 2
LENGTHS = np.array([5, 3], np.int32)
generator = np.random.default_rng(1)
results = []


def check(message, expected):
    print(message)
    results.append(message == expected)


def values(*shape):
    return generator.standard_normal(shape).astype(np.float32)


def run(node, feeds, shape, weights=(), opset=20):
    """The first output of a node, by the reference evaluator and by ONNX Runtime."""
    kinds = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int32): TensorProto.INT32}
    inputs = [helper.make_tensor_value_info(name, kinds[value.dtype], value.shape) for name, value in feeds.items()]
    outputs = [helper.make_tensor_value_info(node.output[0], TensorProto.FLOAT, shape)]
    initializers = [numpy_helper.from_array(value, name) for name, value in weights]
    graph = helper.make_graph([node], "graph", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return ReferenceEvaluator(model).run(None, feeds)[0], session.run(None, feeds)[0]


for kind, gates in GATES.items():
    audio = values(STEPS, BATCH, INPUT)
    weights = [("W", values(1, gates * HIDDEN, INPUT)), ("R", values(1, gates * HIDDEN, HIDDEN)), ("B", values(1, 2 * gates * HIDDEN))]
    shape = [STEPS, 1, BATCH, HIDDEN]

    def recurrent(names=("X", "W", "R", "B"), feeds=None, **attributes):
        node = helper.make_node(kind, names, ["Y"], hidden_size=HIDDEN, **attributes)
        return run(node, {"X": audio, **(feeds or {})}, shape, weights)

    plain = recurrent()
    assert np.allclose(*plain, atol=1e-5)
    reference, runtime = recurrent(("X", "W", "R", "B", "lengths"), {"lengths": LENGTHS})
    same = "as without" if np.array_equal(reference, plain[0]) else "not as without"
    behind = "zeros behind the end" if not runtime[3:, :, 1].any() and np.allclose(runtime[:3], plain[1][:3]) else "other values"
    name = f"{kind} with lengths 5 and 3"
    check(
        f"{name}: reference evaluator {same}, ONNX Runtime {behind}",
        f"{name}: reference evaluator as without, ONNX Runtime zeros behind the end",
    )
    functions = {"RNN": ["Relu"], "GRU": ["HardSigmoid", "Relu"], "LSTM": ["HardSigmoid", "Relu", "Tanh"]}[kind]
    cases = [("clip=0.3", {"clip": 0.3}), (f"activations={'/'.join(functions)}", {"activations": functions})]
    if kind == "LSTM":
        cases.append(("input_forget=1", {"input_forget": 1}))
    for name, attributes in cases:
        if (kind, name) == ("RNN", "activations=Relu"):
            continue  # The reference evaluator has this one.
        found = recurrent(**attributes)
        same = ["as without" if np.allclose(one, other, atol=1e-5) else "not" for one, other in zip(found, plain)]
        check(
            f"{kind} with {name}: reference evaluator {same[0]}, ONNX Runtime {same[1]}",
            f"{kind} with {name}: reference evaluator as without, ONNX Runtime not",
        )

scores = np.array([[150, 0]], np.float32)
found = run(helper.make_node("LogSoftmax", ["X"], ["Y"]), {"X": scores}, [1, 2])
texts = [", ".join(f"{value:g}" for value in one[0] + 0.0) for one in found]
check(
    f"LogSoftmax of 150 and 0: reference evaluator {texts[0]}; ONNX Runtime {texts[1]}",
    "LogSoftmax of 150 and 0: reference evaluator 0, -inf; ONNX Runtime 0, -150",
)
found = run(helper.make_node("Softmax", ["X"], ["Y"]), {"X": values(2, 3, 4)}, [2, 3, 4], opset=11)
sums = [one.sum(axis=-1).mean() for one in found]
check(
    f"Softmax of operator set 11 on 2x3x4: sums of reference evaluator {sums[0]:.3g}, ONNX Runtime {sums[1]:.2f} on average",
    "Softmax of operator set 11 on 2x3x4: sums of reference evaluator 1, ONNX Runtime 0.33 on average",
)
sys.exit(not all(results))
PY
venv/bin/python run.py
