"""Checkpoints as PyTorch writes them, without PyTorch; and made-up weights of the two speaker models."""

from __future__ import annotations

import io
import pickle
import sys
import types
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from hindi_stt.types import Float32

Weights = dict[str, Float32]


class Tensor:
    """Pickled as torch pickles a tensor (torch/_tensor.py, `_reduce_ex_internal`)."""

    def __init__(self, values: np.ndarray, stride: tuple[int, ...] | None = None) -> None:
        self.values = values
        self.stride = stride or tuple(step // values.itemsize for step in values.strides)

    def __reduce__(self) -> tuple[Any, ...]:
        rebuild = sys.modules["torch._utils"]._rebuild_tensor_v2
        return rebuild, (_Storage(self.values), 0, self.values.shape, self.stride, False, OrderedDict())


class _Storage:
    def __init__(self, values: np.ndarray) -> None:
        self.values = values


def write_checkpoint(path: Path, state: Any, *, cut: int = 0) -> Path:
    """Write an object with `Tensor`s in it as `torch.save` does, each without its last `cut` bytes."""
    data: list[bytes] = []
    buffer = io.BytesIO()
    # Modules with the names that torch's pickles have; only their names are written.
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def _rebuild_tensor_v2() -> None: ...

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    for name in ("FloatStorage", "LongStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj: Any) -> Any:
            if not isinstance(obj, _Storage):
                return None
            data.append(obj.values.tobytes()[: len(obj.values.tobytes()) - cut])
            kind = "FloatStorage" if obj.values.dtype == np.float32 else "LongStorage"
            return ("storage", getattr(torch, kind), str(len(data) - 1), "cpu", obj.values.size)

    with patch.dict(sys.modules, {"torch": torch, "torch._utils": utils}):
        Pickler(buffer, protocol=2).dump(state)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", buffer.getvalue())
        for i, values in enumerate(data):
            archive.writestr(f"model/data/{i}", values)
    return path


def tensors(weights: Weights) -> OrderedDict[str, Tensor]:
    return OrderedDict((name, Tensor(values)) for name, values in weights.items())


def campplus_weights(seed: int = 0) -> Weights:
    """Of a CAM++ model: names and shapes as in 3D-Speaker's speakerlab/models/campplus/DTDNN.py."""
    draw = np.random.default_rng(seed)
    made: Weights = {}

    def weight(name: str, *shape: int) -> None:
        fan_in = int(np.prod(shape[1:]))
        made[f"{name}.weight"] = (draw.standard_normal(shape) / np.sqrt(fan_in)).astype(np.float32)

    def norm(name: str, n: int, *, affine: bool = True) -> None:
        made[f"{name}.running_mean"] = draw.standard_normal(n).astype(np.float32) * np.float32(0.1)
        made[f"{name}.running_var"] = draw.uniform(0.5, 2, n).astype(np.float32)
        if affine:
            made[f"{name}.weight"] = draw.uniform(0.5, 2, n).astype(np.float32)
            made[f"{name}.bias"] = draw.standard_normal(n).astype(np.float32) * np.float32(0.1)

    weight("head.conv1", 32, 1, 3, 3)
    norm("head.bn1", 32)
    for layer in ("layer1", "layer2"):
        for block in (0, 1):
            for i in (1, 2):
                weight(f"head.{layer}.{block}.conv{i}", 32, 32, 3, 3)
                norm(f"head.{layer}.{block}.bn{i}", 32)
        weight(f"head.{layer}.0.shortcut.0", 32, 32, 1, 1)
        norm(f"head.{layer}.0.shortcut.1", 32)
    weight("head.conv2", 32, 32, 3, 3)
    norm("head.bn2", 32)
    weight("xvector.tdnn.linear", 128, 320, 5)
    norm("xvector.tdnn.nonlinear.batchnorm", 128)
    n = 128
    for block, layers in enumerate((12, 24, 16), 1):
        for layer in range(1, layers + 1):
            name = f"xvector.block{block}.tdnnd{layer}"
            norm(f"{name}.nonlinear1.batchnorm", n)
            weight(f"{name}.linear1", 128, n, 1)
            norm(f"{name}.nonlinear2.batchnorm", 128)
            weight(f"{name}.cam_layer.linear_local", 32, 128, 3)
            for linear, shape in (("linear1", (64, 128, 1)), ("linear2", (32, 64, 1))):
                weight(f"{name}.cam_layer.{linear}", *shape)
                made[f"{name}.cam_layer.{linear}.bias"] = np.zeros(shape[0], np.float32)
            n += 32
        norm(f"xvector.transit{block}.nonlinear.batchnorm", n)
        weight(f"xvector.transit{block}.linear", n // 2, n, 1)
        n //= 2
    norm("xvector.out_nonlinear.batchnorm", n)
    weight("xvector.dense.linear", 192, 2 * n, 1)
    norm("xvector.dense.nonlinear.batchnorm", 192, affine=False)
    return made


def pyannet_weights(seed: int = 0) -> Weights:
    """Of a PyanNet model: names and shapes as in pyannote.audio's models/segmentation/PyanNet.py."""
    draw = np.random.default_rng(seed)
    made: Weights = {}

    def values(name: str, *shape: int, scale: float = 0.1) -> None:
        made[name] = (scale * draw.standard_normal(shape)).astype(np.float32)

    for i, n in enumerate((80, 60, 60)):
        values(f"sincnet.norm1d.{i}.weight", n, scale=1)
        values(f"sincnet.norm1d.{i}.bias", n)
    values("sincnet.wav_norm1d.weight", 1, scale=1)
    values("sincnet.wav_norm1d.bias", 1)
    bank = "sincnet.conv1d.0.filterbank"
    made[f"{bank}.low_hz_"] = np.linspace(30, 7000, 40, dtype=np.float32)[:, None]
    made[f"{bank}.band_hz_"] = np.full((40, 1), 150, np.float32)
    made[f"{bank}.window_"] = np.hamming(251)[:125].astype(np.float32)
    made[f"{bank}.n_"] = (2 * np.pi * np.arange(-125, 0, dtype=np.float32) / 16_000)[None].astype(np.float32)
    for i, n_in in ((1, 80), (2, 60)):
        values(f"sincnet.conv1d.{i}.weight", 60, n_in, 5)
        values(f"sincnet.conv1d.{i}.bias", 60)
    for layer in range(4):
        for direction in ("", "_reverse"):
            values(f"lstm.weight_ih_l{layer}{direction}", 512, 60 if layer == 0 else 256)
            values(f"lstm.weight_hh_l{layer}{direction}", 512, 128)
            values(f"lstm.bias_ih_l{layer}{direction}", 512)
            values(f"lstm.bias_hh_l{layer}{direction}", 512)
    for name, n_in, n_out in (("linear.0", 256, 128), ("linear.1", 128, 128), ("classifier", 128, 7)):
        values(f"{name}.weight", n_out, n_in)
        values(f"{name}.bias", n_out)
    return made
