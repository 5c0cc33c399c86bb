"""Where models come from; the network is played by a fake."""

from __future__ import annotations

import hashlib
import io
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from hindi_stt.bundle.manifest import EMBEDDED
from hindi_stt.errors import ChecksumMismatch, SourceUnavailable
from hindi_stt.export.sources import fetch

CONTENT = bytes(range(256)) * 40
ADDRESS = "https://models.example/hindi.nemo"


class Response(io.BytesIO):
    """What urlopen gives; `status` 206 where it starts in the middle."""

    def __init__(self, content: bytes, start: int, announced: int, address: str) -> None:
        super().__init__(content[start:])
        self.status = 206 if start else 200
        self.headers = Message()
        self.headers["Content-Length"] = str(announced - start)
        self.address = address

    def geturl(self) -> str:
        return self.address


def network(content: bytes, announced: int, *, address: str = ADDRESS) -> Callable[..., Response]:
    def urlopen(request: urllib.request.Request, timeout: float) -> Response:
        assert timeout > 0
        start = int((request.get_header("Range") or "bytes=0-")[6:-1])
        return Response(content, start, announced, address)

    return urlopen


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


def test_download_continues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", network(CONTENT[:4000], len(CONTENT)))
    with pytest.raises(SourceUnavailable, match="4000 of"):
        fetch(ADDRESS, tmp_path)
    monkeypatch.setattr(urllib.request, "urlopen", network(CONTENT, len(CONTENT)))
    assert fetch(ADDRESS, tmp_path).path.read_bytes() == CONTENT


def test_download_away_from_https(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = network(CONTENT, len(CONTENT), address="http://models.example/hindi.nemo")
    monkeypatch.setattr(urllib.request, "urlopen", elsewhere)
    with pytest.raises(SourceUnavailable, match="https"):
        fetch(ADDRESS, tmp_path)


@pytest.mark.parametrize("source", [ADDRESS, "stt_hi_conformer_ctc_medium"])
def test_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    def unreachable(*_: Any, **__: Any) -> None:
        raise urllib.error.URLError("Network is unreachable")

    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    with pytest.raises(SourceUnavailable, match="copy it here"):
        fetch(source, tmp_path)


@pytest.mark.parametrize("source", ["missing.nemo", "ftp://models.example/a.nemo", "http://models.example/a.nemo"])
def test_unknown_source(tmp_path: Path, source: str) -> None:
    with pytest.raises(SourceUnavailable, match="no file here"):
        fetch(source, tmp_path)
