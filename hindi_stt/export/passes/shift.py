"""The relative shift of attention scores without padding them: the zero column comes from the positions.

NeMo pads q · pᵀ, [batch, heads, T, 2 T - 1], by a zero column, reads it with rows one longer, and cuts. A zero row in
front of the positions p gives the same column for nothing, since the projection of the positions has no bias.
"""

from __future__ import annotations

import numpy as np
import onnx

from hindi_stt.export.graph import Graph

__all__ = ["shift_without_padding"]


def shift_without_padding(model: onnx.ModelProto) -> onnx.ModelProto:
    """Rewrite Pad → Reshape → Slice → Reshape of the scores, where the positions are one row vector per position."""
    graph = Graph(model)
    for pad in [node for node in graph.nodes if node.op_type == "Pad"]:
        chain = _chain(graph, pad)
        if chain is not None:
            _rewrite(graph, pad, *chain)
    return graph.model()


def _chain(graph: Graph, pad: onnx.NodeProto) -> tuple[onnx.NodeProto, onnx.NodeProto, onnx.NodeProto] | None:
    """The projection of the positions, and the two reshapes around the cut."""
    node = pad
    reshapes: list[onnx.NodeProto] = []
    for op in ("Reshape", "Slice", "Reshape"):
        consumers = graph.consumers(node.output[0])
        if len(consumers) != 1 or consumers[0].op_type != op:
            return None
        node = consumers[0]
        if op == "Reshape":
            reshapes.append(node)
    name = pad.input[0]
    for op, index in (("MatMul", 1), ("Transpose", 0), ("Reshape", 0)):
        maker = graph.producer.get(name)
        if maker is None or maker.op_type != op:
            return None
        name = maker.input[index]
    projection = graph.producer.get(name)
    if projection is None or projection.op_type != "MatMul":
        return None
    return projection, reshapes[0], reshapes[1]


def _rewrite(
    graph: Graph, pad: onnx.NodeProto, projection: onnx.NodeProto, first: onnx.NodeProto, second: onnx.NodeProto
) -> None:
    """Scores [batch, heads, T, 2 T] → [.., 2 T, T] → cut the first row → [.., T, 2 T - 1]."""
    scores = pad.input[0]
    projection.input[0] = _padded_positions(graph, projection)
    time = graph.make("Shape", [scores], pad.name, start=2, end=3)
    same = graph.constant("shift.same", np.array([0, 0], np.int64))
    rest = graph.constant("shift.rest", np.array([-1], np.int64))
    wide = graph.make("Concat", [same, rest, time.output[0]], pad.name, axis=0)
    tall = graph.make("Concat", [same, time.output[0], rest], pad.name, axis=0)
    graph.insert([time, wide, tall], before=pad)
    first.input[0], first.input[1], second.input[1] = scores, wide.output[0], tall.output[0]
    graph.remove([pad])


def _padded_positions(graph: Graph, projection: onnx.NodeProto) -> str:
    """The positions behind a row of zeros, made once for all layers."""
    positions, weight = projection.input[0], graph.value(projection.input[1])
    name = f"{positions}/padded"
    if name not in graph.producer:
        zeros = graph.constant("shift.zero_row", np.zeros((1, 1, weight.shape[0]), np.float32))
        node = onnx.helper.make_node("Concat", [zeros, positions], [name], name, axis=1)
        graph.insert([node], before=projection)
    return name
