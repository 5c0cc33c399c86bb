"""Speaker embeddings of windows of audio, by ONNX Runtime on one core."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before the import, which is when it is read

import numpy as np

from hindi_stt.bundle.speakers import SpeakerBundle
from hindi_stt.errors import BundleInvalid, InferenceFailed
from hindi_stt.speakers.fbank import Fbank
from hindi_stt.types import Float32

__all__ = ["Embedder"]

# Windows of one run: more gain nothing, and take more memory.
_BATCH: Final = 8


class Embedder:
    """A loaded speaker model. Thread-safe.

    Args:
        bundle: The model.

    Attributes:
        sample_rate: At which it takes samples, in Hz.
        window_samples: Samples of a window.
        same_speaker: Cosine similarity of the means of two clusters from which they are one speaker.
        tag: Of the bundle.

    Raises:
        BundleInvalid: The model cannot be loaded, or does not fit the manifest.
    """

    def __init__(self, bundle: SpeakerBundle) -> None:
        import onnxruntime as ort  # here, since a server on another runtime does not need it otherwise

        manifest = bundle.manifest
        self.sample_rate = manifest.features.sample_rate
        self.window_samples = round(manifest.window_s * self.sample_rate)
        self.same_speaker = manifest.same_speaker
        self.tag = bundle.tag
        self._input, self._output = manifest.features_input, manifest.embedding_output
        self._fbank = Fbank(manifest.features)
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = ort.InferenceSession(str(bundle.model), options, providers=["CPUExecutionProvider"])
            found = self([np.zeros(self.window_samples, np.float32)]).shape
        except Exception as error:  # ONNX Runtime's exceptions have no common base but Exception
            raise BundleInvalid(f"{bundle.model} cannot be used as a speaker model: {error}") from error
        if found != (1, manifest.dimension):
            raise BundleInvalid(f"{bundle.model} gives embeddings {found}, but the manifest says {manifest.dimension}.")

    def __call__(self, windows: Sequence[Float32]) -> Float32:
        """Compute embeddings.

        Args:
            windows: Samples of each window, float32, at `sample_rate`; one that is shorter than a window is repeated
                until it fills one, so that all windows have the same length.

        Returns:
            float32 [windows, dimension].

        Raises:
            InferenceFailed: The model cannot process them.
        """
        found = [self._run(windows[start : start + _BATCH]) for start in range(0, len(windows), _BATCH)]
        return np.concatenate(found) if found else np.empty((0, 0), np.float32)

    def _run(self, windows: Sequence[Float32]) -> Float32:
        features = np.stack([self._fbank(np.resize(window, self.window_samples)) for window in windows])
        features -= features.mean(axis=1, keepdims=True)
        try:
            (embeddings,) = self._session.run([self._output], {self._input: features})
        except Exception as error:  # as above
            raise InferenceFailed(f"The speaker model failed: {type(error).__name__}.") from error
        return np.asarray(embeddings, np.float32)
