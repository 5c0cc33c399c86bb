"""Arithmetic on constants is done once, here, instead of in every runtime that loads the model."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

from hindi_stt.export.graph import Graph

__all__ = ["fold_constants", "fold_shapes"]

# Depends on nothing but its inputs, and is in the reference implementation as it is in ONNX Runtime.
_ARITHMETIC: Final = ("Add", "Div", "Mul", "Neg", "Sub")
_SHAPES: Final = ("Concat", "Gather", "Reshape", "Shape", "Slice", "Squeeze", "Transpose", "Unsqueeze")
FOLDED: Final = frozenset({*_ARITHMETIC, *_SHAPES, "Cast", "ConstantOfShape"})


def fold_shapes(model: onnx.ModelProto) -> onnx.ModelProto:
    """Fold what is no floating-point number: shapes, axes, padding. Weights keep their names and their storage.

    Args:
        model: Any.

    Returns:
        An equivalent one.
    """
    return _fold(model, floating_point=False)


def fold_constants(model: onnx.ModelProto) -> onnx.ModelProto:
    """Fold everything that depends on constants only, weights included.

    Args:
        model: Any.

    Returns:
        An equivalent one.
    """
    return _fold(model, floating_point=True)


def _fold(model: onnx.ModelProto, *, floating_point: bool) -> onnx.ModelProto:
    graph = Graph(model)
    opset = next(entry for entry in model.opset_import if entry.domain == "")
    for node in list(graph.nodes):
        if node.op_type not in FOLDED or node.domain or not all(name in graph.initializers for name in node.input):
            continue
        value = _evaluate(graph, node, opset)
        if floating_point or value.dtype.kind != "f":
            graph.remove([node])
            graph.constant(node.output[0], value)
    return graph.model()


def _evaluate(graph: Graph, node: onnx.NodeProto, opset: onnx.OperatorSetIdProto) -> NDArray[Any]:
    inputs = {name: graph.value(name) for name in node.input}
    of_type = onnx.helper.np_dtype_to_tensor_dtype
    single = onnx.helper.make_graph(
        [node],
        "node",
        [onnx.helper.make_tensor_value_info(n, of_type(v.dtype), v.shape) for n, v in inputs.items()],
        [onnx.helper.make_tensor_value_info(node.output[0], onnx.TensorProto.UNDEFINED, None)],
    )
    (value,) = ReferenceEvaluator(onnx.helper.make_model(single, opset_imports=[opset])).run(None, inputs)
    return np.asarray(value)
