"""What lies in the place of a model file, in every layout: pointers of Git LFS after a clone without it, and pages."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from hindi_stt.bundle.manifest import Identity
from hindi_stt.catalogue.file_kinds import refuse_page, refuse_page_file
from hindi_stt.catalogue.nemo_conversion import convert
from hindi_stt.catalogue.ready_onnx import import_onnx
from hindi_stt.errors import NotAModelFile
from tests.support.indic_release import CONSTANT, make_release
from tests.support.published_onnx import LAYOUTS

MODULES_UNDER_TEST = ("hindi_stt/catalogue/file_kinds.py",)

IDENTITY = Identity("model", "hi", "MIT")
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 461000000\n".encode()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("published")
    folders = {name: make(root / name) for name, make in LAYOUTS.items()}
    make_release(root / "release")
    return folders | {"release": root / "release" / "assets"}


@pytest.mark.parametrize("content", [POINTER, b"\n <!DOCTYPE html><html>", b"<HTML>", b'<?xml version="1.0"?>'])
def test_content(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(NotAModelFile, match=r"model\.onnx is"):
        refuse_page_file(tmp_path / "model.onnx")


@pytest.mark.parametrize("content", [b"", b"\x08\x07pytorch", b"<unk> 0", b"version 1\n"])
def test_other_content(content: bytes) -> None:
    refuse_page(content, "model.onnx")


@pytest.mark.parametrize(
    ("layout", "name"),
    [
        ("onnx-asr", "model.onnx"),
        ("onnx-asr", "model.int8.onnx"),
        ("onnx-asr", "model.onnx.data"),
        ("onnx-asr", "vocab.txt"),
        ("sherpa-onnx", "model.int8.onnx"),
        ("nemo-pair", "encoder-model.onnx"),
        ("nemo-pair", "decoder-model.onnx"),
        ("release", "ctc_decoder.onnx"),
        ("release", "vocab.json"),
        ("release", "language_masks.json"),
        ("release", CONSTANT),
    ],
)
def test_a_pointer_in_a_folder_of_ready_files(
    published: dict[str, Path], tmp_path: Path, layout: str, name: str
) -> None:
    """Of two precisions, the good one is not taken alone either: the other was meant to be there."""
    folder = Path(shutil.copytree(published[layout], tmp_path / "clone"))
    (folder / name).write_bytes(POINTER)
    with pytest.raises(NotAModelFile, match=f"{name} is the pointer.*git lfs pull"):
        import_onnx(folder, tmp_path / "bundle", IDENTITY, preset="nemo-80-mel-2.5")
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize("name", ["model.nemo", "clone/model.safetensors", "clone/pytorch_model.bin"])
def test_a_pointer_in_place_of_what_is_exported(tmp_path: Path, name: str) -> None:
    """Told at once: an exporter would take a minute to start."""
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(POINTER)
    with pytest.raises(NotAModelFile, match=f"{file.name} is the pointer"):
        convert(file if name == "model.nemo" else file.parent, tmp_path / "bundle", IDENTITY, Path(sys.executable))
