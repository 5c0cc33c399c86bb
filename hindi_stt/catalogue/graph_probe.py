"""What an ONNX graph tells about itself: by its inputs, its metadata, and by running it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before the import, which is when it is read

import numpy as np
import onnxruntime as ort

from hindi_stt.errors import CorruptModel, UnsupportedModel
from hindi_stt.types import Float32

__all__ = ["Graph", "Probe"]

# Frames of the clips that are run, so that both an exact and a rounded number of output frames are seen.
_N_FRAMES: Final = (800, 801)
_MAX_SUBSAMPLING: Final = 16
_NORMAL: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Probe:
    """What running a graph showed.

    Attributes:
        n_classes: Classes of its log-probabilities.
        subsampling: Frames of features for each frame of log-probabilities.
    """

    n_classes: int
    subsampling: int


class Graph:
    """A CTC model as a graph that ONNX Runtime has opened.

    Args:
        path: The ONNX file.

    Attributes:
        features_input: Name of the input for features [batch, mels, frames].
        length_input: Name of the input for the number of frames [batch].
        output: Name of the output, log-probabilities [batch, frames, classes]; of several that may be it, the first
            until `probe` has found which holds them.
        n_mels: Mel bands of the features, where the graph fixes them, else None.
        metadata: Text by key.

    Raises:
        CorruptModel: ONNX Runtime cannot open it.
        UnsupportedModel: Its inputs and outputs are not those of a CTC model that takes whole clips of features.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        options = ort.SessionOptions()
        options.log_severity_level = 3
        try:
            self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's exceptions have no base of their own
            reason = " ".join(str(error).split())
            raise CorruptModel(f"{path.name} cannot be loaded by ONNX Runtime {ort.__version__}: {reason}") from error
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        features = [x for x in inputs if x.type == "tensor(float)" and len(x.shape) == 3]
        lengths = [x for x in inputs if x.type == "tensor(int64)" and len(x.shape) == 1]
        log_probs = [x for x in outputs if x.type == "tensor(float)" and len(x.shape) == 3]
        if len(inputs) != 2 or len(features) != 1 or len(lengths) != 1 or not log_probs:
            raise UnsupportedModel(
                f"{path.name} takes {_described(inputs)} and gives {_described(outputs)}; expected float features "
                "[batch, mels, frames] and int64 lengths [batch], and float log-probabilities [batch, frames, classes]."
            )
        self.features_input: str = features[0].name
        self.length_input: str = lengths[0].name
        self._outputs = [x.name for x in log_probs]
        self.output: str = self._outputs[0]
        bands = features[0].shape[1]
        self.n_mels: int | None = bands if isinstance(bands, int) else None
        self.metadata: Mapping[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)

    def run(self, features: Float32) -> Float32:
        """Run the graph on one clip.

        Args:
            features: float32 [mels, frames].

        Returns:
            What it gives, float32 [output frames, classes].

        Raises:
            CorruptModel: ONNX Runtime cannot run it.
        """
        feed = {self.features_input: features[None], self.length_input: np.array([features.shape[1]], np.int64)}
        try:
            (found,) = self._session.run([self.output], feed)
        except Exception as error:
            reason = " ".join(str(error).split())
            raise CorruptModel(f"{self.path.name} cannot be run on {features.shape[1]} frames: {reason}") from error
        values: Float32 = found[0]
        return values

    def runs_batches(self, n_mels: int) -> bool:
        """Tell whether the graph takes several clips in one run: some exports fix the batch at one clip.

        Args:
            n_mels: Mel bands of the features.

        Returns:
            Whether a run of two clips gives an answer for each.
        """
        n = _N_FRAMES[0]
        feed = {self.features_input: np.zeros((2, n_mels, n), np.float32), self.length_input: np.full(2, n, np.int64)}
        try:
            (found,) = self._session.run([self.output], feed)
        except Exception:  # noqa: BLE001  (those of ONNX Runtime have no base of their own)
            return False
        return len(found) == 2

    def probe(self, n_mels: int) -> Probe:
        """Find the output with log-probabilities, the classes and the subsampling by running noise.

        Args:
            n_mels: Mel bands of the features.

        Returns:
            What was found.

        Raises:
            CorruptModel: The graph cannot be run.
            UnsupportedModel: What it gives are no log-probabilities, or not as many frames as NeMo's subsampling gives.
        """
        rng = np.random.default_rng(0)
        clips = [rng.standard_normal((n_mels, n)).astype(np.float32) for n in _N_FRAMES]
        for name in self._outputs:
            self.output = name
            found = [self.run(clip) for clip in clips]
            if all(_are_log_probs(values) for values in found):
                break
        else:
            names = ", ".join(self._outputs)
            raise UnsupportedModel(f"{self.path.name}: {names} does not hold log-probabilities of classes.")
        for subsampling in range(1, _MAX_SUBSAMPLING + 1):
            if all(len(values) == -(-n // subsampling) for n, values in zip(_N_FRAMES, found, strict=True)):
                return Probe(found[0].shape[1], subsampling)
        given = ", ".join(f"{len(values)} of {n}" for n, values in zip(_N_FRAMES, found, strict=True))
        raise UnsupportedModel(f"{self.path.name} gives {given} frames, which no subsampling of NeMo gives.")


def _are_log_probs(values: Float32) -> bool:
    return bool(np.isfinite(values).all() and np.abs(np.exp(values).sum(axis=1) - 1).max() <= _NORMAL)


def _described(values: Any) -> str:
    return ", ".join(f"{x.name} {x.type.removeprefix('tensor').strip('()')} {x.shape}" for x in values)
