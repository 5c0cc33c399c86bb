"""Archives of model files: only known names are taken, and nothing of the archive's paths."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from hindi_stt.catalogue.archives import unpack_model
from hindi_stt.catalogue.sources import is_model_file
from hindi_stt.errors import CorruptModel, HindiSTTError, SourceUnavailable, UnsafeArchive
from tests.export.archives import write_tar


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_only_the_model(tmp_path: Path) -> None:
    files = {"hi/model.onnx": b"1", "hi/tokens.txt": b"2", "hi/test_wavs/0.wav": b"3", "../../README.md": b"4"}
    archive = write_tar(tmp_path / "model.tar", files)
    folder = unpack_model(archive, tmp_path / "out", is_model_file)
    assert names(folder) == ["model.onnx", "tokens.txt"]
    assert (folder / "model.onnx").read_bytes() == b"1"


@pytest.mark.parametrize("name", ["../model.onnx", "/etc/model.onnx", "a/../../model.onnx"])
def test_paths_of_the_archive_do_not_matter(tmp_path: Path, name: str) -> None:
    archive = write_tar(tmp_path / "model.tar", {name: b"1"})
    assert names(unpack_model(archive, tmp_path / "out", is_model_file)) == ["model.onnx"]
    assert names(tmp_path) == ["model.tar", "out"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_not_taken(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("model.onnx")
    info.type, info.linkname = kind, "/etc/passwd"
    archive = write_tar(tmp_path / "model.tar", {"tokens.txt": b"1"}, (info, b""))
    assert names(unpack_model(archive, tmp_path / "out", is_model_file)) == ["tokens.txt"]


def cut(archive: Path) -> Path:
    archive.write_bytes(archive.read_bytes()[:1500])
    return archive


@pytest.mark.parametrize(
    ("kind", "error"),
    [("cut", CorruptModel), ("text", CorruptModel), ("twice", SourceUnavailable), ("large", UnsafeArchive)],
)
def test_archives_that_are_refused(tmp_path: Path, kind: str, error: type[HindiSTTError]) -> None:
    archive = write_tar(tmp_path / "model.tar", {"a/model.onnx": bytes(4000), "b/tokens.txt": b"1"})
    if kind == "cut":
        cut(archive)
    elif kind == "text":
        archive.write_text("<!DOCTYPE html>")
    elif kind == "twice":
        write_tar(archive, {"hi/model.onnx": b"1", "ta/model.onnx": b"2"})
    with pytest.raises(error):
        unpack_model(archive, tmp_path / "out", is_model_file, max_bytes=2000 if kind == "large" else 10_000)


def test_a_compressed_archive_that_is_cut(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        info = tarfile.TarInfo("model.onnx")
        info.size = 100_000
        tar.addfile(info, io.BytesIO(bytes(range(250)) * 400))
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(packed.getvalue()[: len(packed.getvalue()) // 2])
    with pytest.raises(CorruptModel):
        unpack_model(archive, tmp_path / "out", is_model_file)
