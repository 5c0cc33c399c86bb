"""The subsampling convolutions as matrix products over patches, for the int8 model.

ONNX Runtime's own integer convolution is slower than its float one, its integer matrix product is not. So a 3x3
convolution of stride 2 becomes nine shifted views side by side, then one product, channels last ([batch, T, F, c]).
The first convolution reads one channel and its mask, and stays in float; a convolution gathers its patches. The others
quantise their input before the views are taken: its scale is the clip's largest value, and what is below zero becomes
zero, which is the ReLU between.
"""

from __future__ import annotations

import itertools
from typing import Any, Final

import numpy as np
import onnx

from hindi_stt.export.graph import Graph
from hindi_stt.types import Float32

__all__ = ["WEIGHT_RANGE", "convolutions_to_products"]

# Weights are integers in [-64, 64]: see `hindi_stt.export.int8`.
WEIGHT_RANGE: Final = 64
ACTIVATION_RANGE: Final = 255.0
# Instead of the scale of a clip whose activations are all zero.
LEAST_SCALE: Final = 1e-12

CHANNELS_LAST: Final = (0, 2, 3, 1)


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
    x, bordered = builder.float_product(convolutions[0], border=len(convolutions) > 1)
    for conv in convolutions[1:]:
        x, bordered = builder.integer_product(x, conv, bordered=bordered), False
    x = builder.add("Relu", x)
    graph.insert(builder.nodes, before=transpose)
    graph.redirect(transpose.output[0], x)
    _reorder_linear(graph, x)
    return graph.model()


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

    def float_product(self, conv: onnx.NodeProto, *, border: bool) -> tuple[str, bool]:
        """Of few input channels, with the taps left out that are zero for every filter. Before the ReLU.

        The patches come from a convolution, too, each of whose filters is a single one: 0.11 ms for 10 s, where as many
        strided slices take 0.79 ms. Where the second channel tells padding (`mask_in_first_convolution`), the output
        gets a border of one that counts as padding, so that the next convolution need not add it.

        Args:
            conv: The convolution.
            border: Whether a border is wanted.

        Returns:
            The product, [batch, T, F, channels], and whether it has the border.
        """
        weight = _weight(self.graph, conv.input[1])
        matrix = weight.transpose(2, 3, 1, 0).reshape(-1, weight.shape[0])
        used = np.flatnonzero(np.abs(matrix).max(axis=1))
        taps = np.zeros((len(used) + 1, 9 * weight.shape[1]), np.float32)
        taps[range(len(used)), used] = 1
        ones = np.zeros(len(taps), np.float32)
        ones[-1] = 1  # the bias's input: cheaper than adding it after
        image, bordered = self.padding_as_zero(conv.input[0]) if border else (conv.input[0], False)
        if bordered:  # padding is where the channel is zero, also beyond the image
            turned = np.flatnonzero(used % 2 == 1)
            taps[turned], ones[turned] = -taps[turned], 1
        filters = taps.reshape(len(taps), 3, 3, -1).transpose(0, 3, 1, 2)
        columns = self.add(
            "Conv",
            image,
            self.graph.constant(f"{self.scope}/taps", filters),
            self.graph.constant(f"{self.scope}/ones", ones),
            kernel_shape=[3, 3],
            strides=[2, 2],
            pads=[3 if bordered else 1] * 4,
        )
        patches = self.add("Transpose", columns, perm=CHANNELS_LAST)
        bias = self.graph.value(conv.input[2])
        first = self.graph.constant(f"{self.scope}/first", np.vstack([matrix[used], bias]))
        return self.add("MatMul", patches, first), bordered

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

    def integer_product(self, x: str, conv: onnx.NodeProto, *, bordered: bool) -> str:
        """ReLU and convolution of float x, in integers. Before the next ReLU. bordered: see `views`."""
        weight = _weight(self.graph, conv.input[1])
        matrix = weight.transpose(2, 3, 1, 0).reshape(-1, weight.shape[0])
        scale = np.maximum(np.abs(matrix).max(axis=0), np.finfo(np.float32).tiny) / WEIGHT_RANGE
        weights = self.graph.constant(f"{conv.name}/quantized", np.rint(matrix / scale).astype(np.int8))
        zero = self.graph.constant("convolution.zero", np.array(0, np.uint8))
        least = self.graph.constant("convolution.least", np.array(LEAST_SCALE, np.float32))
        steps = self.graph.constant("convolution.range", np.array(ACTIVATION_RANGE, np.float32))
        largest = self.add("ReduceMax", x, keepdims=0)
        step = self.add("Max", self.add("Div", largest, steps), least)
        patches = self.add(
            "Concat", *self.views(self.add("QuantizeLinear", x, step, zero), zero, bordered=bordered), axis=-1
        )
        weight_zero = self.graph.constant(f"{conv.name}/zero", np.zeros(len(scale), np.int8))
        sums = self.add("MatMulInteger", patches, weights, zero, weight_zero)
        scales = self.add("Mul", step, self.graph.constant(f"{conv.name}/scale", scale.astype(np.float32)))
        product = self.add("Mul", self.add("Cast", sums, to=onnx.TensorProto.FLOAT), scales)
        return self.add("Add", product, conv.input[2])


def _reorder_linear(graph: Graph, x: str) -> None:
    """The linear behind the subsampling read [channels, F] of a frame; it now gets [F, channels]."""
    (reshape,) = [node for node in graph.consumers(x) if node.op_type == "Reshape"]
    reshape.input[1] = graph.constant("convolution.frames", np.array([0, 0, -1], np.int64))
    (linear,) = graph.consumers(reshape.output[0])
    weight, channels = graph.value(linear.input[1]), _channels(graph, x)
    turned = weight.reshape(channels, -1, weight.shape[1]).transpose(1, 0, 2).reshape(weight.shape)
    linear.input[1] = graph.constant(f"{linear.input[1]}/channels_last", turned)


def _channels(graph: Graph, x: str) -> int:
    """Output channels of the last convolution: columns of its matrix, or the length of its bias."""
    return int(graph.value(graph.producer[graph.producer[x].input[0]].input[1]).shape[-1])
