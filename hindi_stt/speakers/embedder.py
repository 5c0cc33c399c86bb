"""Speaker embeddings of windows of audio, by ONNX Runtime on one core."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import numpy as np

from hindi_stt.bundle.speakers import SpeakerBundle
from hindi_stt.errors import BundleInvalid, InferenceFailed
from hindi_stt.speakers.fbank import Fbank
from hindi_stt.speakers.segmentation import Segmentation
from hindi_stt.speakers.session import open_session
from hindi_stt.speakers.speech import Speech, find_loud
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
        same_speaker_narrow: The same for recordings without sound above 4 kHz.
        window_similarity: Cosine similarity of two windows of one speaker, on average.
        find_speech: Where samples, at `sample_rate`, have speech: by the segmentation model, or else by their energy.
        tag: Of the bundle.

    Raises:
        BundleInvalid: The model cannot be loaded, or does not fit the manifest.
    """

    def __init__(self, bundle: SpeakerBundle) -> None:
        manifest = bundle.manifest
        self.sample_rate = manifest.features.sample_rate
        self.window_samples = round(manifest.window_s * self.sample_rate)
        self.same_speaker = manifest.same_speaker
        narrow = manifest.same_speaker_narrow
        self.same_speaker_narrow = manifest.same_speaker if narrow is None else narrow
        self.window_similarity = manifest.window_similarity
        self.tag = bundle.tag
        self._input, self._output = manifest.features_input, manifest.embedding_output
        self._fbank = Fbank(manifest.features)
        self._session = open_session(bundle.model)
        try:
            found = self([np.zeros(self.window_samples, np.float32)]).shape
        except InferenceFailed as error:
            raise BundleInvalid(f"{bundle.model} cannot be used as a speaker model: {error}") from error
        if found != (1, manifest.dimension):
            raise BundleInvalid(f"{bundle.model} gives embeddings {found}, but the manifest says {manifest.dimension}.")
        self.find_speech: Callable[[Float32], Speech] = (
            Segmentation(bundle) if manifest.segmentation else partial(find_loud, sample_rate=self.sample_rate)
        )

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
        except Exception as error:  # ONNX Runtime's exceptions have no common base but Exception
            raise InferenceFailed(f"The speaker model failed: {type(error).__name__}.") from error
        return np.asarray(embeddings, np.float32)
