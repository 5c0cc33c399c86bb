"""What a runtime for acoustic models offers, and the one that a bundle's form names; only that one is imported."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hindi_stt.bundle.forms import ONNX_RUNTIME, OPENVINO, Form
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.errors import InvalidSetting
from hindi_stt.types import Float32

__all__ = ["Dimensions", "InferenceBackend", "open_backend"]

# Of a tensor; None where a dimension varies.
Dimensions = tuple[int | None, ...]


class InferenceBackend(Protocol):
    """A loaded model. Thread-safe."""

    @property
    def inputs(self) -> dict[str, Dimensions]:
        """Names of the inputs and their dimensions."""
        ...

    @property
    def outputs(self) -> dict[str, Dimensions]:
        """Names of the outputs and their dimensions."""
        ...

    def run(self, features: Float32, lengths: NDArray[np.int64]) -> Float32:
        """Run clips of padded features.

        Args:
            features: float32 of shape (clips, channels, frames).
            lengths: Valid frames of each clip, int64 of shape (clips,).

        Returns:
            Log-probs, float32 of shape (clips, output frames, classes); those behind a clip's end say nothing.
        """
        ...


def open_backend(bundle: Bundle, form: Form, *, threads: int, provider: str = "cpu") -> InferenceBackend:
    """Load a model into the runtime of its form.

    Args:
        bundle: Where its files are.
        form: Runtime and precision.
        threads: Threads of one run.
        provider: Of ONNX Runtime: cpu, openvino or cuda.

    Returns:
        The loaded model.

    Raises:
        BundleInvalid: The bundle has no such form, or a file cannot be loaded.
        InvalidSetting: The runtime or the provider is not installed, or there is no such runtime.
    """
    spec = bundle.manifest.acoustic
    if form.backend == ONNX_RUNTIME:
        from hindi_stt.inference.onnxruntime_backend import OnnxRuntimeBackend

        path = bundle.path("acoustic", form.precision)
        return OnnxRuntimeBackend(path, spec, threads=threads, provider=provider)
    if form.backend == OPENVINO:
        from hindi_stt.inference.openvino_backend import OpenVinoBackend

        return OpenVinoBackend(bundle, form.precision, threads=threads)
    raise InvalidSetting(f"There is no runtime {form.backend!r}; there are {ONNX_RUNTIME} and {OPENVINO}.")
