"""Replaces the stored table of positional encodings by its formula.

NeMo keeps sin and cos of 2 · 5000 - 1 relative positions (10 MB at d_model 256) and slices the clip's part out of it.
The slice costs nothing to compute, and without the table there is no longest clip.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from hindi_stt.export.graph import Graph
from hindi_stt.types import Float32

__all__ = ["compute_positions"]

BASE = 10000.0
# The angles of far positions round differently in each library: at position 5000 by up to 3e-4 rad.
TOLERANCE = 1e-3


def compute_positions(model: onnx.ModelProto) -> onnx.ModelProto:
    """Replace every `Slice` of a table of relative positions, [1, 2 n - 1, d], by its formula."""
    graph = Graph(model)
    for node in list(graph.nodes):
        if node.op_type == "Slice" and _is_table(graph.array(node.input[0])):
            _replace(graph, node, graph.value(node.input[0]))
    return graph.model()


def frequencies(d_model: int) -> Float32:
    """Return the angle per position, float32 [d_model / 2]; NeMo's PositionalEncoding.create_pe."""
    even = np.arange(0, d_model, 2, dtype=np.float32)
    rates: Float32 = np.exp(even * np.float32(-(np.log(BASE) / d_model)))
    return rates


def _is_table(table: NDArray[Any] | None) -> bool:
    if table is None or table.ndim != 3 or table.shape[0] != 1 or table.shape[1] % 2 == 0 or table.shape[2] % 2:
        return False
    half = table.shape[1] // 2
    angles = np.arange(half, -half - 1, -1, dtype=np.float32)[:, None] * frequencies(table.shape[2])
    expected = np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(table.shape)
    return bool(np.abs(table - expected).max() < TOLERANCE)


def _replace(graph: Graph, node: onnx.NodeProto, table: Float32) -> None:
    """Row k of the table is position half - k; the slice is along axis 1 with step 1."""
    scope, half, d_model = node.name, table.shape[1] // 2, table.shape[2]
    _, start, end, axes, *step = node.input
    if graph.scalar(axes) != 1 or (step and graph.scalar(step[0]) != 1):
        return
    zero = graph.constant("positions.axis0", np.array([0], np.int64))
    last = graph.constant("positions.axis-1", np.array([-1], np.int64))
    one = graph.constant("positions.one", np.array(1, np.int64))
    centre = graph.constant(f"positions.centre.{half}", np.array(half, np.int64))
    rate = graph.constant(f"positions.frequencies.{d_model}", frequencies(d_model))
    shape = graph.constant(f"positions.shape.{d_model}", np.array([1, -1, d_model], np.int64))

    made: list[onnx.NodeProto] = []

    def add(op: str, *inputs: str, **attributes: Any) -> str:
        made.append(graph.make(op, inputs, scope, **attributes))
        return str(made[-1].output[0])

    rows = add("Range", add("Squeeze", start, zero), add("Squeeze", end, zero), one)
    position = add("Cast", add("Sub", centre, rows), to=onnx.TensorProto.FLOAT)
    angle = add("Mul", add("Unsqueeze", position, last), rate)
    pairs = add("Concat", add("Unsqueeze", add("Sin", angle), last), add("Unsqueeze", add("Cos", angle), last), axis=-1)
    encoding = add("Reshape", pairs, shape)
    graph.insert(made, before=node)
    graph.redirect(node.output[0], encoding)
    graph.remove([node])
