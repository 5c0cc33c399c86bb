"""Export: `python -m training.punctuation.export WORK FILE` writes the trained network as an ONNX file.

Embedding tables and weights of convolutions are int8 with a scale for each row or output channel; they are multiplied
out inside the graph, so that every sum is of float32. One passage at a time, without padding.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from hindi_stt.text.punctuation_features import N_PAUSE_FEATURES, TABLE_SIZES

from .network import DILATIONS, WIDTH, Network
from .text import MARKS, PROSE, SOURCES

OPSET = 17
LICENCE = "Apache-2.0"


class Graph:
    """Nodes and weights of an ONNX graph, added in order."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._names = 0

    def constant(self, values: NDArray) -> str:
        """Adds a weight as it is."""
        self._names += 1
        name = f"w{self._names}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def add(self, kind: str, *inputs: str, output: str = "", **attributes: object) -> str:
        """Adds a node with one output; its name."""
        self._names += 1
        output = output or f"x{self._names}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def quantised(self, weights: torch.Tensor) -> tuple[str, str]:
        """Adds weights as int8 with a scale for each of the first axis; names of both."""
        values = weights.detach().numpy()
        scale = np.abs(values).reshape(len(values), -1).max(axis=1) / 127
        scale = np.maximum(scale, 1e-9).astype(np.float32)
        shape = (-1, *[1] * (values.ndim - 1))
        codes = np.clip(np.rint(values / scale.reshape(shape)), -127, 127).astype(np.int8)
        return self.constant(codes), self.constant(scale)

    def dequantised(self, weights: torch.Tensor) -> str:
        """Adds weights as int8, and the node that makes them float32."""
        codes, scale = self.quantised(weights)
        return self.add("DequantizeLinear", codes, scale, axis=0)


def _floats(tensor: torch.Tensor) -> NDArray[np.float32]:
    return tensor.detach().numpy().astype(np.float32)


def _norm(graph: Graph, x: str, norm: torch.nn.LayerNorm) -> str:
    weight, bias = graph.constant(_floats(norm.weight)), graph.constant(_floats(norm.bias))
    return graph.add("LayerNormalization", x, weight, bias, axis=-1, epsilon=norm.eps)


def _embedded(graph: Graph, network: Network) -> str:
    """The sum of the rows, float32 [words, width]."""
    total = ""
    for number, table in enumerate(network.tables):
        column = graph.add("Gather", "rows", graph.constant(np.array(number, np.int64)), axis=1)
        codes, scale = graph.quantised(table.weight)
        row = graph.add("Cast", graph.add("Gather", codes, column, axis=0), to=TensorProto.FLOAT)
        last_axis = graph.constant(np.array([-1], np.int64))
        factor = graph.add("Unsqueeze", graph.add("Gather", scale, column, axis=0), last_axis)
        part = graph.add("Mul", row, factor)
        total = graph.add("Add", total, part) if total else part
    return total


def build(network: Network) -> onnx.ModelProto:
    """Makes the model.

    Args:
        network: The trained network.

    Returns:
        The checked model: rows int64 [words, tables], pauses float32 [words, features] → scores float32 [words, marks].
    """
    graph = Graph()
    weight, bias = graph.constant(_floats(network.pause.weight)), graph.constant(_floats(network.pause.bias))
    x = graph.add("Add", _embedded(graph, network), graph.add("Gemm", "pauses", weight, bias, transB=1))
    batch_axis = graph.constant(np.array([0], np.int64))
    for norm, gate, out, dilation in zip(network.norms, network.gates, network.outs, DILATIONS, strict=True):
        y = graph.add("Unsqueeze", graph.add("Transpose", _norm(graph, x, norm), perm=[1, 0]), batch_axis)
        bias = graph.constant(_floats(gate.bias))
        padding, dilations = [dilation, dilation], [dilation]
        y = graph.add("Conv", y, graph.dequantised(gate.weight), bias, pads=padding, dilations=dilations)
        halves = graph.constant(np.array([WIDTH, WIDTH], np.int64))
        graph.nodes.append(helper.make_node("Split", [y, halves], [f"{y}a", f"{y}b"], axis=1))
        y = graph.add("Mul", f"{y}a", graph.add("Sigmoid", f"{y}b"))
        y = graph.add("Transpose", graph.add("Squeeze", y, batch_axis), perm=[1, 0])
        y = graph.add("Gemm", y, graph.dequantised(out.weight), graph.constant(_floats(out.bias)), transB=1)
        x = graph.add("Add", x, y)
    head, bias = graph.constant(_floats(network.head.weight)), graph.constant(_floats(network.head.bias))
    graph.add("Gemm", _norm(graph, x, network.final), head, bias, output="scores", transB=1)
    inputs = [
        helper.make_tensor_value_info("rows", TensorProto.INT64, ["words", len(TABLE_SIZES)]),
        helper.make_tensor_value_info("pauses", TensorProto.FLOAT, ["words", N_PAUSE_FEATURES]),
    ]
    outputs = [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["words", len(MARKS)])]
    body = helper.make_graph(graph.nodes, "punctuation", inputs, outputs, graph.weights)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    helper.set_model_props(
        model,
        {
            "marks": json.dumps(MARKS, ensure_ascii=False),
            "licence": LICENCE,
            "language": "hi",
            "text": json.dumps([source.name for source in SOURCES] + list(PROSE)),
        },
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, help="the folder of the training, with network.pt")
    parser.add_argument("file", type=Path, help="the ONNX file to write")
    arguments = parser.parse_args()
    network = Network()
    network.load_state_dict(torch.load(arguments.work / "network.pt", weights_only=True))
    onnx.save(build(network.eval()), arguments.file)
    print(f"{arguments.file}: {arguments.file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
