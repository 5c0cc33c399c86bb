"""PyanNet, a speaker segmentation model: from its state dict to an ONNX graph, without PyTorch.

Source of the architecture: Bredin and Laurent, "End-to-end speaker segmentation for overlap-aware resegmentation"
(Interspeech 2021) and, for its output, Plaquet and Bredin, "Powerset multi-class cross entropy loss for neural speaker
diarization" (Interspeech 2023), in the form of pyannote's segmentation-3.0 (MIT). The first layer is that of Ravanelli
and Bengio, "Speaker recognition from raw waveform with SincNet" (SLT 2018).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hindi_stt.bundle.speakers import SegmentationSpec
from hindi_stt.catalogue.graph_writer import GraphWriter

__all__ = ["SEGMENTATION", "write_pyannet"]

_OPSET: Final = 17
_RATE: Final = 16_000
_STRIDE: Final = 10
_SINC_TAPS: Final = 251
_SINC_PAIRS: Final = 40
_LEAST_HZ: Final = 50.0  # of the lower edge of a filter, and of its width
# Filters in, filters out and taps of the convolutions after the first one.
_CONVOLUTIONS: Final = ((80, 60, 5), (60, 60, 5))
_POOL: Final = 3
_HIDDEN: Final = 128
_LSTM_LAYERS: Final = 4
_GATES: Final = 4
_LINEAR: Final = ((2 * _HIDDEN, _HIDDEN), (_HIDDEN, _HIDDEN))
_LEAK: Final = 0.01
_EPSILON: Final = 1e-5

# What the model takes and gives. Its output frames: 251 samples, then twice five frames, each time pooled by three.
SEGMENTATION: Final = SegmentationSpec(
    sample_rate=_RATE,
    chunk_s=10.0,
    frame_samples=991,
    hop_samples=_STRIDE * _POOL**3,
    classes=((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2)),
)


def write_pyannet(state: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Write the ONNX file: samples [chunks, n] to natural-log probabilities of the classes [chunks, frames, 7].

    Args:
        state: The tensors by their names in pyannote.audio.
        path: The file.

    Raises:
        CorruptModel: A tensor is missing, or has another shape.
        ExportEnvironmentMissing: The package onnx is not installed.
    """
    graph = _Graph(state, "PyanNet")
    x = graph.node("Unsqueeze", ["samples", graph.constant([1])])
    x = graph.instance_norm(x, "sincnet.wav_norm1d", 1)
    x = graph.node("Conv", [x, graph.floats(_sinc_filters(graph))], strides=[_STRIDE])
    x = graph.pooled(graph.node("Abs", [x]), "sincnet.norm1d.0", 2 * _SINC_PAIRS)
    for i, (n_in, n_out, taps) in enumerate(_CONVOLUTIONS, 1):
        name = f"sincnet.conv1d.{i}"
        weights, bias = graph.tensor(f"{name}.weight", (n_out, n_in, taps)), graph.tensor(f"{name}.bias", (n_out,))
        x = graph.node("Conv", [x, graph.floats(weights), graph.floats(bias)])
        x = graph.pooled(x, f"sincnet.norm1d.{i}", n_out)
    x = graph.node("Transpose", [x], perm=[2, 0, 1])
    for layer in range(_LSTM_LAYERS):
        x = graph.lstm(x, layer, _CONVOLUTIONS[-1][1] if layer == 0 else 2 * _HIDDEN)
    for i, (n_in, n_out) in enumerate(_LINEAR):
        x = graph.node("LeakyRelu", [graph.linear(x, f"linear.{i}", n_in, n_out)], alpha=_LEAK)
    n_classes = len(SEGMENTATION.classes)
    x = graph.node("LogSoftmax", [graph.linear(x, "classifier", _HIDDEN, n_classes)], axis=2)
    graph.node("Transpose", [x], SEGMENTATION.output, perm=[1, 0, 2])
    graph.save(
        path,
        inputs={SEGMENTATION.samples_input: ("chunks", "samples")},
        outputs={SEGMENTATION.output: ("chunks", "frames", n_classes)},
        opset=_OPSET,
    )


class _Graph(GraphWriter):
    """The layers of the model; each method returns the name of its result."""

    def floats(self, values: NDArray[np.float32]) -> str:
        return self.constant(values, np.float32)

    def instance_norm(self, x: str, name: str, n: int) -> str:
        scale, shift = (self.floats(self.tensor(f"{name}.{what}", (n,))) for what in ("weight", "bias"))
        return self.node("InstanceNormalization", [x, scale, shift], epsilon=_EPSILON)

    def pooled(self, x: str, norm: str, n: int) -> str:
        x = self.node("MaxPool", [x], kernel_shape=[_POOL], strides=[_POOL])
        return self.node("LeakyRelu", [self.instance_norm(x, norm, n)], alpha=_LEAK)

    def lstm(self, x: str, layer: int, n_in: int) -> str:
        """A layer in both directions: [frames, chunks, n_in] to [frames, chunks, 2 * hidden]."""
        rows = _GATES * _HIDDEN
        inner: list[NDArray[np.float32]] = []
        recurrent: list[NDArray[np.float32]] = []
        biases: list[NDArray[np.float32]] = []
        for direction in ("", "_reverse"):
            end = f"l{layer}{direction}"
            inner.append(_in_onnx_order(self.tensor(f"lstm.weight_ih_{end}", (rows, n_in))))
            recurrent.append(_in_onnx_order(self.tensor(f"lstm.weight_hh_{end}", (rows, _HIDDEN))))
            both = [_in_onnx_order(self.tensor(f"lstm.bias_{what}_{end}", (rows,))) for what in ("ih", "hh")]
            biases.append(np.concatenate(both))
        weights = [self.floats(np.stack(values)) for values in (inner, recurrent, biases)]
        y = self.node("LSTM", [x, *weights], hidden_size=_HIDDEN, direction="bidirectional")
        y = self.node("Transpose", [y], perm=[0, 2, 1, 3])
        return self.node("Reshape", [y, self.constant([0, 0, -1])])

    def linear(self, x: str, name: str, n_in: int, n_out: int) -> str:
        weights, bias = self.tensor(f"{name}.weight", (n_out, n_in)), self.tensor(f"{name}.bias", (n_out,))
        return self.node("Add", [self.node("MatMul", [x, self.floats(weights.T)]), self.floats(bias)])


def _in_onnx_order(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """PyTorch's gates are input, forget, cell, output; those of ONNX input, output, forget, cell."""
    into, forget, cell, out = np.split(weights, _GATES)
    return np.concatenate([into, out, forget, cell])


def _sinc_filters(graph: GraphWriter) -> NDArray[np.float32]:
    """Band-pass filters of learned edges, float32 [80, 1, 251]: those of even symmetry, then those of odd symmetry."""
    name, half = "sincnet.conv1d.0.filterbank", _SINC_TAPS // 2
    low, width = (
        np.abs(graph.tensor(f"{name}.{what}_hz_", (_SINC_PAIRS, 1)), dtype=np.float64) for what in ("low", "band")
    )
    low += _LEAST_HZ
    high = np.clip(low + _LEAST_HZ + width, _LEAST_HZ, _RATE / 2)
    window = graph.tensor(f"{name}.window_", (half,)).astype(np.float64)
    # 2π times the distance in seconds from the middle of the filter, for its first half.
    angle = graph.tensor(f"{name}.n_", (1, half)).astype(np.float64)
    even = (np.sin(high @ angle) - np.sin(low @ angle)) / (angle / 2) * window
    odd = (np.cos(low @ angle) - np.cos(high @ angle)) / (angle / 2) * window
    band = high - low
    filters = np.concatenate([np.hstack([even, 2 * band, even[:, ::-1]]), np.hstack([odd, 0 * band, -odd[:, ::-1]])])
    return (filters / np.tile(2 * band, (2, 1))).astype(np.float32)[:, None]
