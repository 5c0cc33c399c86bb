"""The subsampling convolutions as matrix products over patches, for the int8 model.

ONNX Runtime's own integer convolution is slower than its float one, its integer matrix product is not. So a 3x3
convolution of stride 2 becomes nine shifted views side by side, then one product, channels last ([batch, T, F, c]).
The first convolution reads one channel and its mask, and stays in float; a convolution gathers its patches. The others
quantise their input before the views are taken: its scale is the largest value, and what is below zero becomes zero,
which is the ReLU between. Two convolutions, NeMo's usual subsampling by four, run block by block (`export.blocks`) with
the linear layer behind them, and each block has scales of its own.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnx

from hindi_stt.export.blocks import Blocks, run_in_blocks
from hindi_stt.export.graph import Graph
from hindi_stt.types import Float32

__all__ = ["WEIGHT_RANGE", "convolutions_to_products"]

# Weights are integers in [-64, 64]: see `hindi_stt.export.int8`.
WEIGHT_RANGE: Final = 64
ACTIVATION_RANGE: Final = 255.0
# Instead of the scale of a clip whose activations are all zero.
LEAST_SCALE: Final = 1e-12

CHANNELS_LAST: Final = (0, 2, 3, 1)

# Two convolutions of stride 2 look at three frames before and three behind. Of 16, 32 and 64 frames to a block 16 and
# 32 are equally fast for 10 s of audio, and the last block is on average half empty.
BLOCKED_CONVOLUTIONS: Final = 2
BLOCKS: Final = Blocks(frames=16, stride=4, margin=3)


def convolutions_to_products(model: onnx.ModelProto) -> onnx.ModelProto:
    """Rewrite NeMo's "striding" subsampling as matrix products, up to its linear layer.

    Handles dense Conv2d layers of kernel 3, stride 2, padding 1, each followed by a ReLU.

    Args:
        model: The exported model.

    Returns:
        The rewritten model; the same model where the subsampling is of another kind.
    """
    graph = Graph(model)
    chain = _chain(graph)
    if chain is None:
        return model
    convolutions, transpose = chain
    builder = _Builder(graph, convolutions[0].name)
    image, told = builder.padding_as_zero(convolutions[0].input[0])
    linear = _linear(graph, transpose)
    if told and linear is not None and len(convolutions) == BLOCKED_CONVOLUTIONS:
        _in_blocks(graph, builder, image, convolutions, linear)
        return graph.model()
    x = builder.float_product(convolutions[0], convolutions[0].input[0], border=False)
    for conv in convolutions[1:]:
        x = builder.integer_convolution(x, conv, bordered=False)
    x = builder.add("Relu", x)
    graph.insert(builder.nodes, before=transpose)
    graph.redirect(transpose.output[0], x)
    _reorder_linear(graph, x)
    return graph.model()


@dataclass(frozen=True, slots=True)
class _Linear:
    """The linear layer behind the subsampling: the tensor it gives, and its constants."""

    output: str
    weight: Float32
    bias: str


def _linear(graph: Graph, transpose: onnx.NodeProto) -> _Linear | None:
    """Reshape, MatMul and Add behind the transpose to [batch, T, channels, F]."""
    node, weight = transpose, ""
    for operator in ("Reshape", "MatMul", "Add"):
        readers = graph.consumers(node.output[0])
        if [reader.op_type for reader in readers] != [operator]:
            return None
        previous, node = node.output[0], readers[0]
        if operator == "MatMul":
            weight = node.input[1]
    bias = next(name for name in node.input if name != previous)
    constant = graph.array(weight)
    return None if constant is None or graph.array(bias) is None else _Linear(node.output[0], constant, bias)


def _in_blocks(
    graph: Graph, builder: _Builder, image: str, convolutions: list[onnx.NodeProto], linear: _Linear
) -> None:
    """Two convolutions and the linear layer, a block of frames at a time, each with scales of its own."""
    outside, builder.nodes = builder.nodes, []
    x = builder.float_product(convolutions[0], image, border=True)
    x = builder.integer_convolution(x, convolutions[1], bordered=True)
    flat = builder.add("Reshape", x, builder.integers(0, 0, -1))
    channels = _weight(graph, convolutions[1].input[1]).shape[0]
    matrix = _channels_last(linear.weight, channels)
    x = builder.integer_product(*builder.quantized(flat), matrix, linear.bias, f"{builder.scope}/linear")
    nodes, x = run_in_blocks(graph, builder.nodes, image, x, BLOCKS)
    graph.insert([*outside, *nodes], before=convolutions[0])
    graph.redirect(linear.output, x)


def _chain(graph: Graph) -> tuple[list[onnx.NodeProto], onnx.NodeProto] | None:
    """The convolutions in order, and the transpose to [batch, T, channels, F] behind the last ReLU."""
    convolutions = [node for node in graph.nodes if node.op_type == "Conv" and _is_strided(graph, node)]
    for conv, following in itertools.zip_longest(convolutions, convolutions[1:]):
        relu = _only_reader(graph, conv.output[0], "Relu")
        after = _only_reader(graph, relu.output[0], "Transpose" if following is None else "Conv") if relu else None
        if after is None or (following is not None and after is not following):
            return None
        if following is None:
            return convolutions, after
    return None


def _only_reader(graph: Graph, name: str, op: str) -> onnx.NodeProto | None:
    """The node of this kind, where no other reads the tensor; asking for its shape does not count."""
    readers = [node for node in graph.consumers(name) if node.op_type != "Shape"]
    return readers[0] if [node.op_type for node in readers] == [op] else None


def _is_strided(graph: Graph, node: onnx.NodeProto) -> bool:
    a = graph.attributes(node)
    geometry = a["kernel_shape"] == [3, 3] and a.get("strides") == [2, 2] and a.get("pads") == [1, 1, 1, 1]
    return geometry and a.get("group", 1) == 1 and len(node.input) == 3


def _weight(graph: Graph, name: str) -> Float32:
    """[out, in, 3, 3]: a constant, or constants joined along the input channels."""
    maker = graph.producer.get(name)
    parts = [name] if maker is None or maker.op_type != "Concat" else maker.input
    return np.concatenate([graph.value(part) for part in parts], axis=1)


class _Builder:
    """Collects the nodes that replace the convolutions. graph: for its constants; scope: prefix of their names."""

    def __init__(self, graph: Graph, scope: str) -> None:
        self.graph, self.scope, self.nodes = graph, scope, list[onnx.NodeProto]()

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        self.nodes.append(self.graph.make(op, inputs, self.scope, **attributes))
        return str(self.nodes[-1].output[0])

    def integers(self, *values: int) -> str:
        return self.graph.constant(f"integers.{'.'.join(map(str, values))}", np.array(values, np.int64))

    def views(self, x: str, zero: str, *, bordered: bool) -> list[str]:
        """[batch, T, F, channels] seen from each of the nine taps; bordered: there is a border of one already."""
        padded = x if bordered else self.add("Pad", x, self.integers(0, 1, 1, 0, 0, 1, 1, 0), zero)
        every = 2**31
        axes, steps = self.integers(1, 2), self.integers(2, 2)
        # Three taps of stride 2 over T + 2 frames: the views end so that all are as long as the last.
        return [
            self.add("Slice", padded, self.integers(t, f), self.integers(t - 2 or every, f - 2 or every), axes, steps)
            for t, f in itertools.product(range(3), repeat=2)
        ]

    def float_product(self, conv: onnx.NodeProto, image: str, *, border: bool) -> str:
        """Of few input channels, with the taps left out that are zero for every filter. Before the ReLU.

        The patches come from a convolution, too, each of whose filters is a single one: 0.11 ms for 10 s, where as many
        strided slices take 0.79 ms.

        Args:
            conv: The convolution.
            image: Its input; with a border the one that `padding_as_zero` gives.
            border: Whether the output gets a border of one in F, and the frames around a block; all of it counts as
                padding, and so becomes zero in the ReLU, where the image has no valid frame.

        Returns:
            The product, [batch, T, F, channels].
        """
        weight = _weight(self.graph, conv.input[1])
        matrix = _as_matrix(weight)
        used = np.flatnonzero(np.abs(matrix).max(axis=1))
        taps = np.zeros((len(used) + 1, 9 * weight.shape[1]), np.float32)
        taps[range(len(used)), used] = 1
        ones = np.zeros(len(taps), np.float32)
        ones[-1] = 1  # the bias's input: cheaper than adding it after
        if border:  # padding is where the second channel is zero, also beyond the image
            turned = np.flatnonzero(used % 2 == 1)
            taps[turned], ones[turned] = -taps[turned], 1
        columns = self.add(
            "Conv",
            image,
            self.graph.constant(f"{self.scope}/taps", taps.reshape(len(taps), 3, 3, -1).transpose(0, 3, 1, 2)),
            self.graph.constant(f"{self.scope}/ones", ones),
            kernel_shape=[3, 3],
            strides=[2, 2],
            pads=[0, 3, 0, 3] if border else [1, 1, 1, 1],
        )
        patches = self.add("Transpose", columns, perm=CHANNELS_LAST)
        bias = self.graph.value(conv.input[2])
        first = self.graph.constant(f"{self.scope}/first", np.vstack([matrix[used], bias]))
        return self.add("MatMul", patches, first)

    def padding_as_zero(self, image: str) -> tuple[str, bool]:
        """Features and a plane that is 1 in padding: the same with 0 there and 1 elsewhere. Others stay as they are."""
        joined = self.graph.producer.get(image)
        if joined is None or joined.op_type != "Concat" or len(joined.input) != 2:
            return image, False
        plane = self.graph.producer.get(joined.input[1])
        inverted = self.graph.producer.get(plane.input[0]) if plane is not None and plane.op_type == "Expand" else None
        if plane is None or inverted is None or inverted.op_type != "Sub" or self.graph.scalar(inverted.input[0]) != 1:
            return image, False
        valid = self.add("Expand", inverted.input[1], plane.input[1])
        return self.add("Concat", joined.input[0], valid, axis=1), True

    def integer_convolution(self, x: str, conv: onnx.NodeProto, *, bordered: bool) -> str:
        """ReLU and convolution of float x, in integers. Before the next ReLU. bordered: see `views`."""
        integers, step = self.quantized(x)
        zero = self.graph.constant("convolution.zero", np.array(0, np.uint8))
        patches = self.add("Concat", *self.views(integers, zero, bordered=bordered), axis=-1)
        matrix = _as_matrix(_weight(self.graph, conv.input[1]))
        return self.integer_product(patches, step, matrix, conv.input[2], conv.name)

    def quantized(self, x: str) -> tuple[str, str]:
        """The ReLU of float x as integers, and their scale."""
        zero = self.graph.constant("convolution.zero", np.array(0, np.uint8))
        least = self.graph.constant("convolution.least", np.array(LEAST_SCALE, np.float32))
        steps = self.graph.constant("convolution.range", np.array(ACTIVATION_RANGE, np.float32))
        step = self.add("Max", self.add("Div", self.add("ReduceMax", x, keepdims=0), steps), least)
        return self.add("QuantizeLinear", x, step, zero), step

    def integer_product(self, integers: str, step: str, matrix: Float32, bias: str, name: str) -> str:
        """Integers of a scale times a matrix, [in, out], whose columns get scales, and a bias."""
        scale = np.maximum(np.abs(matrix).max(axis=0), np.finfo(np.float32).tiny) / WEIGHT_RANGE
        weights = self.graph.constant(f"{name}/quantized", np.rint(matrix / scale).astype(np.int8))
        zero = self.graph.constant("convolution.zero", np.array(0, np.uint8))
        weight_zero = self.graph.constant(f"{name}/zero", np.zeros(len(scale), np.int8))
        sums = self.add("MatMulInteger", integers, weights, zero, weight_zero)
        scales = self.add("Mul", step, self.graph.constant(f"{name}/scale", scale.astype(np.float32)))
        product = self.add("Mul", self.add("Cast", sums, to=onnx.TensorProto.FLOAT), scales)
        return self.add("Add", product, bias)


def _as_matrix(weight: Float32) -> Float32:
    """[out, in, 3, 3] to [9 in, out]: rows by tap, then by input channel."""
    matrix: Float32 = weight.transpose(2, 3, 1, 0).reshape(-1, weight.shape[0])
    return matrix


def _channels_last(weight: Float32, channels: int) -> Float32:
    """The weight of a linear layer that read [channels, F] of a frame, for [F, channels]."""
    turned: Float32 = weight.reshape(channels, -1, weight.shape[1]).transpose(1, 0, 2).reshape(weight.shape)
    return turned


def _reorder_linear(graph: Graph, x: str) -> None:
    """The linear behind the subsampling read [channels, F] of a frame; it now gets [F, channels]."""
    (reshape,) = [node for node in graph.consumers(x) if node.op_type == "Reshape"]
    reshape.input[1] = graph.constant("convolution.frames", np.array([0, 0, -1], np.int64))
    (linear,) = graph.consumers(reshape.output[0])
    turned = _channels_last(graph.value(linear.input[1]), _channels(graph, x))
    linear.input[1] = graph.constant(f"{linear.input[1]}/channels_last", turned)


def _channels(graph: Graph, x: str) -> int:
    """Output channels of the last convolution: columns of its matrix, or the length of its bias."""
    return int(graph.value(graph.producer[graph.producer[x].input[0]].input[1]).shape[-1])
