"""Factors behind a linear layer become part of its weights.

A Conformer halves what its feed-forward layers give, and NeMo multiplies the encoder's input by the square root of its
width. In the graph these are `Mul` nodes over the whole activation; on the weights, which are constant, they cost
nothing. A power of two changes no bit of the result, other factors its last one. The product of a weight and its factor
is a node, which every runtime folds when it loads the model, so that the file still holds the framework's weights.
"""

from __future__ import annotations

import numpy as np
import onnx

from hindi_stt.export.graph import Graph

__all__ = ["is_constant", "scale_weights"]


def scale_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Replace `Mul(MatMul(x, weight) + bias, factor)` by `MatMul(x, weight * factor) + bias * factor`.

    Args:
        model: With its masks simplified.

    Returns:
        An equivalent one.
    """
    graph = Graph(model)
    for node in [node for node in graph.nodes if node.op_type == "Mul"]:
        for value, factor in (tuple(node.input), tuple(node.input)[::-1]):
            linear = _linear(graph, value) if graph.scalar(factor) is not None else None
            if linear is not None:
                _scale(graph, node, linear, factor)
                break
    return graph.model()


def _linear(graph: Graph, name: str) -> list[tuple[onnx.NodeProto, int]] | None:
    """The product and, where there is one, the sum behind it, each with the index of its constant input."""
    found: list[tuple[onnx.NodeProto, int]] = []
    for operator in ("Add", "MatMul"):
        node = graph.producer.get(name)
        if node is None or len(graph.consumers(name)) != 1:
            return None
        if node.op_type != operator:
            if operator == "Add":
                continue
            return None
        constant = [i for i, part in enumerate(node.input) if is_constant(graph, part)]
        if len(constant) != 1 or (operator == "MatMul" and constant != [1]):
            return None
        found.append((node, constant[0]))
        name = node.input[1 - constant[0]]
    return found


def is_constant(graph: Graph, name: str) -> bool:
    """Whether a tensor is an initialiser, or made of initialisers only.

    Args:
        graph: That the tensor is in.
        name: The tensor's.

    Returns:
        True where it is.
    """
    node = graph.producer.get(name)
    if node is None:
        return name in graph.initializers
    return bool(node.input) and all(is_constant(graph, part) for part in node.input)


def _scale(graph: Graph, node: onnx.NodeProto, linear: list[tuple[onnx.NodeProto, int]], factor: str) -> None:
    for layer, i in linear:
        flat = graph.constant(f"{factor}/scalar", np.array(graph.scalar(factor), np.float32))
        scaled = graph.make("Mul", [layer.input[i], flat], layer.name)
        graph.insert([scaled], before=layer)
        layer.input[i] = scaled.output[0]
    graph.redirect(node.output[0], linear[0][0].output[0])
    graph.remove([node])
