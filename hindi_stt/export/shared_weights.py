"""Writes ONNX models whose encoder is a file of its own, which bundles of several languages have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import onnx
from onnx.external_data_helper import set_external_data

__all__ = ["save_with_weights", "weights_file"]

# Smaller tensors stay in the graph: shape inference reads the values of shapes.
_MIN_BYTES: Final = 1024
# ONNX Runtime maps a tensor's part of the file into memory; processors read aligned numbers faster.
_ALIGNMENT: Final = 4096
# The initialisers of the head, which is the language's own.
_HEAD: Final = "decoder."


def weights_file(precision: str) -> str:
    """Name of the file with the encoder's weights in a precision."""
    return f"encoder.{precision}.weights"


def save_with_weights(model: onnx.ModelProto, file: Path, weights: Path) -> None:
    """Save a model with the weights of its encoder in a file beside it.

    The content of that file depends on the encoder only: two languages of one model have equal files.

    Args:
        model: The model, which is left without those weights.
        file: The ONNX file to write.
        weights: The file of weights to write, in the same folder.

    Raises:
        onnx.checker.ValidationError: The graph is invalid.
    """
    with weights.open("wb") as f:
        for tensor in model.graph.initializer:
            if tensor.name.startswith(_HEAD) or not tensor.HasField("raw_data") or len(tensor.raw_data) < _MIN_BYTES:
                continue
            f.write(bytes(-f.tell() % _ALIGNMENT))
            set_external_data(tensor, weights.name, f.tell(), len(tensor.raw_data))
            f.write(tensor.raw_data)
            tensor.ClearField("raw_data")
    onnx.save(model, str(file))
    onnx.checker.check_model(str(file), full_check=True)
