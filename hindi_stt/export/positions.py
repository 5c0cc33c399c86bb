"""Relative positions of the int8 model: quantised once, at export, for every clip of ordinary length.

Which vector stands for a distance between two frames depends on the weights alone, p = W · [sin, cos] of the distance.
So the int8 model holds them, as integers, for distances of up to `TABLE_FRAMES` frames, and the product of queries and
positions is one of integers, too. For longer clips the vectors are computed, with the same scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray

from hindi_stt.export.convolution import WEIGHT_RANGE
from hindi_stt.export.graph import Graph
from hindi_stt.export.passes.attention import SHIFT
from hindi_stt.export.passes.positions import frequencies
from hindi_stt.types import Float32

__all__ = ["TABLE_FRAMES", "quantize_positions"]

# Longest clip for which the positions are stored, in frames of the encoder: 20 s at 40 ms.
TABLE_FRAMES: Final = 512

INT8: Final = onnx.TensorProto.INT8


@dataclass(frozen=True, slots=True)
class _Layer:
    """scores: queries times positions; weight: of the positions' linear layer, float32 [width, width]."""

    scores: onnx.NodeProto
    weight: Float32
    n_heads: int
    head_size: int

    def by_head(self, projected: Float32) -> Float32:
        """[positions, width] to [1, heads, head size, positions]."""
        return projected.reshape(1, -1, self.n_heads, self.head_size).transpose(0, 2, 3, 1)


def quantize_positions(model: onnx.ModelProto, table_frames: int = TABLE_FRAMES) -> onnx.ModelProto:
    """Quantise the product of queries and positions in every layer that `merge_attention_scales` rewrote.

    Args:
        model: With constants folded.
        table_frames: Length of the longest clip for which the positions are stored, in frames.

    Returns:
        The model with tables of positions, or as it is where it has no such layer.
    """
    graph = Graph(model)
    layers = [layer for node in graph.nodes if (layer := _layer(graph, node)) is not None]
    if not layers:
        return model
    frames = _frames(graph, layers[0])
    quantised = [_Positions(i, layer, table_frames) for i, layer in enumerate(layers)]
    branches = {
        "then_branch": _stored(quantised, frames, table_frames),
        "else_branch": _computed(quantised, frames),
    }
    limit = graph.constant("positions.table_frames", np.array([table_frames], np.int64))
    within = graph.make("LessOrEqual", [frames, limit], "/positions")
    names = [f"/positions/{i}" for i in range(len(layers))]
    choice = onnx.helper.make_node("If", [within.output[0]], names, "/positions/If", **branches)
    graph.insert([within, choice], before=_earliest(graph, [layer.scores for layer in layers]))
    for name, positions in zip(names, quantised, strict=True):
        positions.multiply(graph, name)
    return graph.model()


def _layer(graph: Graph, node: onnx.NodeProto) -> _Layer | None:
    readers = graph.consumers(node.output[0]) if node.op_type == "MatMul" else []
    if len(readers) != 1 or f"/{SHIFT}/" not in readers[0].name:
        return None
    name = node.input[1]
    for operator in ("Transpose", "Reshape", "MatMul"):
        maker = graph.producer.get(name)
        if maker is None or maker.op_type != operator:
            return None
        if operator == "Reshape":
            heads = graph.value(maker.input[1])
        name = maker.input[0]
    weight = graph.value(graph.producer[graph.producer[graph.producer[node.input[1]].input[0]].input[0]].input[1])
    return _Layer(node, weight, int(heads[2]), int(heads[3]))


def _frames(graph: Graph, layer: _Layer) -> str:
    """The number of frames, int64 [1]: where the shift cuts its scores."""
    node = layer.scores
    while node.op_type != "Slice" or graph.array(node.input[2]) is not None:
        (node,) = graph.consumers(node.output[0])
    return str(node.input[2])


def _earliest(graph: Graph, nodes: list[onnx.NodeProto]) -> onnx.NodeProto:
    wanted = {id(node) for node in nodes}
    return next(node for node in graph.nodes if id(node) in wanted)


class _Positions:
    """One layer's positions as integers. table: int8 [1, heads, head size, 2 n], of distances n, n - 1, … 1 - n."""

    def __init__(self, index: int, layer: _Layer, table_frames: int) -> None:
        self.index, self.layer = index, layer
        distances = np.arange(table_frames, -table_frames, -1, dtype=np.float32)
        angles = distances[:, None] * frequencies(len(layer.weight))
        encoded = np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(len(distances), -1)
        projected = layer.by_head(encoded @ layer.weight)
        self.scale = np.float32(max(np.abs(projected).max(), np.finfo(np.float32).tiny) / WEIGHT_RANGE)
        self.table: NDArray[np.int8] = np.rint(projected / self.scale).astype(np.int8)

    def multiply(self, graph: Graph, positions: str) -> None:
        """Replace the product of floats by one of integers."""
        scores = self.layer.scores
        name = f"{scores.name}/positions"
        query, step, zero, sums, floats, scale, product = (f"{name}/{part}" for part in _PARTS)
        make = onnx.helper.make_node
        own = graph.constant(f"{name}/own_scale", np.array(self.scale, np.float32))
        nodes = [
            make("DynamicQuantizeLinear", [scores.input[0]], [query, step, zero], query),
            make("MatMulInteger", [query, positions, zero], [sums], sums),
            make("Cast", [sums], [floats], floats, to=onnx.TensorProto.FLOAT),
            make("Mul", [step, own], [scale], scale),
            make("Mul", [floats, scale], [product], product),
        ]
        graph.insert(nodes, before=scores)
        graph.redirect(scores.output[0], product)
        graph.remove([scores])


_PARTS: Final = ("query", "step", "zero", "sums", "floats", "scale", "product")


class _Branch:
    """A subgraph in the making. output: [1, heads, head size, 2 T] int8 for each layer."""

    def __init__(self, name: str) -> None:
        self.name, self.nodes, self.initializers = name, list[onnx.NodeProto](), dict[str, onnx.TensorProto]()

    def constant(self, name: str, value: NDArray[Any]) -> str:
        name = f"{self.name}/{name}"
        self.initializers[name] = onnx.numpy_helper.from_array(np.asarray(value, order="C"), name)
        return name

    def add(self, operator: str, *inputs: str, n_outputs: int = 1, **attributes: Any) -> list[str]:
        name = f"{self.name}/{operator}.{len(self.nodes)}"
        outputs = [f"{name}:{i}" for i in range(n_outputs)]
        self.nodes.append(onnx.helper.make_node(operator, inputs, outputs, name, **attributes))
        return outputs

    def graph(self, outputs: list[str]) -> onnx.GraphProto:
        infos = [onnx.helper.make_tensor_value_info(name, INT8, None) for name in outputs]
        return onnx.helper.make_graph(self.nodes, self.name, [], infos, list(self.initializers.values()))


def _stored(layers: list[_Positions], frames: str, table_frames: int) -> onnx.GraphProto:
    """The part of each table that a clip of this length needs."""
    branch = _Branch("/positions/stored")
    half = branch.constant("half", np.array([table_frames], np.int64))
    axis = branch.constant("axis", np.array([3], np.int64))
    (start,), (end,) = branch.add("Sub", half, frames), branch.add("Add", half, frames)
    outputs: list[str] = []
    for layer in layers:
        table = branch.constant(f"{layer.index}/table", layer.table)
        outputs += branch.add("Slice", table, start, end, axis)
    return branch.graph(outputs)


def _computed(layers: list[_Positions], frames: str) -> onnx.GraphProto:
    """The same vectors for a clip of any length: integer products of their sines and cosines, quantised again."""
    branch = _Branch("/positions/computed")
    add, constant = branch.add, branch.constant
    width = len(layers[0].layer.weight)
    scalar = constant("scalar", np.array([], np.int64))
    last = constant("last", np.array([-1], np.int64))
    (count,) = add("Reshape", frames, scalar)
    (distance,) = add("Range", count, *add("Neg", count), constant("step", np.array(-1, np.int64)))
    (distance,) = add("Unsqueeze", *add("Cast", distance, to=onnx.TensorProto.FLOAT), last)
    (angle,) = add("Mul", distance, constant("frequencies", frequencies(width)))
    parts = [*add("Unsqueeze", *add("Sin", angle), last), *add("Unsqueeze", *add("Cos", angle), last)]
    (pairs,) = add("Concat", *parts, axis=-1)
    (encoded,) = add("Reshape", pairs, constant("shape", np.array([1, -1, width], np.int64)))
    integers, step, zero = add("DynamicQuantizeLinear", encoded, n_outputs=3)
    lowest, highest = (
        constant(name, np.array(v, np.int8)) for name, v in (("min", -WEIGHT_RANGE), ("max", WEIGHT_RANGE))
    )
    outputs: list[str] = []
    for positions in layers:
        weight, i = positions.layer.weight, positions.index
        scale = np.maximum(np.abs(weight).max(axis=0), np.finfo(np.float32).tiny) / WEIGHT_RANGE
        matrix = constant(f"{i}/weight", np.rint(weight / scale).astype(np.int8))
        (sums,) = add("MatMulInteger", integers, matrix, zero)
        (scales,) = add("Mul", step, constant(f"{i}/scale", scale.astype(np.float32)))
        (projected,) = add("Mul", *add("Cast", sums, to=onnx.TensorProto.FLOAT), scales)
        heads = constant(f"{i}/heads", np.array([0, 0, positions.layer.n_heads, positions.layer.head_size], np.int64))
        (by_head,) = add("Transpose", *add("Reshape", projected, heads), perm=(0, 2, 3, 1))
        own = constant(f"{i}/own_scale", np.array(positions.scale, np.float32))
        (stored,) = add("QuantizeLinear", by_head, own, constant(f"{i}/zero", np.array(0, np.int8)))
        outputs += add("Clip", stored, lowest, highest)
    return branch.graph(outputs)
