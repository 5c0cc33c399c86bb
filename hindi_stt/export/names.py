"""Initialisers get the names they have in NeMo's state dict, so that the NeMo model can be rebuilt from the ONNX file.

The exporter invents names where it transposes a weight ("onnx::MatMul_42") or folds a BatchNorm into the convolution
before it ("onnx::Conv_42"). They are found again by value. `TRANSPOSED` marks a matrix that stands [in, out]; a folded
convolution keeps its own name, and its BatchNorm is absent from the file: it has become the identity.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import onnx

from hindi_stt.export.graph import Graph
from hindi_stt.types import Float32

__all__ = ["TRANSPOSED", "name_initializers"]

TRANSPOSED = "^T"
# Folding is done in float32 by the exporter too, in another order; relative to the largest value.
FOLD_TOLERANCE = 1e-5


def name_initializers(model: onnx.ModelProto, state: Mapping[str, Float32], epsilon: float = 1e-5) -> onnx.ModelProto:
    """Rename every float initialiser that holds a value of the state dict after that value. Scalars are left alone.

    Args:
        model: The exported model.
        state: NeMo's state dict, as float32 arrays of the shapes that NeMo gives them.
        epsilon: Epsilon of the BatchNorm layers, which the exporter folds into convolutions.

    Returns:
        The model with the new names.
    """
    graph = Graph(model)
    wanted = dict(_spellings(state, epsilon))
    used = {name.removesuffix(TRANSPOSED) for name in graph.initializers if name in state}
    for old in list(graph.initializers):
        value = graph.array(old)
        if old in state or value is None or value.dtype != np.float32 or value.ndim == 0:
            continue
        for name, candidate in wanted.items():
            if name.removesuffix(TRANSPOSED) not in used and _same(value, candidate):
                graph.rename_initializer(old, name)
                used.add(name.removesuffix(TRANSPOSED))
                break
    return graph.model()


def _same(a: Float32, b: Float32) -> bool:
    return a.shape == b.shape and bool(np.abs(a - b).max() <= FOLD_TOLERANCE * np.abs(b).max())


def _spellings(state: Mapping[str, Float32], epsilon: float) -> Iterator[tuple[str, Float32]]:
    """Every form in which the exporter may write a value of the state dict, under the name it then gets."""
    folded: set[str] = set()
    for key in state:
        if key.endswith(".batch_norm.running_var"):
            stem = key.removesuffix("batch_norm.running_var")
            gain = state[f"{stem}batch_norm.weight"] / np.sqrt(state[key] + np.float32(epsilon))
            weight, bias = f"{stem}depthwise_conv.weight", f"{stem}depthwise_conv.bias"
            centred = state.get(bias, np.float32(0)) - state[f"{stem}batch_norm.running_mean"]
            yield weight, state[weight] * gain[:, None, None]
            yield bias, centred * gain + state[f"{stem}batch_norm.bias"]
            folded.update((weight, bias))
    for key, value in state.items():
        if key not in folded:
            yield key, value
            if value.ndim == 2:
                yield key + TRANSPOSED, value.T
