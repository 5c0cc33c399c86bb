#!/usr/bin/env bash
# onnxoptimizer 0.4.2, onnx 1.23.2, onnxruntime 1.32.0, Python 3.11.
#
# Behaviour: the default passes of `onnxoptimizer.optimize` fuse a batch normalisation into the convolution before it by nodes that compute
#   the new weights and bias at each run (Sqrt, Div, Mul, Unsqueeze, Cast …), and nothing folds them: the model has more nodes than
#   before, and the weight of the convolution is no initializer any more. ONNX Runtime's quantize_dynamic, which stores both convolutions
#   of the original model in 8 bits, raises ValueError for the optimised one. onnxoptimizer has no pass that folds constants.
# Wrong guess: fusing into a convolution means other numbers in its weights, and leaves fewer nodes.
# Seen: "before: 3 nodes … 2 of 2 weights are initializers; quantised: 2 convolutions" and
#   "after: 12 nodes … 1 of 2 weights are initializers; quantised: ValueError: Expected _v_30 to be an initializer".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check \
  onnxoptimizer==0.4.2 onnx==1.23.2 onnxruntime==1.32.0 sympy==1.14.0
cat > "$work/run.py" <<'PY'
import logging
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxoptimizer
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

logging.disable(logging.CRITICAL)
onnxruntime.set_default_logger_severity(4)
random = np.random.default_rng(0)
work = Path(sys.argv[1])


def weights(*shape):
    return random.standard_normal(shape).astype(np.float32)


# Subsampling and a depthwise convolution with its batch normalisation, as in QuartzNet and Conformer.
stored = {"first": weights(64, 80, 3), "depthwise": weights(64, 1, 31)}
stored |= {"gain": weights(64), "offset": weights(64), "mean": weights(64), "variance": np.abs(weights(64)) + 0.5}
nodes = [
    helper.make_node("Conv", ["features", "first"], ["a"], name="first_conv", pads=[1, 1]),
    helper.make_node("Conv", ["a", "depthwise"], ["b"], name="depthwise_conv", group=64, pads=[15, 15]),
    helper.make_node("BatchNormalization", ["b", "gain", "offset", "mean", "variance"], ["y"], name="norm"),
]
graph = helper.make_graph(
    nodes,
    "encoder",
    [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, 80, "frames"])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 64, "frames"])],
    [numpy_helper.from_array(value, name) for name, value in stored.items()],
)
original = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
optimised = onnxoptimizer.optimize(original)
features = weights(1, 80, 100)
results = {}
for name, model in (("before", original), ("after", optimised)):
    onnx.checker.check_model(model, full_check=True)
    initializers = {tensor.name for tensor in model.graph.initializer}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    constant = sum(node.input[1] in initializers for node in convolutions)
    onnx.save(model, work / "model.onnx")
    try:
        quantize_dynamic(work / "model.onnx", work / "int8.onnx", weight_type=QuantType.QUInt8)
        kinds = Counter(node.op_type for node in onnx.load(work / "int8.onnx").graph.node)
        quantised = f"{kinds['ConvInteger']} convolutions"
    except ValueError as error:
        quantised = f"ValueError: {error}"
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    results[name] = len(model.graph.node), constant, quantised, session.run(None, {"features": features})[0]
    print(f"{name}: {len(model.graph.node)} nodes {dict(Counter(node.op_type for node in model.graph.node))}")
    print(f"  {constant} of {len(convolutions)} weights are initializers; quantised: {quantised}")
difference = float(np.abs(results["before"][3] - results["after"][3]).max())
print(f"largest difference of the results: {difference:.1e}")
before, after = results["before"], results["after"]
folding = [name for name in onnxoptimizer.get_available_passes() if "fold" in name or "constant_prop" in name]
print(f"passes that fold constants: {folding}")
as_expected = after[0] > before[0] and before[1:3] == (2, "2 convolutions") and difference < 1e-3 and not folding
sys.exit(not (as_expected and after[1] == 1 and after[2].startswith("ValueError")))
PY
"$work/venv/bin/python" -W ignore "$work/run.py" "$work"
