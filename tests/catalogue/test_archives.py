"""Archives of model files: only known names are taken, and nothing of the archive's paths."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hindi_stt.catalogue.archives import unpack_model
from hindi_stt.catalogue.sources import is_model_file
from hindi_stt.errors import (
    CorruptModel,
    HindiSTTError,
    SourceUnavailable,
    StorageFull,
    UnsafeArchive,
    UnsupportedModel,
)
from hindi_stt.export.archive import unpack
from tests.export.archives import write_tar
from tests.support.disks import small_disk


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
    archive = write_tar(tmp_path / "model.tar", {"encoder.onnx": b"1"}, (info, b""))
    assert names(unpack_model(archive, tmp_path / "out", is_model_file)) == ["encoder.onnx"]


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


COMPRESSIONS = ("gz", "bz2", "xz")


def damaged(file: Path, compression: str, where: float) -> Path:
    """An archive with one bit changed, at a place between 0 and 1 of its length; 1.6 MB that do not compress."""
    rng = np.random.default_rng(0)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=f"w:{compression}") as tar:
        for name in ("model.onnx", "tokens.txt", "model_config.yaml", "model_weights.ckpt"):
            info = tarfile.TarInfo(name)
            info.size = 400_000
            tar.addfile(info, io.BytesIO(rng.bytes(info.size)))
    content = bytearray(packed.getvalue())
    content[int(where * len(content))] ^= 1
    file.write_bytes(content)
    return file


@pytest.mark.slow
@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("where", [0.3, 0.6, 0.95, 0.9999])
def test_one_changed_bit_in_a_compressed_archive(tmp_path: Path, compression: str, where: float) -> None:
    """The checksum at the archive's end is compared, too, which tarfile by itself does not read."""
    archive = damaged(tmp_path / f"model.tar.{compression}", compression, where)
    with pytest.raises(CorruptModel, match=r"model\.tar"):
        unpack_model(archive, tmp_path / "model", is_model_file)
    with pytest.raises(CorruptModel, match=r"model\.tar"):
        unpack(archive, tmp_path / "nemo")


def test_what_follows_the_last_member_is_bounded(tmp_path: Path) -> None:
    archive = write_tar(tmp_path / "model.tar", {"model.onnx": b"1"})
    with archive.open("ab") as file:
        file.write(bytes(50_000))
    with pytest.raises(UnsafeArchive, match="follow"):
        unpack_model(archive, tmp_path / "out", is_model_file, max_bytes=20_000)


@pytest.mark.parametrize(
    ("files", "error", "said"),
    [
        (
            ["encoder.onnx", "decoder.onnx", "joiner.onnx", "tokens.txt"],
            UnsupportedModel,
            r"transducer \(joiner.onnx\)",
        ),
        (["encoder.int8.onnx", "decoder.onnx", "joiner.int8.onnx"], UnsupportedModel, "transducer"),
        (
            ["encoder-epoch-99-avg-1.onnx", "decoder-epoch-99-avg-1.onnx", "joiner-epoch-99-avg-1.onnx"],
            UnsupportedModel,
            "transducer",
        ),
        (["encoder-model.onnx", "decoder_joint-model.onnx", "vocab.txt"], UnsupportedModel, "transducer"),
        (["tiny-encoder.onnx", "tiny-decoder.onnx", "tiny-tokens.txt"], SourceUnavailable, "It has tiny-encoder.onnx"),
        (["README.md"], SourceUnavailable, "It has README.md"),
        ([], SourceUnavailable, "no files"),
    ],
)
def test_archives_of_another_family(tmp_path: Path, files: list[str], error: type[HindiSTTError], said: str) -> None:
    """Named by the archive and what is in it, not by a folder that is gone when the error is read."""
    archive = write_tar(tmp_path / "model.tar", {f"model/{name}": b"1" for name in files})
    with pytest.raises(error, match=said) as caught:
        unpack_model(archive, tmp_path / "out", is_model_file)
    assert "model.tar" in caught.value.message
    assert str(tmp_path / "out") not in caught.value.message


def test_a_ctc_model_beside_a_transducer(tmp_path: Path) -> None:
    names_of = ["encoder.onnx", "ctc_decoder.onnx", "rnnt_decoder.onnx", "joiner.onnx", "tokens.txt"]
    archive = write_tar(tmp_path / "model.tar", dict.fromkeys(names_of, b"1"))
    unpack_model(archive, tmp_path / "out", is_model_file)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    with small_disk(tmp_path / "disk", 1) as folder:
        yield folder


def test_a_full_disk(tmp_path: Path, full_disk: Path) -> None:
    """A full disk is no fault of the archive."""
    files = {"model.onnx": bytes(3_000_000), "model_config.yaml": b"{}", "model_weights.ckpt": b"1"}
    archive = write_tar(tmp_path / "model.tar", files)
    with pytest.raises(StorageFull):
        unpack_model(archive, full_disk / "model", is_model_file)
    (full_disk / "model" / "model.onnx").unlink()
    with pytest.raises(StorageFull):
        unpack(archive, full_disk / "nemo")
