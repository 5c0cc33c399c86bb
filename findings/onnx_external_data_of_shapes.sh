#!/usr/bin/env bash
# onnx 1.23.2, onnxruntime 1.32.0, numpy 2.2.6, Python 3.11 to 3.13.
#
# Behaviour: onnx.save_model(..., save_as_external_data=True, size_threshold=0) moves the shapes of Reshape nodes out of the file, too; neither
#   onnx.checker with full_check nor ONNX Runtime reads such a file again. The default threshold of 1024 keeps them. Saving in another
#   folder under the same name again appends to the file of weights, which then holds everything twice: the check that would raise
#   FileExistsError looks in the current folder, not beside the model.
# Wrong guess: a valid model stays loadable whatever is external, and a second save replaces the first, or is refused everywhere.
# Seen: "checker: ShapeInferenceError", "ONNX Runtime: Fail", "threshold 1024: (2, 4)", "data file: 112 bytes, then 224".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.2.6
cd "$work"
venv/bin/python - <<'PY'
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


def save(threshold: int) -> str:
    fixed = [numpy_helper.from_array(np.array([0, -1]), "shape"), numpy_helper.from_array(np.ones((6, 4), np.float32), "weights")]
    nodes = [helper.make_node("Reshape", ["x", "shape"], ["rows"]), helper.make_node("MatMul", ["rows", "weights"], ["y"])]
    ends = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)] for name, shape in (("x", ["n", 2, 3]), ("y", ["n", 4]))]
    model = helper.make_model(helper.make_graph(nodes, "g", *ends, fixed), opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    Path("out").mkdir(exist_ok=True)
    name = f"out/{threshold}.onnx"
    onnx.save_model(model, name, save_as_external_data=True, size_threshold=threshold, location=f"{threshold}.data")
    return name


changed = False
small = save(0)
try:
    onnx.checker.check_model(small, full_check=True)
    changed = True
except onnx.shape_inference.InferenceError as error:
    print("checker:", str(error).split("]")[0].strip("["))
except onnx.checker.ValidationError as error:
    print("checker:", error)
    changed = True
try:
    onnxruntime.InferenceSession(small)
    changed = True
except Exception as error:
    print("ONNX Runtime:", type(error).__name__)
answer = onnxruntime.InferenceSession(save(1024)).run(None, {"x": np.ones((2, 2, 3), np.float32)})[0]
print("threshold 1024:", answer.shape)
once = Path("out/0.data").stat().st_size
save(0)
twice = Path("out/0.data").stat().st_size
print(f"data file: {once} bytes, then {twice}")
sys.exit(changed or twice != 2 * once)
PY
