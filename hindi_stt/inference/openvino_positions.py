"""Relative positions of attention as a table that is made when a model is loaded, not as products in every run.

What a layer makes of a position does not change with the clip: sine and cosine of the position, times the layer's
weights. A table of it for clips of up to `MAX_FRAMES` saves 3 of 67 ms for 10 s of the medium architecture in bfloat16,
for 9 MB. Longer clips need the model without it.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from openvino import opset13 as ops

from hindi_stt.inference.openvino_nodes import constant_value, integers, only_reader, type_of
from hindi_stt.types import Float32

__all__ = ["MAX_FRAMES", "tabulate_positions"]

# Most output frames of a clip that the table is for: 20 s at 40 ms, and clips have 16 s unless the settings say more.
MAX_FRAMES: Final = 512


def tabulate_positions(model: Any) -> int:
    """Replace the products of relative positions with each layer's weights by slices of a table.

    The positions T - 1 to 1 - T of a clip of T frames stand behind one row more, which no score that is kept reads
    (`hindi_stt.export.passes.shift`): in the table it is position T.

    Args:
        model: An `openvino.Model` of the exporter's; changed in place. Other forms are left as they are.

    Returns:
        How many products were replaced. If there were any, the model is for clips of up to `MAX_FRAMES` only.
    """
    count = 0
    for sine in [node for node in model.get_ordered_ops() if type_of(node) == "Sin"]:
        found = _positions_of(sine)
        if found is None:
            continue
        padded, distances, rates = found
        table = _encoding(rates)
        bounds = _bounds(distances)
        for target in list(padded.output(0).get_target_inputs()):
            product = target.get_node()
            weight = constant_value(product.input_value(1)) if type_of(product) == "MatMul" else None
            if weight is None or weight.shape != (table.shape[1],) * 2 or target.get_index() != 0:
                continue
            matrix = weight.T if product.get_attributes()["transpose_b"] else weight
            rows = ops.constant((table @ matrix.astype(np.float32))[None])
            part = ops.slice(rows, *bounds, integers([1]), integers([1]))
            part.set_friendly_name(product.get_friendly_name())
            product.output(0).replace(part.output(0))
            count += 1
    return count


def _positions_of(sine: Any) -> tuple[Any, Any, Float32] | None:
    """From the sine of the angles: the encoding behind its row of zeros, the positions, and angles per position."""
    angles = sine.input_value(0).get_node()
    rates = constant_value(angles.input_value(1)) if type_of(angles) == "Multiply" else None
    node = sine
    for kind in ("Unsqueeze", "Concat", "Reshape", "Concat"):
        reader = only_reader(node, kind)
        if reader is None:
            return None
        node = reader
    zeros = constant_value(node.input_value(0))
    if rates is None or zeros is None or zeros.any() or zeros.shape[:2] != (1, 1) or node.get_input_size() != 2:
        return None
    return node, angles.input_value(0), rates.reshape(-1).astype(np.float32)


def _encoding(rates: Float32) -> Float32:
    """Sine and cosine in turn of the positions MAX_FRAMES to 1 - MAX_FRAMES, float32 [2 MAX_FRAMES, 2 rates]."""
    angles: NDArray[np.float32] = np.arange(MAX_FRAMES, -MAX_FRAMES, -1, dtype=np.float32)[:, None] * rates
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(len(angles), -1)


def _bounds(distances: Any) -> tuple[Any, Any]:
    """First row of the table for a clip, and the row behind its last: of T frames there are 2 T - 1 positions."""
    n_positions = ops.slice(ops.shape_of(distances), integers([0]), integers([1]), integers([1]))
    n_frames = ops.divide(ops.add(n_positions, integers([1])), integers([2]))
    middle = integers([MAX_FRAMES])
    return ops.subtract(middle, n_frames), ops.add(middle, n_frames)
