"""The int8 model: 8-bit matrix products with a scale per run, made from the finished float32 model.

Recipe: signed weights per output channel in [-64, 64], activations unsigned with a scale per clip, the
products of the linear layers, the pointwise convolutions and the dense subsampling convolutions. The first convolution
and the output layer stay float32: quantising them saves little time and costs most accuracy.

The weights use 7 of their 8 bits. x86 without VNNI adds pairs of products in 16 bits, which full-range weights
overflow (seen: log-probs off by 1.1, with 7 bits by 0.09); with 7 bits every CPU, arm64 too, computes the same sums, so
a clip has the same int8 transcript on every worker. Activation scales are per run: one clip per run (design rule 3).
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

import onnx

from hindi_stt.export.convolution import convolutions_to_products
from hindi_stt.export.passes.constants import fold_constants
from hindi_stt.export.positions import quantize_positions

__all__ = ["quantize", "quantize_products"]

# The output layer and the first convolution, by their weights' names.
KEPT_FLOAT = ("decoder.", "/first")


def quantize(model: onnx.ModelProto) -> onnx.ModelProto:
    """The int8 form of a float32 model."""
    model = quantize_positions(convolutions_to_products(fold_constants(model)))
    kept = [
        n.name for n in model.graph.node if n.op_type == "MatMul" and any(part in n.input[1] for part in KEPT_FLOAT)
    ]
    return quantize_products(model, kept)


def quantize_products(model: onnx.ModelProto, kept: Sequence[str]) -> onnx.ModelProto:
    """Quantise the products with constant weights, with the types that the module's docstring explains.

    Args:
        model: The float32 model.
        kept: Names of the MatMul nodes that stay float32.

    Returns:
        The int8 model.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quiet = logging.getLogger()
    level = quiet.level
    quiet.setLevel(logging.ERROR)  # it recommends a pre-processing that our passes have done
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "model.onnx")
            quantize_dynamic(
                model,
                file,
                op_types_to_quantize=["MatMul"],
                nodes_to_exclude=list(kept),
                per_channel=True,
                reduce_range=True,
                weight_type=QuantType.QInt8,
            )
            return onnx.load(str(file))
    finally:
        quiet.setLevel(level)
