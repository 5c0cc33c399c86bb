"""What a manifest may name: files, objects below a root, and hosts; those of an HTTP server here are private."""

from __future__ import annotations

import os
from pathlib import Path

import fsspec
import pytest

from hindi_stt.bulk.sources import Sources
from hindi_stt.errors import (
    BodyTooLarge,
    HindiSTTError,
    PrivateAddress,
    ReferenceMissing,
    ReferenceNotAllowed,
    ReferenceUnreachable,
)

CONTENT = bytes(range(256)) * 1_500


def read(sources: Sources, source: str) -> bytes:
    with sources.open(source) as file:
        content = file.read()
        file.seek(0)
        assert file.read() == content
    return content


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root" / "folder").mkdir(parents=True)
    (tmp_path / "root" / "folder" / "a.wav").write_bytes(CONTENT)
    (tmp_path / "outside.wav").write_bytes(b"outside")
    return tmp_path / "root"


def test_paths_are_relative_to_the_manifest_or_absolute(root: Path) -> None:
    sources = Sources(root, "", 10)  # what is already here has no bound
    assert read(sources, "folder/a.wav") == CONTENT
    assert read(sources, str(root / "folder" / "a.wav")) == CONTENT
    assert read(sources, "../outside.wav") == b"outside"


@pytest.mark.parametrize("source", ["../outside.wav", "link.wav", "folder/../../outside.wav"])
def test_a_path_that_leads_out_of_the_root(root: Path, source: str) -> None:
    (root / "link.wav").symlink_to(root.parent / "outside.wav")
    sources = Sources(root, str(root), 10**6)
    assert read(sources, "folder/a.wav") == CONTENT
    with pytest.raises(ReferenceNotAllowed):
        read(sources, source)


@pytest.mark.parametrize("source", ["none.wav", "folder", "pipe", "a\0b", "x" * 5_000, "loop"])
def test_a_path_of_no_file(root: Path, source: str) -> None:
    os.mkfifo(root / "pipe")
    (root / "loop").symlink_to(root / "loop")
    with pytest.raises(ReferenceMissing):
        read(Sources(root, "", 10**6), source)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/a.wav", "HTTPS://localhost/a.wav", "http://[::1]/a.wav"])
def test_hosts_that_are_not_public(root: Path, url: str) -> None:
    with pytest.raises(PrivateAddress):
        read(Sources(root, "", 10**6), url)


@pytest.mark.parametrize("source", ["http://example.com/a.wav", "https://example.com/a.wav"])
def test_with_a_root_no_host_is_asked(root: Path, source: str) -> None:
    with pytest.raises(ReferenceNotAllowed):
        read(Sources(root, str(root), 10**6), source)


@pytest.mark.parametrize("source", ["file:///etc/hostname", "s3://bucket/a.wav", "memory://bucket/a.wav"])
def test_without_a_root_no_store_is_asked(root: Path, source: str) -> None:
    with pytest.raises(ReferenceNotAllowed):
        read(Sources(root, "", 10**6), source)


@pytest.fixture
def store() -> str:
    """An object store in memory, with one recording."""
    fsspec.filesystem("memory").pipe_file("/bucket/archive/folder/a.wav", CONTENT)
    fsspec.filesystem("memory").pipe_file("/bucket/other/a.wav", b"outside")
    return "memory://bucket/archive"


@pytest.mark.parametrize("slash", ["", "/"])
def test_objects_below_a_root(tmp_path: Path, store: str, slash: str) -> None:
    sources = Sources(tmp_path, store + slash, len(CONTENT))
    assert read(sources, "folder/a.wav") == CONTENT
    assert read(sources, f"{store}/folder/a.wav") == CONTENT


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("memory://bucket/other/a.wav", ReferenceNotAllowed),
        ("memory://bucket/archive-2/a.wav", ReferenceNotAllowed),
        ("../other/a.wav", ReferenceNotAllowed),
        ("memory://bucket/archive/../other/a.wav", ReferenceNotAllowed),
        ("http://127.0.0.1/a.wav", ReferenceNotAllowed),
        ("folder/none.wav", ReferenceMissing),
    ],
)
def test_what_is_not_below_the_root(tmp_path: Path, store: str, source: str, error: type[HindiSTTError]) -> None:
    with pytest.raises(error):
        read(Sources(tmp_path, store, 10**6), source)


def test_an_object_that_is_too_large(tmp_path: Path, store: str) -> None:
    with pytest.raises(BodyTooLarge, match=str(len(CONTENT) - 1)):
        read(Sources(tmp_path, store, len(CONTENT) - 1), "folder/a.wav")


@pytest.mark.parametrize("root", ["nosuchstore://bucket", "zip://none.zip::file:///none"])
def test_a_store_that_does_not_answer(tmp_path: Path, root: str) -> None:
    with pytest.raises((ReferenceUnreachable, ReferenceMissing)):
        read(Sources(tmp_path, root, 10**6), "a.wav")
