"""Weights stored as float16, computed in float32: half the file, for models whose weights round that far harmlessly."""

from __future__ import annotations

import numpy as np
import onnx

from hindi_stt.export.graph import Graph

__all__ = ["STORED_SUFFIX", "store_half"]

# The float32 tensor is called after its stored float16 initialiser, with this at the end.
STORED_SUFFIX = "/float32"

# Below this the two bytes per element are not worth a node.
MIN_ELEMENTS = 1024


def store_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store every large float32 initialiser as float16 with a Cast, which ONNX Runtime folds when it loads the model.

    Args:
        model: A model whose weights have been rounded to float16.

    Returns:
        The model with float16 initialisers; it computes in float32 as before.

    Raises:
        ValueError: A value is beyond float16's range.
    """
    graph = Graph(model)
    for name in list(graph.initializers):
        value = graph.array(name)
        if value is None or value.dtype != np.float32 or value.size < MIN_ELEMENTS:
            continue
        with np.errstate(over="ignore"):
            half = value.astype(np.float16)
        if not np.isfinite(half).all():
            raise ValueError(f"{name} has values beyond the range of float16")
        cast = onnx.helper.make_node("Cast", [name], [name + STORED_SUFFIX], f"{name}/Cast", to=onnx.TensorProto.FLOAT)
        graph.redirect(name, cast.output[0])
        del graph.initializers[name]
        graph.constant(name, half)
        graph.insert([cast], before=graph.nodes[0])
    return graph.model()
