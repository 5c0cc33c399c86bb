"""A hostile .nemo file is refused by name, writes nothing outside its folder, and runs nothing."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hindi_stt.errors import CorruptModel, UnsafeArchive
from hindi_stt.export.archive import unpack
from tests.export.archives import good_files, write_tar


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A folder around the work folder, checked afterwards: nothing but the archive and the work folder is in it."""
    yield tmp_path
    assert {path.name for path in tmp_path.iterdir()} <= {"model.nemo", "work"}


def special(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


def test_plain_archive(outside: Path) -> None:
    archive = unpack(write_tar(outside / "model.nemo", good_files()), outside / "work")
    assert archive.config["nemo_version"] == "1.8.0rc0"
    assert archive.weights.read_bytes() == b"weights"
    assert archive.artifact("nemo:abc_tokenizer.model").read_bytes() == b"tokenizer"
    with pytest.raises(CorruptModel):
        archive.artifact("nemo:../../etc/passwd")


def test_compressed_archive(outside: Path) -> None:
    file = write_tar(outside / "model.nemo", good_files())
    file.write_bytes(gzip.compress(file.read_bytes()))
    assert unpack(file, outside / "work").weights.is_file()


@pytest.mark.parametrize("name", ["../escaped", "a/../../escaped", "/tmp/escaped", "..\\escaped"])
def test_path_traversal(outside: Path, name: str) -> None:
    file = write_tar(outside / "model.nemo", {name: b"x", **good_files()})
    with pytest.raises(UnsafeArchive):
        unpack(file, outside / "work")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_special_files(outside: Path, kind: bytes) -> None:
    file = write_tar(outside / "model.nemo", good_files(), special("link", kind, "/etc/passwd"))
    with pytest.raises(UnsafeArchive):
        unpack(file, outside / "work")


def test_write_through_a_link(outside: Path) -> None:
    """The classic: a link to a folder outside, then a file below it."""
    file = write_tar(
        outside / "model.nemo", {}, special("d", tarfile.SYMTYPE, str(outside)), (tarfile.TarInfo("d/escaped"), b"")
    )
    with pytest.raises(UnsafeArchive):
        unpack(file, outside / "work")


def test_twice_the_same_member(outside: Path) -> None:
    weights = tarfile.TarInfo("./model_weights.ckpt")
    with pytest.raises(UnsafeArchive):
        unpack(write_tar(outside / "model.nemo", good_files(), (weights, b"")), outside / "work")


def test_too_large(outside: Path) -> None:
    """A gzip bomb: 16 MiB in a few kilobytes."""
    file = write_tar(outside / "model.nemo", {**good_files(), "zeros": bytes(2**24)})
    file.write_bytes(gzip.compress(file.read_bytes()))
    with pytest.raises(UnsafeArchive, match="more than 1048576 bytes"):
        unpack(file, outside / "work", max_bytes=2**20)
    assert sum(path.stat().st_size for path in (outside / "work").rglob("*") if path.is_file()) <= 2**20


def test_too_many_members(outside: Path) -> None:
    with pytest.raises(UnsafeArchive):
        unpack(write_tar(outside / "model.nemo", {str(i): b"" for i in range(1001)}), outside / "work")


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_truncated(outside: Path, share: float, *, compressed: bool) -> None:
    content = write_tar(outside / "model.nemo", {**good_files(), "more": bytes(range(256)) * 400}).read_bytes()
    content = gzip.compress(content, compresslevel=0) if compressed else content
    (outside / "model.nemo").write_bytes(content[: int(len(content) * share)])
    with pytest.raises(CorruptModel):
        unpack(outside / "model.nemo", outside / "work")


def test_no_archive_at_all(outside: Path) -> None:
    (outside / "model.nemo").write_bytes(b"RIFF" + bytes(100))
    with pytest.raises(CorruptModel):
        unpack(outside / "model.nemo", outside / "work")


@pytest.mark.parametrize("missing", ["./model_config.yaml", "./model_weights.ckpt"])
def test_incomplete(outside: Path, missing: str) -> None:
    files = {name: content for name, content in good_files().items() if name != missing}
    with pytest.raises(CorruptModel):
        unpack(write_tar(outside / "model.nemo", files), outside / "work")


def test_configuration_that_runs_code(outside: Path) -> None:
    config = f"target: !!python/object/apply:os.system ['touch {outside}/escaped']".encode()
    file = write_tar(outside / "model.nemo", {**good_files(), "./model_config.yaml": config})
    with pytest.raises(UnsafeArchive):
        unpack(file, outside / "work")


@pytest.mark.parametrize("config", [b"a: [1", b"just text", b"\xff\xfe\x00", b"- list"])
def test_configuration_that_is_none(outside: Path, config: bytes) -> None:
    file = write_tar(outside / "model.nemo", {**good_files(), "./model_config.yaml": config})
    with pytest.raises(CorruptModel):
        unpack(file, outside / "work")
