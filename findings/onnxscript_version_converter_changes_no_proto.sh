#!/usr/bin/env bash
# onnxscript 0.7.2, onnx 1.23.2, onnx-ir 1.1.0, Python 3.11.
#
# Behaviour: `onnxscript.version_converter.convert_version(model, 20)` takes an onnx.ModelProto, returns None and raises nothing, and the
#   model keeps its operator set: 18 stays 18, also with fallback=True, which logs that onnx's own converter will be used. The same call with
#   an onnx_ir.Model changes that in place. onnx.version_converter.convert_version, of the same name and arguments, returns a new model.
# Wrong guess: a converter whose signature names ModelProto, and which returns nothing, changes the model that it was given.
# Seen: "ModelProto: 18 -> 18, with fallback 18", "onnx_ir.Model: 18 -> 20", "onnx.version_converter: 18 -> 20".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check \
  onnxscript==0.7.2 onnx==1.23.2 onnx-ir==1.1.0
cat > "$work/run.py" <<'PY'
import logging
import sys
import typing

import onnx
import onnx.version_converter
import onnx_ir
from onnx import TensorProto, helper
from onnxscript import version_converter

logging.disable(logging.CRITICAL)


def model():
    node = helper.make_node("LogSoftmax", ["logits"], ["scores"], axis=-1)
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["frames", 129]) for name in ("logits", "scores")]
    graph = helper.make_graph([node], "head", values[:1], values[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def version(proto):
    onnx.checker.check_model(proto, full_check=True)
    return proto.opset_import[0].version


accepted = typing.get_type_hints(version_converter.convert_version)["model"]
print(f"type of the argument: {accepted}")
found = []
for options in ({}, {"fallback": True}):
    proto = model()
    returned = version_converter.convert_version(proto, 20, **options)
    found.append((returned, version(proto)))
print(f"ModelProto: 18 -> {found[0][1]}, with fallback {found[1][1]}, returned {found[0][0]}")
intermediate = onnx_ir.from_proto(model())
version_converter.convert_version(intermediate, 20)
by_ir = version(onnx_ir.to_proto(intermediate))
by_onnx = version(onnx.version_converter.convert_version(model(), 20))
print(f"onnx_ir.Model: 18 -> {by_ir}")
print(f"onnx.version_converter: 18 -> {by_onnx}")
sys.exit(not (onnx.ModelProto in typing.get_args(accepted) and found == [(None, 18)] * 2 and by_ir == by_onnx == 20))
PY
"$work/venv/bin/python" -W ignore "$work/run.py"
