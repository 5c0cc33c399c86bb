"""PyanNet as an ONNX graph, from made-up weights, against the same layers written out in NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from hindi_stt.catalogue.pyannet import SEGMENTATION, write_pyannet
from hindi_stt.errors import CorruptModel
from tests.support.checkpoints import Weights, pyannet_weights

MODULES_UNDER_TEST = ("hindi_stt/catalogue/pyannet.py", "hindi_stt/catalogue/graph_writer.py")

RATE = 16_000


def log_probs(weights: Weights, path: Path, samples: np.ndarray) -> np.ndarray:
    write_pyannet(weights, path)
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run([SEGMENTATION.output], {SEGMENTATION.samples_input: samples})
    return np.asarray(found)


def sinc_filters(weights: Weights) -> np.ndarray:
    """Ideal band-pass filters times a Hamming window, [80, 251]: with a cosine, and with a sine."""
    bank = "sincnet.conv1d.0.filterbank"
    low = 50 + np.abs(weights[f"{bank}.low_hz_"].astype(float))
    high = np.clip(low + 50 + np.abs(weights[f"{bank}.band_hz_"].astype(float)), 50, RATE / 2)
    time_s = np.arange(-125, 126) / RATE
    middle, width = (low + high) / 2, high - low
    envelope = np.sinc(width * time_s) * np.hamming(251)
    return np.concatenate(
        [envelope * np.cos(2 * np.pi * middle * time_s), -envelope * np.sin(2 * np.pi * middle * time_s)]
    )


def convolved(x: np.ndarray, filters: np.ndarray, stride: int = 1) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(x, filters.shape[-1], axis=1)[:, ::stride]
    return np.asarray(np.einsum("ctk,ock->ot", windows, filters))


def normalised(x: np.ndarray, weights: Weights, name: str) -> np.ndarray:
    x = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
    return np.asarray(x * weights[f"{name}.weight"][:, None] + weights[f"{name}.bias"][:, None])


def leaky(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, 0.01 * x)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x)))


def lstm(x: np.ndarray, weights: Weights, end: str) -> np.ndarray:
    """One direction of a layer: [frames, in] to [frames, 128]; gates as torch.nn.LSTM documents them."""
    state = memory = np.zeros(128)
    found = []
    for frame in x:
        gates = weights[f"lstm.weight_ih_{end}"] @ frame + weights[f"lstm.bias_ih_{end}"]
        gates = gates + weights[f"lstm.weight_hh_{end}"] @ state + weights[f"lstm.bias_hh_{end}"]
        into, forget, cell, out = np.split(gates, 4)
        memory = sigmoid(forget) * memory + sigmoid(into) * np.tanh(cell)
        state = sigmoid(out) * np.tanh(memory)
        found.append(state)
    return np.stack(found)


def reference(weights: Weights, samples: np.ndarray) -> np.ndarray:
    x = normalised(samples[None].astype(float), weights, "sincnet.wav_norm1d")
    for i in range(3):
        if i == 0:
            x = np.abs(convolved(x, sinc_filters(weights)[:, None], 10))
        else:
            x = convolved(x, weights[f"sincnet.conv1d.{i}.weight"]) + weights[f"sincnet.conv1d.{i}.bias"][:, None]
        x = x[:, : x.shape[1] // 3 * 3].reshape(len(x), -1, 3).max(axis=2)
        x = leaky(normalised(x, weights, f"sincnet.norm1d.{i}"))
    x = x.T
    for layer in range(4):
        backwards = lstm(x[::-1], weights, f"l{layer}_reverse")[::-1]
        x = np.hstack([lstm(x, weights, f"l{layer}"), backwards])
    for i in range(2):
        x = leaky(x @ weights[f"linear.{i}.weight"].T + weights[f"linear.{i}.bias"])
    x = x @ weights["classifier.weight"].T + weights["classifier.bias"]
    return np.asarray(x - np.log(np.exp(x).sum(axis=1, keepdims=True)))


def test_it_computes_what_the_layers_say(tmp_path: Path) -> None:
    weights = pyannet_weights()
    samples = np.random.default_rng(1).standard_normal((2, RATE)).astype(np.float32)
    found = log_probs(weights, tmp_path / "m.onnx", samples)
    n_frames = 1 + (RATE - SEGMENTATION.frame_samples) // SEGMENTATION.hop_samples
    assert found.shape == (2, n_frames, len(SEGMENTATION.classes))
    for i in range(2):
        assert found[i] == pytest.approx(reference(weights, samples[i]), abs=1e-3)
    assert found.std() > 0.05, "the weights make a difference"


def test_other_weights_are_refused(tmp_path: Path) -> None:
    weights = pyannet_weights()
    del weights["classifier.bias"]
    with pytest.raises(CorruptModel, match="not a PyanNet model"):
        write_pyannet(weights, tmp_path / "m.onnx")
    weights = pyannet_weights() | {"linear.0.weight": np.zeros((128, 128), np.float32)}
    with pytest.raises(CorruptModel, match=r"shape \(128, 128\) instead of \(128, 256\)"):
        write_pyannet(weights, tmp_path / "m.onnx")
