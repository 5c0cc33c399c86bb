#!/usr/bin/env bash
# onnx-graphsurgeon 0.6.1, onnx 1.23.2, ONNX Runtime 1.32.0, NumPy 2.4.6, Python 3.11.
#
# Behaviour: export_onnx(import_onnx(model)), with no change between, loses the model's metadata_props, doc_string and model_version, and
#   each node's doc_string. Speech models often keep their vocabulary, sample rate and the like in metadata_props: a program that reads
#   them finds an empty dictionary. onnx.utils.extract_model loses them too; ONNX Runtime's quantiser and onnx's version converter do not.
#   fold_constants() runs nodes that draw random numbers once and stores what they drew: dither that had other values for each
#   call is the same ever after. It raises TypeError where a string (a word of a vocabulary, say) is computed from constants.
# Wrong guess: the round trip of a model without changes is the same model, and folding leaves nodes alone that are not deterministic,
#   as ONNX Runtime's own folding does.
# Seen: "as made: {'sample_rate': '16000', 'vocab': 'अ क'}", "graphsurgeon, without a change: {}", "two runs are equal: False as made, False
#   in ONNX Runtime's optimised file, True after fold_constants()", "fold_constants() of a string: TypeError ...".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check onnx-graphsurgeon==0.6.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat > run.py <<'PY'
import logging

import numpy as np
import onnx
import onnx.utils
import onnx.version_converter
import onnx_graphsurgeon as gs
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic

logging.disable(logging.WARNING)
as_expected = True


def check(condition):
    global as_expected
    as_expected = as_expected and bool(condition)


def make(nodes, inputs, output, initializers=()):
    graph = helper.make_graph(nodes, "graph", inputs, [output], list(initializers))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, doc_string="Hindi", model_version=3)
    onnx.checker.check_model(model)
    return model


audio = helper.make_tensor_value_info("audio", TensorProto.FLOAT, ["N", 4])
scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", 4])

# 1. What a speech model says about itself
weight = numpy_helper.from_array(np.ones((4, 4), np.float32), "weight")
model = make([helper.make_node("MatMul", ["audio", "weight"], ["scores"], doc_string="encoder")], [audio], scores, [weight])
helper.set_model_props(model, {"vocab": "अ क", "sample_rate": "16000"})
onnx.save(model, "model.onnx")
quantize_dynamic("model.onnx", "quantised.onnx")
onnx.utils.extract_model("model.onnx", "extracted.onnx", ["audio"], ["scores"])
variants = {
    "as made": model,
    "graphsurgeon, without a change": gs.export_onnx(gs.import_onnx(model)),
    "onnx.utils.extract_model": onnx.load("extracted.onnx"),
    "onnx's version converter": onnx.version_converter.convert_version(model, 19),
    "ONNX Runtime's quantiser": onnx.load("quantised.onnx"),
}
lost = {"graphsurgeon, without a change", "onnx.utils.extract_model"}
for name, variant in variants.items():
    session = onnxruntime.InferenceSession(variant.SerializeToString(), providers=["CPUExecutionProvider"])
    meta = session.get_modelmeta().custom_metadata_map
    vocabulary = {key: meta[key] for key in sorted(meta) if key in ("vocab", "sample_rate")}
    print(f"{name}: {vocabulary}, version {variant.model_version}, doc_string {variant.doc_string!r}")
    check(vocabulary == ({} if name in lost else {"sample_rate": "16000", "vocab": "अ क"}))
    check((variant.model_version == 0) == (name in lost))
print(f"doc_string of the node: {model.graph.node[0].doc_string!r}, {variants['graphsurgeon, without a change'].graph.node[0].doc_string!r}")
check(variants["graphsurgeon, without a change"].graph.node[0].doc_string == "")

# 2. Noise that is added to the audio
nodes = [helper.make_node("RandomNormal", [], ["noise"], shape=[1, 4], scale=0.01), helper.make_node("Add", ["audio", "noise"], ["scores"])]
dither = make(nodes, [audio], scores)


def runs_equal(source, **options):
    session = onnxruntime.InferenceSession(source.SerializeToString(), providers=["CPUExecutionProvider"], **options)
    first, second = (session.run(None, {"audio": np.zeros((1, 4), np.float32)})[0] for _ in range(2))
    return bool(np.array_equal(first, second))


options = onnxruntime.SessionOptions()
options.optimized_model_filepath = "optimised.onnx"
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
runs_equal(dither, sess_options=options)
folded = gs.export_onnx(gs.import_onnx(dither).fold_constants().cleanup())
equal = [runs_equal(dither), runs_equal(onnx.load("optimised.onnx")), runs_equal(folded)]
print(f"two runs are equal: {equal[0]} as made, {equal[1]} in ONNX Runtime's optimised file, {equal[2]} after fold_constants()")
check(equal == [False, False, True])

# 3. Strings
words = make(
    [helper.make_node("Constant", [], ["words"], value_strings=["क", "ख"]), helper.make_node("Identity", ["words"], ["vocabulary"])],
    [],
    helper.make_tensor_value_info("vocabulary", TensorProto.STRING, [2]),
)
session = onnxruntime.InferenceSession(words.SerializeToString(), providers=["CPUExecutionProvider"])
print(f"a model with strings, as made: {session.run(None, {})[0].tolist()}")
try:
    gs.export_onnx(gs.import_onnx(words).fold_constants())
    found = "no error"
except TypeError as error:
    found = f"TypeError: {error}"
print(f"fold_constants() of a string: {found}")
check(found.startswith("TypeError"))
raise SystemExit(int(not as_expected))
PY
OMP_NUM_THREADS=1 venv/bin/python run.py
