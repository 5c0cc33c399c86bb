"""Memory that a process has freed and the C library keeps."""

from __future__ import annotations

import ctypes

__all__ = ["return_free_memory"]


def return_free_memory() -> None:
    """Give the system back what the C library holds free between blocks in use: glibc does so at the heap's end only.

    For after work that needs much memory once, such as loading a model. Other C libraries have no such function.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
