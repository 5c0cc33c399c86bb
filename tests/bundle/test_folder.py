"""The manifest and the files of bundles of both kinds: one reader, the same checks."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from hindi_stt.bundle.folder import check_asset, file_state, read_manifest
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.bundle.schema import Asset, Manifest
from hindi_stt.bundle.speakers import SpeakerBundle, SpeakerManifest
from hindi_stt.errors import BundleInvalid, ModelNotFound
from tests.support.speaker_model import write_speaker_bundle

KINDS = {"model bundle": (Manifest, Bundle), "speaker bundle": (SpeakerManifest, SpeakerBundle)}


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(tmp_path: Path, kind: str) -> Path:
    if kind == "model bundle":
        return Path(shutil.copytree(EMBEDDED, tmp_path / "bundle"))
    return write_speaker_bundle(tmp_path / "bundle").folder


def test_the_version_is_that_of_the_manifest(folder: Path, kind: str) -> None:
    manifest, version = read_manifest(folder, KINDS[kind][0], kind)
    content = (folder / "bundle.json").read_bytes()
    assert manifest.name == json.loads(content)["name"]
    assert version == hashlib.sha256(content).hexdigest()[:12]


def test_no_manifest(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ModelNotFound, match=f"No {kind} in "):
        read_manifest(tmp_path, KINDS[kind][0], kind)


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"{", "the file: Invalid JSON"), (b"\xff", "the file: Invalid JSON"), (b"{}", r"\w+: Field required")],
)
def test_no_manifest_of_the_kind(folder: Path, kind: str, content: bytes, what: str) -> None:
    (folder / "bundle.json").write_bytes(content)
    with pytest.raises(BundleInvalid, match=f"is not the manifest of a {kind}: {what}"):
        KINDS[kind][1].open(folder)


def test_a_bundle_of_the_other_kind(folder: Path, kind: str) -> None:
    (other,) = set(KINDS) - {kind}
    with pytest.raises(BundleInvalid, match=f"is not the manifest of a {other}"):
        KINDS[other][1].open(folder)


def test_a_file_is_missing_or_another_one(folder: Path, kind: str) -> None:
    asset = KINDS[kind][1].open(folder).manifest.assets[0]
    path = folder / asset.file
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(BundleInvalid, match=f"{asset.file} has SHA-256 "):
        KINDS[kind][1].open(folder)
    path.unlink()
    with pytest.raises(BundleInvalid, match=f"{asset.file} is missing, which bundle.json lists as {asset.role}/"):
        KINDS[kind][1].open(folder)


def test_the_state_in_which_a_file_was_verified(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    asset = Asset(role="tokens", name="a", file="a", sha256=hashlib.sha256(b"abc").hexdigest())
    state = check_asset(tmp_path, asset)
    found = path.stat()
    assert state == file_state(path) == (3, found.st_mtime_ns, found.st_ino)
    path.rename(tmp_path / "b")
    path.write_bytes(b"abc")
    assert check_asset(tmp_path, asset) != state, "another file with the same content"
