"""A small CTC model that takes samples, as ONNX and once more in NumPy: two convolutions and a softmax."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from hindi_stt.bundle.manifest import BLANK, Bundle, sha256_of
from hindi_stt.types import WORD_MARK

PIECES = ["<s>", BLANK, "</s>", "<unk>", WORD_MARK, "क", "म", "ल", "ा", "न"]
BLANK_ID, SPECIAL_IDS = 1, (0, 2, 3)
CONVOLUTIONS = ((10, 5), (64, 64))
SAMPLE_RATE = 16_000
_CHANNELS = 16


def waveform_bundle(folder: Path, *, batched: bool = True, name: str = "waveform") -> Bundle:
    """Write the model as a bundle."""
    folder.mkdir(parents=True)
    first, second = _weights()
    onnx.save(_graph(first, second), str(folder / "model.fp32.onnx"))
    tokens = "".join(f"{piece} {i}\n" for i, piece in enumerate(PIECES))
    (folder / "tokens.txt").write_text(tokens, encoding="utf-8")
    files = {("acoustic", "fp32"): "model.fp32.onnx", ("tokens", "ctc"): "tokens.txt"}
    manifest = {
        "name": name,
        "language": "hi",
        "licence": "Apache-2.0",
        "source": {"file": "none", "sha256": "0" * 64, "framework": "numpy"},
        "features": {"kind": "waveform", "sample_rate": SAMPLE_RATE, "normalize": "per_clip"},
        "acoustic": {
            "features_input": "audio_signal",
            "length_input": "length",
            "log_probs_output": "logprobs",
            "n_classes": len(PIECES),
            "blank_id": BLANK_ID,
            "subsampling": 320,
            "batched": batched,
            "convolutions": CONVOLUTIONS,
            "special_ids": SPECIAL_IDS,
        },
        "assets": [
            {"role": role, "name": asset, "file": file, "sha256": sha256_of(folder / file)}
            for (role, asset), file in files.items()
        ],
    }
    (folder / "bundle.json").write_text(json.dumps(manifest), encoding="utf-8")
    return Bundle.open(folder)


def expected_log_probs(samples: np.ndarray) -> np.ndarray:
    """The model in NumPy: float32 samples of one clip to log-probabilities [frames, classes]."""
    first, second = _weights()
    values = samples.astype(np.float64)
    values = (values - values.mean()) / np.sqrt(values.var() + 1e-7)
    hidden = np.maximum(_convolve(values[None], first, CONVOLUTIONS[0][1]), 0)
    logits = _convolve(hidden, second, CONVOLUTIONS[1][1]).T
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def expected_text(samples: np.ndarray) -> str:
    """Best path, repeats merged, then blank and special tokens dropped."""
    best = [class_ for class_, _ in groupby(expected_log_probs(samples).argmax(axis=1).tolist())]
    kept = [PIECES[class_] for class_ in best if class_ not in {BLANK_ID, *SPECIAL_IDS}]
    return " ".join("".join(kept).replace(WORD_MARK, " ").split())


def _weights() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    first = rng.standard_normal((_CHANNELS, 1, CONVOLUTIONS[0][0]))
    second = rng.standard_normal((len(PIECES), _CHANNELS, CONVOLUTIONS[1][0])) / 8
    return first.astype(np.float32), second.astype(np.float32)


def _convolve(values: np.ndarray, weights: np.ndarray, stride: int) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(values, weights.shape[2], axis=1)[:, ::stride]
    return np.einsum("ctk,ock->ot", windows, weights)


def _graph(first: np.ndarray, second: np.ndarray) -> onnx.ModelProto:
    nodes = [
        helper.make_node("Conv", ["audio_signal", "first"], ["a"], strides=[CONVOLUTIONS[0][1]]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "second"], ["c"], strides=[CONVOLUTIONS[1][1]]),
        helper.make_node("Transpose", ["c"], ["d"], perm=[0, 2, 1]),
        helper.make_node("LogSoftmax", ["d"], ["logprobs"], axis=-1),
    ]
    inputs = [
        helper.make_tensor_value_info("audio_signal", TensorProto.FLOAT, ["batch", 1, "samples"]),
        helper.make_tensor_value_info("length", TensorProto.INT64, ["batch"]),
    ]
    output = helper.make_tensor_value_info("logprobs", TensorProto.FLOAT, ["batch", "steps", len(PIECES)])
    weights = [numpy_helper.from_array(first, "first"), numpy_helper.from_array(second, "second")]
    graph = helper.make_graph(nodes, "waveform", inputs, [output], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
