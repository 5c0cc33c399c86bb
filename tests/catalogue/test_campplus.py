"""CAM++ as an ONNX graph, from made-up weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from hindi_stt.catalogue.campplus import DIMENSION, N_MELS, write_campplus
from hindi_stt.errors import CorruptModel
from tests.support.checkpoints import Weights, campplus_weights

MODULES_UNDER_TEST = ("hindi_stt/catalogue/campplus.py",)

LAST_NORM = "xvector.dense.nonlinear.batchnorm"


def embeddings(weights: Weights, path: Path, features: np.ndarray) -> np.ndarray:
    write_campplus(weights, path)
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"features": features})
    return np.asarray(found)


def features(n_frames: int = 148, windows: int = 2) -> np.ndarray:
    return np.random.default_rng(1).standard_normal((windows, n_frames, N_MELS)).astype(np.float32)


@pytest.mark.parametrize("n_frames", [60, *(pytest.param(n, marks=pytest.mark.slow) for n in (98, 148, 200))])
def test_windows_do_not_affect_each_other(tmp_path: Path, n_frames: int) -> None:
    given, weights = features(n_frames), campplus_weights()
    together = embeddings(weights, tmp_path / "m.onnx", given)
    assert together.shape == (2, DIMENSION)
    alone = [embeddings(weights, tmp_path / "m.onnx", given[i : i + 1])[0] for i in range(2)]
    assert together == pytest.approx(np.stack(alone), abs=1e-4)
    assert np.abs(together[0] - together[1]).max() > 0.01


def test_the_embedding_is_what_the_last_normalisation_leaves(tmp_path: Path) -> None:
    weights = campplus_weights()
    weights["xvector.dense.linear.weight"][:] = 0
    found = embeddings(weights, tmp_path / "m.onnx", features())
    expected = -weights[f"{LAST_NORM}.running_mean"] / np.sqrt(weights[f"{LAST_NORM}.running_var"] + 1e-5)
    assert found == pytest.approx(np.stack([expected, expected]), abs=1e-3)
    assert (found < 0).any(), "no rectifier behind it"


def test_loudness_of_a_normalised_input_reaches_the_embedding_only_through_the_layers(tmp_path: Path) -> None:
    weights = campplus_weights()
    weights["head.conv1.weight"][:] = 0  # nothing of the features gets in
    found = embeddings(weights, tmp_path / "m.onnx", np.concatenate([features(windows=1), 5 * features(windows=1)]))
    assert found[0] == pytest.approx(found[1], abs=1e-4)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda weights: weights.pop("head.conv1.weight"), "no tensor head.conv1.weight"),
        (lambda weights: weights.update({"head.bn1.running_var": np.ones(31, np.float32)}), "shape"),
        (lambda weights: weights["xvector.dense.linear.weight"].fill(1e6), "float16"),
    ],
)
def test_other_weights_are_refused(tmp_path: Path, damage: Callable[[Weights], object], said: str) -> None:
    weights = campplus_weights()
    damage(weights)
    with pytest.raises(CorruptModel, match=said):
        write_campplus(weights, tmp_path / "m.onnx")
