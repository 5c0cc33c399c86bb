"""Part of a graph, run block by block over the frames of a clip instead of at once.

The first subsampling convolution of 10 s of audio gives 20 MB, and the patches of the second are 12 MB more: written to
memory and read again, they cost more than the arithmetic of the first convolution. In blocks they stay in the caches,
and memory does not grow with the clip. Every block has the frames around it that its convolutions look at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray

from hindi_stt.export.graph import Graph

__all__ = ["Blocks", "run_in_blocks"]

FLOAT: Final = onnx.TensorProto.FLOAT


@dataclass(frozen=True, slots=True)
class Blocks:
    """How an image, [batch, channels, T, F], is cut along T.

    frames: Output frames of a block.
    stride: Input frames for each output frame.
    margin: Input frames before the first one of a block that it looks at, and behind its last output frame's first.
    """

    frames: int
    stride: int
    margin: int

    @property
    def step(self) -> int:
        """Input frames from one block to the next."""
        return self.frames * self.stride

    @property
    def size(self) -> int:
        """Input frames of a block: up to the margin of its last output frame."""
        return (self.frames - 1) * self.stride + 1 + 2 * self.margin


def run_in_blocks(
    graph: Graph, nodes: Sequence[onnx.NodeProto], image: str, output: str, blocks: Blocks
) -> tuple[list[onnx.NodeProto], str]:
    """Wrap nodes into a Scan over blocks of their input.

    Args:
        graph: Where the nodes belong, for their constants; they are not in it yet.
        nodes: Of the body, in order. Beside the image they read constants only.
        image: Their input, float32 [batch, channels, T, F]. Frames beyond its ends are zeros.
        output: Their output for a block, float32 [batch, frames, width].
        blocks: Its cuts.

    Returns:
        The nodes that take the place of those, and the name of their output, [batch, ceil(T / stride), width].
    """
    made: list[onnx.NodeProto] = []

    def add(operator: str, *inputs: str, **attributes: Any) -> str:
        made.append(graph.make(operator, inputs, "/blocks", **attributes))
        return str(made[-1].output[0])

    def integers(*values: int) -> str:
        return graph.constant(f"integers.{'.'.join(map(str, values))}", np.array(values, np.int64))

    def scalar(value: int) -> str:
        return graph.constant(f"integer.{value}", np.array(value, np.int64))

    first = integers(1)
    frames = add("Shape", image, start=2, end=3)
    count = add("Div", add("Add", frames, integers(blocks.step - 1)), integers(blocks.step))
    # As many zeros behind the image as the last block needs.
    needed = add("Mul", add("Sub", count, first), integers(blocks.step))
    missing = add("Sub", add("Add", needed, integers(blocks.size - blocks.margin)), frames)
    amounts = add(
        "Concat", integers(0, 0, blocks.margin, 0, 0, 0), add("Max", missing, integers(0)), integers(0), axis=0
    )
    padded = add("Pad", image, amounts)
    number = add("Squeeze", count, integers(0))
    starts = add("Mul", add("Range", scalar(0), number, scalar(1)), scalar(blocks.step))
    within = graph.constant(f"blocks.within.{blocks.size}", np.arange(blocks.size, dtype=np.int64))
    windows = add("Gather", padded, add("Add", add("Unsqueeze", starts, first), within), axis=2)
    cut = add("Transpose", windows, perm=(2, 0, 1, 3, 4))
    made.append(
        onnx.helper.make_node(
            "Scan",
            [cut],
            ["/blocks/joined"],
            "/blocks/Scan",
            body=_body(graph, nodes, image, output),
            num_scan_inputs=1,
        )
    )
    by_batch = add("Transpose", "/blocks/joined", perm=(1, 0, 2, 3))
    shape = add("Shape", by_batch, start=3, end=4)
    joined = add("Reshape", by_batch, add("Concat", integers(0, -1), shape, axis=0))
    length = add("Div", add("Add", frames, integers(blocks.stride - 1)), integers(blocks.stride))
    return made, add("Slice", joined, integers(0), length, first)


def _body(graph: Graph, nodes: Sequence[onnx.NodeProto], image: str, output: str) -> onnx.GraphProto:
    """The nodes as a subgraph with constants of its own; the copies read the block instead of the image."""
    copies: list[onnx.NodeProto] = []
    constants: dict[str, NDArray[Any]] = {}
    for node in nodes:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        for i, name in enumerate(copy.input):
            copy.input[i] = "/blocks/block" if name == image else name
            if (value := graph.array(name)) is not None:
                copy.input[i] = f"/blocks/{name}"
                constants[copy.input[i]] = value
        copies.append(copy)
    return onnx.helper.make_graph(
        copies,
        "/blocks/body",
        [onnx.helper.make_tensor_value_info("/blocks/block", FLOAT, None)],
        [onnx.helper.make_tensor_value_info(output, FLOAT, None)],
        [onnx.numpy_helper.from_array(np.asarray(value, order="C"), name) for name, value in constants.items()],
    )
