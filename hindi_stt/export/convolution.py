"""The subsampling convolutions as matrix products over patches, for the int8 model.

ONNX Runtime's own integer convolution is slower than its float one, its integer matrix product is not. So a 3x3
convolution of stride 2 becomes: nine shifted views side by side, then one product. Everything between stays channels
last, [batch, T, F, channels]. The first convolution reads one or two channels and stays in float; the others quantise
their input once, before the views are taken, with the scale of the clip at hand.
"""

from __future__ import annotations

import itertools

import numpy as np
import onnx

from hindi_stt.export.graph import Graph
from hindi_stt.export.passes.pointwise import cancel_transposes
from hindi_stt.types import Float32

__all__ = ["WEIGHT_RANGE", "convolutions_to_products"]

WEIGHT_RANGE = 64
"""Weights are integers in [-64, 64]: products of unsigned 8-bit activations and these, added in pairs, fit the 16 bits
that x86 without VNNI adds them in, so every CPU computes the same sums."""

TO_LAST, TO_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)
MANY_CHANNELS = 16


def convolutions_to_products(model: onnx.ModelProto) -> onnx.ModelProto:
    """Rewrite every dense Conv2d of kernel 3, stride 2 and padding 1."""
    graph = Graph(model)
    for node in list(graph.nodes):
        if node.op_type == "Conv" and _is_strided(graph, node):
            _replace(graph, node)
    return cancel_transposes(graph.model())


def _is_strided(graph: Graph, node: onnx.NodeProto) -> bool:
    a = graph.attributes(node)
    geometry = a["kernel_shape"] == [3, 3] and a.get("strides") == [2, 2] and a.get("pads") == [1, 1, 1, 1]
    return geometry and a.get("group", 1) == 1 and _weight(graph, node.input[1]) is not None


def _weight(graph: Graph, name: str) -> Float32 | None:
    """A constant, or a concatenation of constants along the input channels."""
    maker = graph.producer.get(name)
    if maker is None or maker.op_type != "Concat":
        return graph.array(name)
    parts = [graph.array(part) for part in maker.input]
    return None if any(part is None for part in parts) else np.concatenate(parts, axis=1)  # type: ignore[arg-type]


def _replace(graph: Graph, conv: onnx.NodeProto) -> None:
    weight = _weight(graph, conv.input[1])
    assert weight is not None
    scope, channels = conv.name, weight.shape[1]
    matrix = weight.transpose(2, 3, 1, 0).reshape(9 * channels, -1)
    nodes: list[onnx.NodeProto] = []

    def add(op: str, *inputs: str, **attributes: object) -> str:
        nodes.append(graph.make(op, inputs, scope, **attributes))
        return str(nodes[-1].output[0])

    if channels < MANY_CHANNELS:
        patches = _patches(graph, add, add("Transpose", conv.input[0], perm=TO_LAST), None)
        product = add("MatMul", patches, graph.constant(f"{scope}/matrix", matrix))
    else:
        product = _integer_product(graph, add, nodes, conv.input[0], matrix, scope)
    biased = add("Add", product, conv.input[2]) if len(conv.input) > 2 else product
    result = add("Transpose", biased, perm=TO_FIRST)
    graph.insert(nodes, before=conv)
    graph.redirect(conv.output[0], result)
    graph.remove([conv])


def _integer_product(graph, add, nodes, x, matrix, scope):  # type: ignore[no-untyped-def]
    scale = np.abs(matrix).max(axis=0) / WEIGHT_RANGE
    quantized = np.rint(matrix / np.maximum(scale, np.finfo(np.float32).tiny)).astype(np.int8)
    last = add("Transpose", x, perm=TO_LAST)
    name = f"{scope}/DynamicQuantizeLinear"
    outputs = [f"{name}:{part}" for part in ("values", "scale", "zero")]
    nodes.append(onnx.helper.make_node("DynamicQuantizeLinear", [last], outputs, name))
    patches = _patches(graph, add, outputs[0], outputs[2])
    zero = graph.constant(f"{scope}/weight_zero", np.zeros(matrix.shape[1], np.int8))
    sums = add("MatMulInteger", patches, graph.constant(f"{scope}/matrix", quantized), outputs[2], zero)
    scales = add("Mul", outputs[1], graph.constant(f"{scope}/weight_scale", scale.astype(np.float32)))
    return add("Mul", add("Cast", sums, to=onnx.TensorProto.FLOAT), scales)


def _patches(graph, add, x, zero):  # type: ignore[no-untyped-def]
    """[batch, T, F, channels] to [batch, T', F', 9 * channels]: the input of each output frame and frequency."""
    edges = graph.constant("patches.edges", np.array([0, 1, 1, 0, 0, 1, 1, 0], np.int64))
    axes = graph.constant("patches.axes", np.array([1, 2], np.int64))
    steps = graph.constant("patches.steps", np.array([2, 2], np.int64))
    padded = add("Pad", x, edges, *([zero] if zero else []))
    views = []
    for t, f in itertools.product(range(3), repeat=2):
        # The last view starts at 2 and ends at the edge; the others stop early enough to be as long.
        start = graph.constant(f"patches.start.{t}{f}", np.array([t, f], np.int64))
        end = graph.constant(f"patches.end.{t}{f}", np.array([t - 2 or 2**31, f - 2 or 2**31], np.int64))
        views.append(add("Slice", padded, start, end, axes, steps))
    return add("Concat", *views, axis=-1)
