"""A bundle of version 0.1 gets the later graph passes and stays the same model; oracle tests on the embedded model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from hindi_stt.bundle.manifest import REPORT_FILE, Bundle, sha256_of
from hindi_stt.errors import BundleInvalid
from hindi_stt.evaluation.consistency import check_consistency, made_up_features
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.types import LogProbs

pytestmark = pytest.mark.oracle


def log_probs(bundle: Bundle, precision: str) -> list[np.ndarray]:
    results = LocalAcoustic(bundle, threads=1, precision=precision)(made_up_features(bundle, (1, 4, 9, 25)))
    assert all(isinstance(result, LogProbs) for result in results)
    return [result.values for result in results if isinstance(result, LogProbs)]


@pytest.fixture(scope="module")
def earlier(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The embedded model as 0.1 exported it."""
    import onnx

    from hindi_stt.bundle.folder import write_manifest
    from hindi_stt.export import onnx_model
    from hindi_stt.export.int8 import quantize
    from hindi_stt.export.rebuild import rebuild

    folder = tmp_path_factory.mktemp("earlier") / "bundle"
    copy = bundle.copy_with(folder, [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnx_model, "PASSES", onnx_model.FIRST_PASSES)
        exported = onnx_model.export_onnx(rebuild(bundle.folder)).model
    for precision, form in (("fp32", exported), ("int8", quantize(exported))):
        file = copy.path("acoustic", precision)
        kept = onnx.load(str(file), load_external_data=False).metadata_props
        onnx.helper.set_model_props(form, {entry.key: entry.value for entry in kept})
        onnx.save(onnx_model.check(form), str(file))
    assets = [a.model_copy(update={"sha256": sha256_of(folder / a.file)}) for a in copy.manifest.assets]
    write_manifest(copy.manifest.model_copy(update={"assets": tuple(assets)}), folder)
    return Bundle.open(folder)


@pytest.fixture(scope="module")
def refreshed(earlier: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    from hindi_stt.export.refresh import refresh

    return refresh(earlier, tmp_path_factory.mktemp("refreshed"))[0]


def test_the_same_model(earlier: Bundle, refreshed: Bundle) -> None:
    assert refreshed.manifest.model_copy(update={"assets": ()}) == earlier.manifest.model_copy(update={"assets": ()})
    assert refreshed.tokens == earlier.tokens
    for old, new in zip(log_probs(earlier, "fp32"), log_probs(refreshed, "fp32"), strict=True):
        np.testing.assert_allclose(new, old, atol=1e-4)
    drift = [
        np.abs(a - b).mean() for a, b in zip(log_probs(refreshed, "fp32"), log_probs(refreshed, "int8"), strict=True)
    ]
    before = [np.abs(a - b).mean() for a, b in zip(log_probs(earlier, "fp32"), log_probs(earlier, "int8"), strict=True)]
    assert np.mean(drift) < 1.2 * np.mean(before)


def test_no_company_changes_it(refreshed: Bundle) -> None:
    for precision in check_consistency(refreshed, threads=1):
        assert precision.sound, precision


def test_its_graphs_are_smaller(earlier: Bundle, refreshed: Bundle) -> None:
    import onnx

    for precision in ("fp32", "int8"):
        before, after = (onnx.load(str(one.path("acoustic", precision))) for one in (earlier, refreshed))
        assert {p.key: p.value for p in after.metadata_props} == {p.key: p.value for p in before.metadata_props}
        assert len(after.graph.node) < len(before.graph.node)
    report = json.loads((refreshed.folder / REPORT_FILE).read_text(encoding="utf-8"))
    assert report["fidelity"]["fp32"]["argmax_differs"] == 0
    assert report["nodes"]["depthwise_to_2d"] < report["nodes"]["before"]


def test_refreshing_again_changes_nothing(refreshed: Bundle, tmp_path: Path) -> None:
    from hindi_stt.export.refresh import refresh

    again, _ = refresh(refreshed, tmp_path)
    for precision in ("fp32", "int8"):
        for a, b in zip(log_probs(refreshed, precision), log_probs(again, precision), strict=True):
            assert np.array_equal(a, b), precision


def test_a_bundle_without_fp32_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    import shutil

    from hindi_stt.bundle.folder import write_manifest
    from hindi_stt.export.refresh import refresh

    shutil.copytree(bundle.folder, tmp_path / "int8")
    assets = tuple(asset for asset in bundle.manifest.assets if (asset.role, asset.name) != ("acoustic", "fp32"))
    write_manifest(
        bundle.manifest.model_copy(update={"assets": assets, "default_precision": "int8"}), tmp_path / "int8"
    )
    with pytest.raises(BundleInvalid, match="no fp32 form"):
        refresh(Bundle.open(tmp_path / "int8"), tmp_path / "out")
    assert not (tmp_path / "out").exists()
