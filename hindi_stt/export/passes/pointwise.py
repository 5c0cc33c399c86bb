"""Pointwise convolutions become matrix products, which are the only thing that int8 quantisation speeds up here."""

from __future__ import annotations

import onnx

from hindi_stt.export.graph import Graph
from hindi_stt.export.names import TRANSPOSED

__all__ = ["cancel_transposes", "pointwise_to_matmul"]

CHANNELS_LAST = (0, 2, 1)


def pointwise_to_matmul(model: onnx.ModelProto) -> onnx.ModelProto:
    """Replace each Conv1d of kernel 1 by transpose, MatMul, Add, transpose; the transposes around it then cancel."""
    graph = Graph(model)
    for node in list(graph.nodes):
        if node.op_type == "Conv" and _is_pointwise(graph, node):
            _replace(graph, node)
    return cancel_transposes(graph.model())


def _is_pointwise(graph: Graph, node: onnx.NodeProto) -> bool:
    weight = graph.array(node.input[1])
    attributes = graph.attributes(node)
    return (
        weight is not None
        and weight.ndim == 3
        and weight.shape[2] == 1
        and attributes.get("group", 1) == 1
        and attributes.get("strides", [1]) == [1]
        and not any(attributes.get("pads", [0]))
    )


def _replace(graph: Graph, node: onnx.NodeProto) -> None:
    scope = node.name.removesuffix("/Conv")
    weight = graph.value(node.input[1])
    matrix = graph.constant(node.input[1] + TRANSPOSED, weight[:, :, 0].T)
    nodes = [graph.make("Transpose", [node.input[0]], scope, perm=CHANNELS_LAST)]
    nodes.append(graph.make("MatMul", [nodes[-1].output[0], matrix], scope))
    if len(node.input) > 2:
        nodes.append(graph.make("Add", [nodes[-1].output[0], node.input[2]], scope))
    nodes.append(graph.make("Transpose", [nodes[-1].output[0]], scope, perm=CHANNELS_LAST))
    graph.insert(nodes, before=node)
    graph.redirect(node.output[0], nodes[-1].output[0])
    graph.remove([node])


def cancel_transposes(model: onnx.ModelProto) -> onnx.ModelProto:
    """Remove pairs of transposes that undo each other, also where an element-wise ReLU stands between them."""
    graph = Graph(model)
    for node in list(graph.nodes):
        if node.op_type != "Transpose" or node.output[0] in graph.outputs:
            continue
        relu = graph.producer.get(node.input[0])
        through = relu is not None and relu.op_type == "Relu" and len(graph.consumers(relu.output[0])) == 1
        before = graph.producer.get(relu.input[0]) if through and relu is not None else relu
        if before is None or before.op_type != "Transpose" or not _undo(graph, before, node):
            continue
        if through and relu is not None:
            relu.input[0] = before.input[0]
            graph.redirect(node.output[0], relu.output[0])
        else:
            graph.redirect(node.output[0], before.input[0])
    return graph.model()


def _undo(graph: Graph, first: onnx.NodeProto, second: onnx.NodeProto) -> bool:
    forth, back = graph.attributes(first)["perm"], graph.attributes(second)["perm"]
    return [forth[i] for i in back] == sorted(forth)
