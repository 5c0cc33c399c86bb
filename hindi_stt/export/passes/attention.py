"""Attention with relative positions in fewer passes over its scores, [batch, heads, T, T].

NeMo computes softmax(((q + u) kᵀ + shift((q + v) pᵀ)) / √d) per head (Dai et al., Transformer-XL, 2019; u and v are
biases). Here 1/√d and u are part of the query's linear layer, q' = (q + u) / √d, so that the division of the scores
and one sum go away: softmax(q' kᵀ + shift((q' + (v - u) / √d) pᵀ)). Shapes that depend on the number of frames are
computed once for all layers, the others are constant. Weights that are scaled are nodes over the framework's weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnx

from hindi_stt.export.graph import Graph
from hindi_stt.export.passes.scales import is_constant

__all__ = ["SHIFT", "merge_attention_scales"]

# In the names of the nodes that shift the scores of the positions, by which the int8 form finds them.
SHIFT: Final = "shift"

BY_HEAD: Final = (0, 2, 1, 3)


def merge_attention_scales(model: onnx.ModelProto) -> onnx.ModelProto:
    """Rewrite each attention of the form above. One of another form, such as a limited context, stays as it is.

    Args:
        model: With its masks simplified, and shifted without padding.

    Returns:
        An equivalent one.
    """
    graph = Graph(model)
    shapes: dict[str, str] = {}
    for softmax in [node for node in graph.nodes if node.op_type == "Softmax"]:
        attention = _match(graph, softmax)
        if attention is not None:
            _rewrite(graph, attention, shapes)
    return graph.model()


@dataclass(frozen=True, slots=True)
class _Attention:
    """The nodes of one layer's attention.

    divided: the division of the scores; product: the query's MatMul; bias: the sum behind it, if there is one; query,
    key, value, positions, output: the Reshapes to and from heads; content, position: the Transposes of (q + u) and
    (q + v) to heads; shifted: the four nodes from the position scores to their shifted form; u, v: constants.
    """

    divided: onnx.NodeProto
    product: onnx.NodeProto
    bias: onnx.NodeProto | None
    query: onnx.NodeProto
    key: onnx.NodeProto
    value: onnx.NodeProto
    positions: onnx.NodeProto
    output: onnx.NodeProto
    content: onnx.NodeProto
    position: onnx.NodeProto
    shifted: tuple[onnx.NodeProto, ...]
    u: str
    v: str


class _NoMatchError(Exception):
    """The graph has another form."""


def _up(graph: Graph, name: str, *operators: str) -> list[onnx.NodeProto]:
    """The chain of producers along first inputs, nearest first. Raises _NoMatchError."""
    nodes: list[onnx.NodeProto] = []
    for operator in operators:
        node = graph.producer.get(name)
        if node is None or node.op_type != operator:
            raise _NoMatchError
        nodes.append(node)
        name = node.input[0]
    return nodes


def _only(graph: Graph, name: str, operator: str) -> onnx.NodeProto:
    """The one reader of a tensor that is of this kind, beside those that ask for its shape. Raises _NoMatchError."""
    readers = [node for node in graph.consumers(name) if node.op_type != "Shape"]
    if [node.op_type for node in readers] != [operator]:
        raise _NoMatchError
    return readers[0]


def _match(graph: Graph, softmax: onnx.NodeProto) -> _Attention | None:
    try:
        return _attention(graph, softmax)
    except _NoMatchError:
        return None


def _attention(graph: Graph, softmax: onnx.NodeProto) -> _Attention:
    _, divided, total = _up(graph, softmax.input[0], "Add", "Div", "Add")
    content_scores, cut = (graph.producer.get(name) for name in total.input)
    if content_scores is None or cut is None or cut.op_type != "Slice" or graph.scalar(divided.input[1]) is None:
        raise _NoMatchError
    shifted = tuple(_up(graph, cut.output[0], "Slice", "Reshape", "Slice", "Reshape"))
    (position_scores,) = _up(graph, shifted[-1].input[0], "MatMul")
    to_content, content, query = _up(graph, content_scores.input[0], "Transpose", "Add", "Reshape")
    to_position, position, same = _up(graph, position_scores.input[0], "Transpose", "Add", "Reshape")
    _, key = _up(graph, content_scores.input[1], "Transpose", "Reshape")
    _, positions = _up(graph, position_scores.input[1], "Transpose", "Reshape")
    mixed = _only(graph, softmax.output[0], "MatMul")
    _, value = _up(graph, mixed.input[1], "Transpose", "Reshape")
    output = _only(graph, _only(graph, mixed.output[0], "Transpose").output[0], "Reshape")
    product, bias = _linear(graph, query.input[0])
    u, v = content.input[1], position.input[1]
    if same is not query or content_scores.op_type != "MatMul" or graph.shape(u) != graph.shape(v):
        raise _NoMatchError
    if len(graph.shape(u) or ()) != 2:
        raise _NoMatchError
    by_head = (to_content, to_position)
    return _Attention(divided, product, bias, query, key, value, positions, output, *by_head, shifted, u, v)


def _linear(graph: Graph, name: str) -> tuple[onnx.NodeProto, onnx.NodeProto | None]:
    """The MatMul with a constant weight, and the sum with a constant bias behind it."""
    node = graph.producer.get(name)
    bias = node if node is not None and node.op_type == "Add" else None
    if bias is not None:
        node = graph.producer.get(next((part for part in bias.input if not is_constant(graph, part)), ""))
    if node is None or node.op_type != "MatMul" or not is_constant(graph, node.input[1]):
        raise _NoMatchError
    return node, bias


def _rewrite(graph: Graph, found: _Attention, shapes: dict[str, str]) -> None:
    scope = found.divided.name
    nodes: list[onnx.NodeProto] = []

    def add(operator: str, *inputs: str, **options: Any) -> str:
        nodes.append(graph.make(operator, inputs, scope, **options))
        return str(nodes[-1].output[0])

    n_heads, head_size = graph.shape(found.u) or (0, 0)
    scale = 1 / (graph.scalar(found.divided.input[1]) or 1.0)
    factor = graph.constant(f"attention.scale.{head_size}", np.array(scale, np.float32))
    flat = graph.constant("attention.flat", np.array([-1], np.int64))
    bias = add("Reshape", found.u, flat)
    if found.bias is not None:
        bias = add("Add", next(name for name in found.bias.input if name != found.product.output[0]), bias)
    weight = add("Mul", found.product.input[1], factor)
    query = add("Add", add("MatMul", found.product.input[0], weight), add("Mul", bias, factor))
    heads = graph.constant(f"attention.heads.{n_heads}.{head_size}", np.array([0, 0, n_heads, head_size], np.int64))
    by_head = add("Transpose", add("Reshape", query, heads), perm=BY_HEAD)
    between = add("Mul", add("Sub", found.v, found.u), factor)
    axis = graph.constant("attention.axis1", np.array([1], np.int64))
    moved = add("Add", by_head, add("Unsqueeze", between, axis))
    if not shapes:
        shapes |= _shapes(graph, query, add)
    graph.insert(nodes, before=found.product)
    graph.redirect(found.content.output[0], by_head)
    graph.redirect(found.position.output[0], moved)
    graph.redirect(found.divided.output[0], found.divided.input[0])
    for node in (found.key, found.value, found.positions):
        node.input[1] = heads
    width = n_heads * head_size
    found.output.input[1] = graph.constant(f"attention.joined.{width}", np.array([0, 0, width], np.int64))
    cut, tall, _, wide = found.shifted
    cut.input[2], tall.input[1], wide.input[1] = shapes["frames"], shapes["tall"], shapes["wide"]
    for node in found.shifted:
        node.name = f"{scope}/{SHIFT}/{node.op_type}.{node.name.rpartition('/')[2]}"


def _shapes(graph: Graph, query: str, add: Any) -> dict[str, str]:
    """Shapes of `shift_without_padding`, from a query [batch, T, width]: [.., -1, T], [.., T, -1], and T."""
    frames = add("Shape", query, start=1, end=2)
    same = graph.constant("shift.same", np.array([0, 0], np.int64))
    rest = graph.constant("shift.rest", np.array([-1], np.int64))
    return {
        "frames": frames,
        "wide": add("Concat", same, rest, frames, axis=0),
        "tall": add("Concat", same, frames, rest, axis=0),
    }
