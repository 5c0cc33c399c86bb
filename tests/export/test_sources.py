"""Where models come from; the network is a server on this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from hindi_stt.bundle.manifest import EMBEDDED
from hindi_stt.errors import ChecksumMismatch, NotAModelFile, SourceUnavailable
from hindi_stt.export import sources
from hindi_stt.export.sources import fetch
from tests.support.model_hub import ModelHub
from tests.support.ports import free_ports

CONTENT = bytes(range(256)) * 4000


@pytest.fixture
def hub() -> Iterator[ModelHub]:
    with ModelHub() as running:
        running.publish("owner/model", {"hindi.nemo": CONTENT})
        yield running


def address(hub: ModelHub) -> str:
    return f"{hub.url}/owner/model/resolve/main/hindi.nemo"


def test_local_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "model.nemo"
    file.write_bytes(CONTENT)
    found = fetch(str(file), tmp_path)
    assert found.path == file
    assert found.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert found.sha256 in capsys.readouterr().out


def test_bundle_folder(tmp_path: Path) -> None:
    assert fetch(str(EMBEDDED), tmp_path).is_bundle
    with pytest.raises(SourceUnavailable, match=r"bundle\.json"):
        fetch(str(tmp_path), tmp_path)


def test_pinned_checksum(tmp_path: Path) -> None:
    (tmp_path / "model.nemo").write_bytes(CONTENT)
    with pytest.raises(ChecksumMismatch):
        fetch(str(tmp_path / "model.nemo"), tmp_path, sha256="0" * 64)


def test_a_download_that_broke_is_continued(tmp_path: Path, hub: ModelHub) -> None:
    hub.storage.breaks = [400_000]
    found = fetch(address(hub), tmp_path)
    assert found.path == tmp_path / "hindi.nemo"
    assert found.path.read_bytes() == CONTENT
    assert found.origin == address(hub)
    assert [headers["Range"] for _, headers in hub.at_storage] == [None, "bytes=400000-"]


def test_a_well_known_name(tmp_path: Path, hub: ModelHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sources.PUBLISHED, "stt_hi_conformer_ctc_medium", address(hub))
    assert fetch("stt_hi_conformer_ctc_medium", tmp_path).path.read_bytes() == CONTENT


def test_a_redirect_away_from_https(tmp_path: Path, hub: ModelHub) -> None:
    hub.redirect = "http://models.example{}"
    with pytest.raises(SourceUnavailable, match=r"leads to http://models\.example, which is not encrypted"):
        fetch(address(hub), tmp_path)


def test_a_page_in_place_of_the_file(tmp_path: Path, hub: ModelHub) -> None:
    hub.storage.content_type = "text/html"
    with pytest.raises(NotAModelFile, match=r"not hindi\.nemo"):
        fetch(address(hub), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_network(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with pytest.raises(SourceUnavailable, match="copy them here"):
        fetch(f"http://127.0.0.1:{port}/hindi.nemo", tmp_path)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("missing.nemo", "neither a file"),
        ("ftp://models.example/a.nemo", "neither a file"),
        ("http://models.example/a.nemo", "not encrypted"),
        ("https://models.example/", "names no file"),
    ],
)
def test_unknown_source(tmp_path: Path, source: str, why: str) -> None:
    with pytest.raises(SourceUnavailable, match=why):
        fetch(source, tmp_path)
