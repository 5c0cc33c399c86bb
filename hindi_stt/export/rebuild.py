"""From a bundle back to the NeMo model it was exported from, so that NeMo can be the oracle of a committed bundle.

Weights come from the ONNX file's initialisers, which carry NeMo's names (`hindi_stt.export.names`); configuration and
tokenizer from the bundle's assets. A BatchNorm that was folded into its convolution becomes the identity, so the
rebuilt model computes the same function with other numbers in it. Weights that are stored as float16 stay rounded.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
import yaml
from nemo.collections.asr.models import EncDecCTCModel

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.errors import BundleInvalid
from hindi_stt.export.graph import Graph
from hindi_stt.export.names import TRANSPOSED
from hindi_stt.export.nemo_model import build_nemo_model, computed_by_configuration
from hindi_stt.types import Float32

__all__ = ["rebuild", "stored_weights"]


def rebuild(folder: str | Path) -> EncDecCTCModel:
    """Rebuild the NeMo model of a bundle from its fp32 ONNX file, on the CPU, in evaluation mode.

    Args:
        folder: The bundle's folder.

    Returns:
        The NeMo model.

    Raises:
        BundleInvalid: The folder holds no valid bundle, or a weight is missing from the ONNX file.
    """
    bundle = Bundle.open(folder)
    model = _build(bundle)
    weights = stored_weights(onnx.load(str(bundle.path("acoustic", "fp32"))))
    state = model.state_dict()
    missing = [key for key in state if not _fill(state, key, weights)]
    if missing:
        raise BundleInvalid(f"{bundle.folder}: the ONNX file has no weights for {', '.join(missing[:5])}.")
    model.load_state_dict(state)
    return model.eval()


def stored_weights(model: onnx.ModelProto) -> dict[str, Float32]:
    """Return the weights of an ONNX model by name, as float32 arrays in NeMo's orientation."""
    graph = Graph(model)
    weights: dict[str, Float32] = {}
    for name in graph.initializers:
        value = graph.array(name)
        if value is None or value.dtype.kind != "f":
            continue
        value = value.astype(np.float32)
        weights[name.removesuffix(TRANSPOSED)] = value.T if name.endswith(TRANSPOSED) else value
    return weights


def _build(bundle: Bundle) -> EncDecCTCModel:
    config = yaml.safe_load(bundle.path("nemo_config").read_text(encoding="utf-8"))
    has_tokenizer = any(asset.role == "tokenizer" for asset in bundle.manifest.assets)
    pieces = tuple(config["decoder"]["vocabulary"])
    return build_nemo_model(config, bundle.path("tokenizer") if has_tokenizer else None, pieces)


def _fill(state: dict[str, torch.Tensor], key: str, weights: dict[str, Float32]) -> bool:
    """Put the stored value of one entry into the state dict; False where the bundle has none."""
    target = state[key]
    if key in weights:
        state[key] = torch.from_numpy(np.ascontiguousarray(weights[key].reshape(tuple(target.shape))))
        return True
    if computed_by_configuration(key):
        return True
    stem, _, part = key.rpartition(".")
    if not stem.endswith(".batch_norm"):
        return False
    epsilon = 1e-5
    identity = {"weight": 1.0, "bias": 0.0, "running_mean": 0.0, "running_var": 1.0 - epsilon, "num_batches_tracked": 0}
    target.fill_(identity[part])
    convolution_bias = stem.removesuffix("batch_norm") + "depthwise_conv.bias"
    if part == "bias" and convolution_bias not in state and convolution_bias in weights:
        state[key] = torch.from_numpy(weights[convolution_bias].copy())
    return True
