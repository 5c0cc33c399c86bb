#!/usr/bin/env bash
# openvino 2026.4.1, onnxruntime 1.32.0, numpy 2.4.6, Python 3.11.
#
# Behaviour: on the CPU, OpenVINO's ReLU makes 0 of NaN, so a model whose input holds NaN (a broken sensor, features of silence divided by
#   their deviation of 0) answers with ordinary finite numbers. ONNX Runtime's ReLU hands NaN on, for the same ONNX operator and file.
# Wrong guess: a check that a model's outputs are finite finds inputs that are not, in every runtime.
# Seen: "OpenVINO: [0. 0. 2.]", "ONNX Runtime: [nan 0. 2.]" for ReLU of [nan, -1, 2].
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check openvino==2026.4.1 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
cat > "$work/run.py" <<'PY'
import sys

import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper

values = np.array([np.nan, -1, 2], np.float32)
ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [3]) for name in "xy"]
graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "relu", ports[:1], ports[1:])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
onnx.checker.check_model(model)
onnx.save(model, sys.argv[1])
compiled = openvino.compile_model(sys.argv[1], "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
one = np.array(compiled({0: values})[0])
(other,) = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"]).run(None, {"x": values})
print("OpenVINO:", one)
print("ONNX Runtime:", other)
sys.exit(not (np.isfinite(one).all() and np.isnan(other[0])))
PY
"$work/venv/bin/python" -W ignore "$work/run.py" "$work/relu.onnx"
