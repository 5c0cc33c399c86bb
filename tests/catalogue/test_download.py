"""Downloads from a server on this machine: continued, redirected, refused, broken, and never half a file in place."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hindi_stt.catalogue.download import Download, download
from hindi_stt.catalogue.requests import open_client
from hindi_stt.errors import (
    ChecksumMismatch,
    DownloadInterrupted,
    ModelGated,
    NotAModelFile,
    SourceUnavailable,
    StorageFull,
)
from tests.support.disks import small_disk
from tests.support.model_hub import ModelHub

CONTENT = os.urandom(3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def hub() -> Iterator[ModelHub]:
    with ModelHub() as running:
        running.publish("owner/model", {"model.onnx": CONTENT})
        yield running


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with open_client() as running:
        yield running


def wanted(hub: ModelHub, folder: Path, **changes: object) -> Download:
    fields = {"address": f"{hub.url}/owner/model/resolve/main/model.onnx", "folder": folder, "name": "model.onnx"}
    return Download(**(fields | changes))  # type: ignore[arg-type]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_behind_a_redirect(hub: ModelHub, client: httpx.Client, tmp_path: Path) -> None:
    file = wanted(hub, tmp_path / "new", sha256=SHA256, n_bytes=len(CONTENT))
    assert download(file, client).read_bytes() == CONTENT
    assert names(tmp_path / "new") == ["model.onnx"]
    download(file, client)
    assert len(hub.at_storage) == 1


def test_the_token_stays_at_the_hub(hub: ModelHub, client: httpx.Client, tmp_path: Path) -> None:
    hub.gated["owner/model"] = "hf_secret"
    download(wanted(hub, tmp_path, token="hf_secret"), client)
    assert hub.requests[0][1]["Authorization"] == "Bearer hf_secret"
    assert "Authorization" not in hub.at_storage[0][1]


@pytest.mark.parametrize(("token", "said"), [("", "HF_TOKEN is not set"), ("hf_other", "the token in HF_TOKEN")])
def test_a_gated_file(hub: ModelHub, client: httpx.Client, tmp_path: Path, token: str, said: str) -> None:
    hub.gated["owner/model"] = "hf_secret"
    with pytest.raises(ModelGated, match=said) as caught:
        download(wanted(hub, tmp_path, token=token, page="https://hub.example/owner/model"), client)
    assert "https://hub.example/owner/model" in caught.value.message
    assert names(tmp_path) == []


def test_a_break_is_continued(hub: ModelHub, client: httpx.Client, tmp_path: Path) -> None:
    hub.storage.breaks = [1_000_000, 500_000]
    assert download(wanted(hub, tmp_path), client).read_bytes() == CONTENT
    first, *further = [headers["Range"] for _, headers in hub.at_storage]
    assert first is None
    assert len(further) == 2
    assert all(int(part.removeprefix("bytes=").removesuffix("-")) > 0 for part in further)


def test_a_later_run_continues(hub: ModelHub, client: httpx.Client, tmp_path: Path) -> None:
    hub.storage.breaks = [1_000_000, 0]
    with pytest.raises(DownloadInterrupted):
        download(wanted(hub, tmp_path), client)
    assert names(tmp_path) == ["model.onnx.part", "model.onnx.part.json"]
    have = (tmp_path / "model.onnx.part").stat().st_size
    assert 0 < have <= 1_000_000
    assert download(wanted(hub, tmp_path), client).read_bytes() == CONTENT
    assert hub.at_storage[-1][1]["Range"] == f"bytes={have}-"
    assert names(tmp_path) == ["model.onnx"]


def test_a_file_that_has_changed_is_begun_anew(hub: ModelHub, client: httpx.Client, tmp_path: Path) -> None:
    hub.storage.breaks = [1_000_000, 0]
    with pytest.raises(DownloadInterrupted):
        download(wanted(hub, tmp_path), client)
    changed = CONTENT[::-1]
    hub.publish("owner/model", {"model.onnx": changed})
    assert download(wanted(hub, tmp_path), client).read_bytes() == changed


def test_the_rest_of_a_changed_file_is_not_appended(hub: ModelHub, client: httpx.Client, tmp_path: Path) -> None:
    hub.storage.breaks = [1_000_000, 0]
    with pytest.raises(DownloadInterrupted):
        download(wanted(hub, tmp_path), client)
    hub.storage.passes_over_if_range = True
    changed = CONTENT[::-1]
    hub.publish("owner/model", {"model.onnx": changed})
    assert download(wanted(hub, tmp_path), client).read_bytes() == changed


def test_a_file_that_became_shorter_is_downloaded_again(hub: ModelHub, client: httpx.Client, tmp_path: Path) -> None:
    hub.publish("owner/model", {"model.onnx": CONTENT[:1000]})
    (tmp_path / "model.onnx.part").write_bytes(CONTENT[:5000])
    etag = f'"{hashlib.md5(CONTENT[:1000]).hexdigest()}"'
    (tmp_path / "model.onnx.part.json").write_text(json.dumps({"validator": etag}))
    assert download(wanted(hub, tmp_path), client).read_bytes() == CONTENT[:1000]


def test_a_complete_part_needs_no_further_byte(hub: ModelHub, client: httpx.Client, tmp_path: Path) -> None:
    """A process that is killed between the last byte and the renaming."""
    (tmp_path / "model.onnx.part").write_bytes(CONTENT)
    etag = f'"{hashlib.md5(CONTENT).hexdigest()}"'
    (tmp_path / "model.onnx.part.json").write_text(json.dumps({"validator": etag}))
    assert download(wanted(hub, tmp_path), client).read_bytes() == CONTENT
    assert names(tmp_path) == ["model.onnx"]


@pytest.mark.parametrize("state", ["", "no json", "[]", '{"validator": ""}', "{}"])
def test_a_part_that_cannot_be_continued_is_begun_anew(
    hub: ModelHub, client: httpx.Client, tmp_path: Path, state: str
) -> None:
    (tmp_path / "model.onnx.part").write_bytes(b"of something else")
    if state:
        (tmp_path / "model.onnx.part.json").write_text(state)
    assert download(wanted(hub, tmp_path), client).read_bytes() == CONTENT


def test_storage_without_ranges(hub: ModelHub, client: httpx.Client, tmp_path: Path) -> None:
    hub.storage.breaks, hub.storage.ranges = [1_000_000], False
    assert download(wanted(hub, tmp_path), client).read_bytes() == CONTENT


def test_storage_that_sends_another_part(hub: ModelHub, client: httpx.Client, tmp_path: Path) -> None:
    hub.storage.breaks, hub.storage.wrong_part = [1_000_000], True
    assert download(wanted(hub, tmp_path), client).read_bytes() == CONTENT


def test_storage_that_does_not_tell_the_length(hub: ModelHub, client: httpx.Client, tmp_path: Path) -> None:
    hub.storage.announce = False
    assert download(wanted(hub, tmp_path, sha256=SHA256[:16]), client).read_bytes() == CONTENT


@pytest.mark.parametrize("changes", [{"sha256": "0" * 64}, {"sha256": "0" * 16}, {"n_bytes": 12}])
def test_another_file_than_the_known_one(
    hub: ModelHub, client: httpx.Client, tmp_path: Path, changes: dict[str, object]
) -> None:
    with pytest.raises(ChecksumMismatch):
        download(wanted(hub, tmp_path, **changes), client)
    assert names(tmp_path) == []


def test_the_hubs_own_checksum(hub: ModelHub, client: httpx.Client, tmp_path: Path) -> None:
    hub.checksums["owner/model/model.onnx"] = "0" * 64
    with pytest.raises(ChecksumMismatch, match=SHA256):
        download(wanted(hub, tmp_path), client)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"\n<!DOCTYPE html><html><title>Sign in</title>", "application/octet-stream"),
        (b"Sign in", "text/html; charset=utf-8"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n", "application/octet-stream"),
    ],
)
def test_a_page_instead_of_the_file(
    hub: ModelHub, client: httpx.Client, tmp_path: Path, content: bytes, content_type: str
) -> None:
    hub.publish("owner/model", {"model.onnx": content})
    hub.storage.content_type = content_type
    with pytest.raises(NotAModelFile):
        download(wanted(hub, tmp_path), client)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("redirect", "said"),
    [("http://storage.example{}", "not encrypted"), ("ftp://storage.example{}", "not encrypted"), (None, "redirects")],
)
def test_redirects_that_are_not_followed(
    hub: ModelHub, client: httpx.Client, tmp_path: Path, redirect: str | None, said: str
) -> None:
    hub.redirect = redirect or f"{hub.url}/owner/model/resolve/main/model.onnx?{{}}"
    with pytest.raises(SourceUnavailable, match=said):
        download(wanted(hub, tmp_path), client)


@pytest.mark.parametrize(
    "address", ["http://models.example/a.nemo", "file:///etc/passwd", "ftp://models.example/a", "https://[bad/a.nemo"]
)
def test_addresses_that_are_refused(client: httpx.Client, tmp_path: Path, address: str) -> None:
    with pytest.raises(SourceUnavailable):
        download(Download(address, tmp_path, "a.nemo"), client)


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_server_that_has_no_time(hub: ModelHub, client: httpx.Client, tmp_path: Path, status: int) -> None:
    """Not called a file that is not there: the same command may get it later."""
    hub.busy = status
    with pytest.raises(DownloadInterrupted, match=f"status {status}"):
        download(wanted(hub, tmp_path), client)


def test_a_missing_file_and_a_host_that_is_down(hub: ModelHub, client: httpx.Client, tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="404"):
        download(wanted(hub, tmp_path, address=f"{hub.url}/owner/model/resolve/main/other.onnx"), client)
    with pytest.raises(SourceUnavailable, match="copy them here"):
        download(Download("http://127.0.0.1:9/a.nemo", tmp_path, "a.nemo"), client)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    with small_disk(tmp_path / "disk", 1) as folder:
        yield folder


@pytest.mark.parametrize("announce", [True, False])
def test_a_full_disk(hub: ModelHub, client: httpx.Client, full_disk: Path, announce: bool) -> None:
    """Refused before a byte is written where the length is known; else what was written is deleted."""
    hub.storage.announce = announce
    with pytest.raises(StorageFull):
        download(wanted(hub, full_disk), client)
    assert names(full_disk) == []
