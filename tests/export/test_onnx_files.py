"""Graphs with their weights inside, and in a file beside them: the same results, and files that others can read."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import onnx
import pytest

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.export.onnx_files import save_onnx, size_of_weights
from hindi_stt.inference.acoustic import LocalAcoustic, weights_bytes
from hindi_stt.types import Features, LogProbs
from tests.support.waveform_model import waveform_bundle

MODULES_UNDER_TEST = ("hindi_stt/export/onnx_files.py",)


def rewritten(folder: Path, max_inline_bytes: int) -> Bundle:
    """A small bundle whose graph `save_onnx` has written."""
    bundle = waveform_bundle(folder)
    model = onnx.load(str(folder / "model.fp32.onnx"))
    (folder / "model.fp32.onnx").unlink()
    assets = save_onnx(model, folder, "fp32", {"precision": "fp32"}, max_inline_bytes=max_inline_bytes)
    manifest = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    others = [asset for asset in manifest["assets"] if asset["role"] != "acoustic"]
    manifest["assets"] = [*others, *(asset.model_dump() for asset in assets)]
    (folder / "bundle.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert bundle.folder == folder
    return Bundle.open(folder)


def test_weights_beside_the_graph(tmp_path: Path) -> None:
    inside = rewritten(tmp_path / "inside", 2**20)
    previous = os.umask(0o022)
    try:
        beside = rewritten(tmp_path / "beside", 1024)
    finally:
        os.umask(previous)
    assert sorted(path.name for path in beside.folder.glob("model*")) == ["model.fp32.onnx", "model.fp32.weights"]
    assert [asset.name for asset in beside.manifest.assets if asset.role == "weights"] == ["fp32:model.fp32.weights"]
    assert (beside.folder / "model.fp32.weights").stat().st_mode & 0o777 == 0o644
    assert weights_bytes(beside) == sum(path.stat().st_size for path in beside.folder.glob("model*"))
    graph = onnx.load(str(beside.folder / "model.fp32.onnx"), load_external_data=False)
    assert {entry.key: entry.value for entry in graph.metadata_props} == {"precision": "fp32"}
    clip = Features(np.random.default_rng(0).standard_normal((1, 16_000)).astype(np.float32), 1.0)
    (a,), (b,) = (LocalAcoustic(bundle, threads=1)([clip]) for bundle in (inside, beside))
    assert isinstance(a, LogProbs)
    assert isinstance(b, LogProbs)
    np.testing.assert_array_equal(a.values, b.values)


def test_a_graph_that_is_invalid_is_not_written(tmp_path: Path) -> None:
    model = onnx.load(str(waveform_bundle(tmp_path / "bundle").folder / "model.fp32.onnx"))
    assert size_of_weights(model) > 4 * 64 * 16 * 10
    model.graph.node[0].op_type = "NoSuchOperator"
    with pytest.raises(onnx.checker.ValidationError, match="NoSuchOperator"):
        save_onnx(model, tmp_path, "fp32")
    assert not list(tmp_path.glob("model*"))
