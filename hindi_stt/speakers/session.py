"""ONNX Runtime sessions of the speaker models: on one core, since the threads that call them run side by side."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before the import, which is when it is read

from hindi_stt.errors import BundleInvalid

if TYPE_CHECKING:
    import onnxruntime as ort

__all__ = ["open_session"]


def open_session(model: Path) -> ort.InferenceSession:
    """Load a model.

    Args:
        model: An ONNX file.

    Returns:
        The session, which runs on one core.

    Raises:
        BundleInvalid: It cannot be loaded.
    """
    import onnxruntime as ort  # here, since a server on another runtime does not need it otherwise

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions have no common base but Exception
        raise BundleInvalid(f"{model} cannot be used as a speaker model: {error}") from error
