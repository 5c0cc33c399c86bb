"""CAM++, a speaker embedding model: from its state dict to an ONNX graph, without PyTorch.

Source of the architecture: Wang et al., "CAM++: A Fast and Efficient Network for Speaker Verification Using
Context-Aware Masking" (Interspeech 2023), in the form of 3D-Speaker (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hindi_stt.catalogue.graph_writer import GraphWriter
from hindi_stt.errors import CorruptModel

__all__ = ["DIMENSION", "N_MELS", "write_campplus"]

N_MELS: Final = 80
DIMENSION: Final = 192
_OPSET: Final = 19  # the first in which AveragePool counts the last, shorter window right
_ONNX_FLOAT: Final = 1  # TensorProto.FLOAT
_EPSILON: Final = 1e-5
# A layer's context is the mean of all frames, and that of a stretch of 100 frames. In windows of up to 2 s, with 50
# frames in a second, both are the same: twice the mean.
_CONTEXT_MEANS: Final = 2.0
# Layers and dilation of each block.
_BLOCKS: Final = ((12, 1), (24, 2), (16, 2))

_Weights = NDArray[np.float32]


def write_campplus(state: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Write the ONNX file: features [windows, frames, 80] to embeddings [windows, 192].

    Weights are stored as float16 and computed with as float32: they are 14 MB instead of 28, and embeddings differ by
    less than one in a thousand. Embeddings are those of 3D-Speaker for windows of up to 2 s.

    All convolutions are two-dimensional, also those over frames alone: ONNX Runtime then computes them in blocks of
    channels, with normalisations and rectifiers within, which takes a third less time.

    Args:
        state: The tensors by their names in 3D-Speaker.
        path: The file.

    Raises:
        CorruptModel: A tensor is missing, or has another shape.
        ExportEnvironmentMissing: The package onnx is not installed.
    """
    graph = _Graph(state, "CAM++")
    _write_layers(graph)
    graph.save(
        path,
        inputs={"features": ("windows", "frames", N_MELS)},
        outputs={"embedding": ("windows", DIMENSION)},
        opset=_OPSET,
    )


class _Graph(GraphWriter):
    """The layers of the model; each method returns the name of its result."""

    def weights(self, values: _Weights) -> str:
        if np.abs(values).max(initial=0) >= np.finfo(np.float16).max:
            raise CorruptModel("A tensor of the checkpoint has values beyond the range of float16.")
        return self.node("Cast", [self.constant(values, np.float16)], to=_ONNX_FLOAT)

    def scale_and_shift(self, name: str, n: int, *, affine: bool = True) -> tuple[_Weights, _Weights]:
        """What a batch normalisation multiplies by, and then adds."""
        mean, variance = (self.tensor(f"{name}.running_{what}", (n,)) for what in ("mean", "var"))
        scale = 1 / np.sqrt(variance + np.float32(_EPSILON))
        if not affine:
            return scale, -mean * scale
        scale *= self.tensor(f"{name}.weight", (n,))
        return scale, self.tensor(f"{name}.bias", (n,)) - mean * scale

    def convolution(
        self, x: str, name: str, shape: tuple[int, ...], norm: str = "", *, affine: bool = True, **attributes: Any
    ) -> str:
        """A convolution without a bias; `norm` names the batch normalisation behind it, which its weights take in."""
        weights = self.tensor(f"{name}.weight", shape)
        if len(shape) == 3:  # over frames alone
            weights = weights[:, :, None]
        inputs = [x]
        if norm:
            scale, shift = self.scale_and_shift(norm, shape[0], affine=affine)
            weights = weights * scale.reshape(-1, 1, 1, 1)
            inputs += [self.weights(weights), self.weights(shift)]
        elif f"{name}.bias" in self._state:
            inputs += [self.weights(weights), self.weights(self.tensor(f"{name}.bias", shape[:1]))]
        else:
            inputs += [self.weights(weights)]
        return self.node("Conv", inputs, **attributes)

    def norm_relu(self, x: str, name: str, n: int) -> str:
        none, one = np.zeros(n, np.float32), np.ones(n, np.float32)
        values = [*self.scale_and_shift(name, n), none, one]
        inputs = [x, *(self.weights(value) for value in values)]
        return self.relu(self.node("BatchNormalization", inputs, epsilon=0.0))

    def relu(self, x: str) -> str:
        return self.node("Relu", [x])


def _write_layers(graph: _Graph) -> None:
    x = graph.node("Transpose", ["features"], perm=[0, 2, 1])
    x = _residual_head(graph, x)
    n = 128
    x = graph.convolution(
        x, "xvector.tdnn.linear", (n, 320, 5), "xvector.tdnn.nonlinear.batchnorm", strides=[1, 2], pads=[0, 2, 0, 2]
    )
    x = graph.relu(x)
    for i, (n_layers, dilation) in enumerate(_BLOCKS, 1):
        for layer in range(1, n_layers + 1):
            x = _dense_layer(graph, x, f"xvector.block{i}.tdnnd{layer}", n, dilation)
            n += 32
        x = graph.norm_relu(x, f"xvector.transit{i}.nonlinear.batchnorm", n)
        x = graph.convolution(x, f"xvector.transit{i}.linear", (n // 2, n, 1))
        n //= 2
    x = graph.norm_relu(x, "xvector.out_nonlinear.batchnorm", n)
    x = graph.node("Unsqueeze", [_statistics(graph, x), graph.constant([2, 3])])
    x = graph.convolution(
        x, "xvector.dense.linear", (DIMENSION, 2 * n, 1), "xvector.dense.nonlinear.batchnorm", affine=False
    )
    graph.node("Squeeze", [x, graph.constant([2, 3])], "embedding")


def _residual_head(graph: _Graph, x: str) -> str:
    """Two-dimensional convolutions over bands and frames; the bands are 80, 40, 20 and at last 10."""
    n = 32
    x = graph.node("Unsqueeze", [x, graph.constant([1])])
    x = graph.relu(graph.convolution(x, "head.conv1", (n, 1, 3, 3), "head.bn1", pads=[1] * 4))
    for layer in ("layer1", "layer2"):
        for block, stride in ((0, 2), (1, 1)):
            name, strides = f"head.{layer}.{block}", [stride, 1]
            y = graph.convolution(x, f"{name}.conv1", (n, n, 3, 3), f"{name}.bn1", pads=[1] * 4, strides=strides)
            y = graph.convolution(graph.relu(y), f"{name}.conv2", (n, n, 3, 3), f"{name}.bn2", pads=[1] * 4)
            if stride > 1:
                x = graph.convolution(x, f"{name}.shortcut.0", (n, n, 1, 1), f"{name}.shortcut.1", strides=strides)
            x = graph.relu(graph.node("Add", [y, x]))
    x = graph.relu(graph.convolution(x, "head.conv2", (n, n, 3, 3), "head.bn2", pads=[1] * 4, strides=[2, 1]))
    return graph.node("Reshape", [x, graph.constant([0, n * N_MELS // 8, 1, -1])])


def _dense_layer(graph: _Graph, x: str, name: str, n: int, dilation: int) -> str:
    """One layer of a block: what it finds is put behind what it was given."""
    y = graph.norm_relu(x, f"{name}.nonlinear1.batchnorm", n)
    y = graph.relu(graph.convolution(y, f"{name}.linear1", (128, n, 1), f"{name}.nonlinear2.batchnorm"))
    cam = f"{name}.cam_layer"
    local = graph.convolution(
        y, f"{cam}.linear_local", (32, 128, 3), dilations=[1, dilation], pads=[0, dilation, 0, dilation]
    )
    mean = graph.node("ReduceMean", [y, graph.constant([3])], keepdims=1)
    context = graph.node("Mul", [mean, graph.constant([_CONTEXT_MEANS], np.float32)])
    context = graph.relu(graph.convolution(context, f"{cam}.linear1", (64, 128, 1)))
    mask = graph.node("Sigmoid", [graph.convolution(context, f"{cam}.linear2", (32, 64, 1))])
    return graph.node("Concat", [x, graph.node("Mul", [local, mask])], axis=1)


def _statistics(graph: _Graph, x: str) -> str:
    """Mean and standard deviation over the frames, the latter with n - 1."""
    x = graph.node("Squeeze", [x, graph.constant([2])])
    axes = graph.constant([2])
    mean = graph.node("ReduceMean", [x, axes], keepdims=1)
    squares = graph.node("ReduceSumSquare", [graph.node("Sub", [x, mean]), axes], keepdims=0)
    n_frames = graph.node("Cast", [graph.node("Shape", [x], start=2, end=3)], to=_ONNX_FLOAT)
    variance = graph.node("Div", [squares, graph.node("Sub", [n_frames, graph.constant([1.0], np.float32)])])
    return graph.node("Concat", [graph.node("Squeeze", [mean, axes]), graph.node("Sqrt", [variance])], axis=1)
