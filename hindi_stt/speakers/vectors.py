"""Embeddings as directions: vectors of unit length."""

from __future__ import annotations

from typing import Final

import numpy as np

from hindi_stt.types import Float32

__all__ = ["unit"]

_LEAST_LENGTH: Final = np.float32(1e-6)


def unit(rows: Float32) -> Float32:
    """Scale vectors to unit length.

    Args:
        rows: float32 [..., dimension].

    Returns:
        The same, each of length 1; one that is shorter than 1e-6 stays shorter.
    """
    length: Float32 = np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), _LEAST_LENGTH)
    return rows / length
