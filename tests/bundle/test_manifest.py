"""A bundle opens when it is whole, and says what is wrong when it is not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hindi_stt.bundle.manifest import EMBEDDED, Bundle, sha256_of
from hindi_stt.bundle.store import resolve
from hindi_stt.errors import BundleInvalid, InvalidSetting, ModelNotFound
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.types import Features, LogProbs

Manifest = dict[str, Any]
WEIGHTS = {"alpha": 0.5, "beta": 1.0, "unknown": -3.0}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EMBEDDED, tmp_path / "bundle"))


def edit(folder: Path, change: Callable[[Manifest], None]) -> None:
    path = folder / "bundle.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


def rewrite(folder: Path, role: str, content: bytes) -> None:
    """Replace an asset and keep its checksum right, so that only the content is wrong."""

    def change(manifest: Manifest) -> None:
        asset = next(a for a in manifest["assets"] if a["role"] == role)
        (folder / asset["file"]).write_bytes(content)
        asset["sha256"] = sha256_of(folder / asset["file"])

    edit(folder, change)


def test_the_embedded_bundle_opens(bundle: Bundle) -> None:
    assert len(bundle.tokens) == bundle.manifest.acoustic.n_classes
    assert bundle.manifest.frame_shift_s == pytest.approx(0.04)
    assert bundle.tag == f"{bundle.manifest.name}:{bundle.version}"


def test_a_folder_without_a_manifest(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"bundle\.json"):
        Bundle.open(tmp_path)


def test_a_missing_file(folder: Path) -> None:
    (folder / "tokens.txt").unlink()
    with pytest.raises(BundleInvalid, match=r"tokens\.txt is missing"):
        Bundle.open(folder)


def test_an_altered_file(folder: Path) -> None:
    with (folder / "tokens.txt").open("a") as f:
        f.write("x")
    with pytest.raises(BundleInvalid, match=r"tokens\.txt has SHA-256"):
        Bundle.open(folder)


def test_a_file_that_changes_after_it_was_verified(folder: Path) -> None:
    bundle = Bundle.open(folder)
    bundle.check_unchanged()
    tokens = folder / "tokens.txt"
    content = tokens.read_bytes()
    tokens.write_bytes(content)  # another time, the same content
    for form in (bundle, bundle.with_precision("fp32")):
        form.check_unchanged()
        tokens.write_bytes(content[:-1] + b" ")
        with pytest.raises(BundleInvalid, match="SHA-256"):
            form.check_unchanged()
        tokens.unlink()
        with pytest.raises(BundleInvalid, match="is missing"):
            form.check_unchanged()
        tokens.write_bytes(content)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        pytest.param(lambda m: m.update(schema_version=2), "schema_version", id="schema"),
        pytest.param(lambda m: m.update(surprise=1), "surprise", id="unknown key"),
        pytest.param(lambda m: m["features"].pop("n_mels"), "n_mels", id="missing key"),
        pytest.param(lambda m: m["acoustic"].update(blank_id=129), "blank_id", id="blank"),
        pytest.param(lambda m: m.update(default_precision="int4"), "int4", id="precision"),
        pytest.param(lambda m: m.update(default_language_model="court"), "court", id="language model"),
        pytest.param(lambda m: m["assets"].append(m["assets"][0]), "share a role", id="twice"),
        pytest.param(lambda m: m["assets"][0].update(weights=WEIGHTS), "only language models", id="weights"),
        pytest.param(lambda m: m["assets"][-1].update(weights=WEIGHTS | {"unknown": 1}), "unknown", id="unknown words"),
        pytest.param(lambda m: m["assets"][0].update(file="../x"), "file", id="path"),
        pytest.param(lambda m: m["assets"][0].update(file="x" * 300), "file", id="longer than a name may be"),
        pytest.param(lambda m: m["acoustic"].update(n_classes=130, blank_id=129), "ids 0 to 129", id="classes"),
    ],
)
def test_a_wrong_manifest(folder: Path, change: Callable[[Manifest], None], match: str) -> None:
    edit(folder, change)
    with pytest.raises(BundleInvalid, match=match):
        Bundle.open(folder)


def test_a_wrong_filterbank(folder: Path) -> None:
    np.save(folder / "other.npy", np.zeros((3, 3)))
    rewrite(folder, "filterbank", (folder / "other.npy").read_bytes())
    with pytest.raises(BundleInvalid, match=r"float64 \(3, 3\)"):
        Bundle.open(folder)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x01\x00\x10\x00{'descr': (       ", b"\x93NUMPY\x01\x00"])
def test_a_filterbank_that_is_none(folder: Path, content: bytes) -> None:
    rewrite(folder, "filterbank", content)
    with pytest.raises(BundleInvalid, match="not a NumPy array file"):
        Bundle.open(folder)


def test_tokens_that_are_no_text(folder: Path) -> None:
    rewrite(folder, "tokens", b"\xff\xfe 0\n")
    with pytest.raises(BundleInvalid, match="not UTF-8"):
        Bundle.open(folder)


def test_a_pickle_is_not_loaded(folder: Path) -> None:
    np.save(folder / "other.npy", np.array([object()]), allow_pickle=True)
    rewrite(folder, "filterbank", (folder / "other.npy").read_bytes())
    with pytest.raises(BundleInvalid, match="not a NumPy array file"):
        Bundle.open(folder)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda m: m["acoustic"].update(features_input="signal"), "no input or output named 'signal'"),
        (lambda m: m["acoustic"].update(log_probs_output="length"), "'length'"),
        (lambda m: m["acoustic"].update(length_input="audio_signal"), "rank 3, expected 1"),
    ],
)
def test_an_onnx_file_that_does_not_fit(folder: Path, change: Callable[[Manifest], None], match: str) -> None:
    edit(folder, change)
    with pytest.raises(BundleInvalid, match=match):
        LocalAcoustic(Bundle.open(folder), threads=1)


def test_an_onnx_file_that_is_none(folder: Path) -> None:
    rewrite(folder, "acoustic", b"not onnx")
    with pytest.raises(BundleInvalid, match="cannot be loaded"):
        LocalAcoustic(Bundle.open(folder), threads=1)


def test_settings_choose_the_bundle(folder: Path) -> None:
    assert resolve(Settings(model="")).folder == EMBEDDED
    assert resolve(Settings(model=str(folder))).folder == folder
    with pytest.raises(ModelNotFound):
        resolve(Settings(model=str(folder / "nothing")))
    with pytest.raises(ModelNotFound, match="no-such-model:latest"):
        resolve(Settings(model="no-such-model:latest"))


def test_settings_choose_the_precision(folder: Path, acoustic: LocalAcoustic) -> None:
    noise = Features(np.random.default_rng(0).standard_normal((80, 200)).astype(np.float32), 2.0)
    (fp32,) = acoustic([noise])
    chosen = resolve(Settings(model=str(folder), precision="int8"))
    assert chosen.tag == Bundle.open(folder).tag
    int8 = LocalAcoustic(chosen, threads=1)
    assert int8.precision == "int8"
    (other,) = int8([noise])
    assert isinstance(fp32, LogProbs)
    assert isinstance(other, LogProbs)
    assert 0 < np.abs(fp32.values - other.values).max() < 3
    edit(folder, lambda m: m.update(assets=[asset for asset in m["assets"] if asset["name"] != "int8"]))
    with pytest.raises(InvalidSetting, match=r"HINDI_STT_PRECISION=int8: .* has fp32 only"):
        resolve(Settings(model=str(folder), precision="int8"))
