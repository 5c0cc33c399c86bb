"""Writes the ONNX files of a bundle: in one file, or with the weights of a large model in a file beside it.

ONNX Runtime maps a file of weights into memory and drops what it has packed for its kernels. Weights inside the graph's
file are held as well while it is read: a server of a model of 600 MB needed 0.8 GB more.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import onnx

from hindi_stt.bundle.folder import asset_of
from hindi_stt.bundle.manifest import WEIGHTS_ROLE, Asset

__all__ = ["MAX_INLINE_BYTES", "save_onnx", "size_of_weights"]

# Weights past this go into a file of their own. A protobuf message, and so one file with everything, has 2 GB at most.
MAX_INLINE_BYTES: Final = 2**28


def size_of_weights(model: onnx.ModelProto) -> int:
    """Bytes of the weights in a graph."""
    return sum(len(tensor.raw_data) for tensor in model.graph.initializer)


def save_onnx(
    model: onnx.ModelProto,
    folder: Path,
    precision: str,
    metadata: Mapping[str, str] | None = None,
    *,
    max_inline_bytes: int = MAX_INLINE_BYTES,
) -> list[Asset]:
    """Check a graph and write it into a bundle's folder.

    Args:
        model: The graph; where its weights go into a file of their own, they are gone from it afterwards.
        folder: The bundle's.
        precision: Its name in the bundle.
        metadata: For the graph.
        max_inline_bytes: Largest weights that stay in the graph's file.

    Returns:
        The bundle's assets for the files.

    Raises:
        onnx.checker.ValidationError: The graph is invalid.
    """
    onnx.helper.set_model_props(model, dict(metadata or {}))
    file = folder / f"model.{precision}.onnx"
    if size_of_weights(model) <= max_inline_bytes:
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, str(file))
        return [asset_of(file, "acoustic", precision)]
    weights = folder / f"model.{precision}.weights"
    onnx.save_model(model, str(file), save_as_external_data=True, all_tensors_to_one_file=True, location=weights.name)
    onnx.checker.check_model(str(file), full_check=True)
    shutil.copymode(file, weights)  # onnx creates it for its owner alone, and a server may be another user
    return [asset_of(file, "acoustic", precision), asset_of(weights, WEIGHTS_ROLE, f"{precision}:{weights.name}")]
