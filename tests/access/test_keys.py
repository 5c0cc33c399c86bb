"""The key file: who owns it after an edit, and what a server does that cannot read it any more."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hindi_stt.access.keys import KeyRing, edit, make_key
from hindi_stt.errors import KeyFileInvalid, KeysUnavailable
from tests.conftest import DATA
from tests.support.guarded import Guarded
from tests.support.responses import eventually, is_error

GOOD = (DATA / "rain_16k.wav").read_bytes()
# A user and a group that are not root.
SERVICE = (65_533, 65_532)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")


def keys(path: Path, *arguments: str) -> str:
    """What `hindi-stt keys` prints, run as an operator does."""
    command = [Path(sys.executable).with_name("hindi-stt"), "keys", "--file", path, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


def owner_and_mode(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)


@pytest.mark.slow
@needs_root
def test_an_edit_as_root_keeps_owner_and_mode(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    keys(path, "new", "clinic")
    os.chown(path, *SERVICE)
    path.chmod(0o640)
    keys(path, "new", "bank")
    assert owner_and_mode(path) == (*SERVICE, 0o640)
    keys(path, "revoke", "clinic")
    assert owner_and_mode(path) == (*SERVICE, 0o640)


@pytest.mark.slow
@needs_root
def test_a_new_file_belongs_to_the_owner_of_its_folder(tmp_path: Path) -> None:
    os.chown(tmp_path, *SERVICE)
    keys(tmp_path / "keys.json", "new", "clinic")
    assert owner_and_mode(tmp_path / "keys.json") == (*SERVICE, 0o600)
    assert owner_and_mode(tmp_path / "keys.json.lock")[:2] == SERVICE


@pytest.mark.slow
@needs_root
def test_an_editor_who_may_not_give_the_file_back_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    keys(path, "new", "clinic")
    path.chmod(0o644)
    tmp_path.chmod(0o777)
    before = path.read_bytes()
    child = os.fork()
    if child == 0:  # as another user, who may write the folder
        os.setgid(SERVICE[1])
        os.setuid(SERVICE[0])
        try:
            with edit(path) as entries:
                entries.clear()
        except KeyFileInvalid:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert path.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["keys.json", "keys.json.lock"]


@pytest.mark.slow
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "keys.json"
    keys(real, "new", "clinic")
    link.symlink_to(real)
    keys(link, "new", "bank")
    assert link.is_symlink()
    assert [line.split("\t")[1] for line in keys(real, "list").splitlines()] == ["clinic", "bank"]


@pytest.mark.slow
def test_the_grace_of_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    entry, key = make_key("clinic")
    with edit(path) as entries:
        entries.append(entry)
    lenient, strict = KeyRing(path), KeyRing(path, grace_s=2.0)
    assert strict.problem() is None
    path.rename(tmp_path / "elsewhere.json")
    assert lenient.find(key) == strict.find(key) == entry
    time.sleep(2.1)
    assert lenient.find(key) == entry
    with pytest.raises(KeysUnavailable):
        strict.find(key)
    with pytest.raises(KeysUnavailable):
        strict.entry(entry.id)
    problem = strict.problem()
    assert problem is not None
    assert problem.grace_s == 0
    (tmp_path / "elsewhere.json").rename(path)
    assert strict.find(key) == entry
    assert strict.problem() is None


def test_permissions_that_come_back_are_seen(tmp_path: Path) -> None:
    """The file itself does not change: its folder was closed."""
    folder = tmp_path / "etc"
    folder.mkdir()
    with edit(folder / "keys.json") as entries:
        entry, key = make_key("clinic")
        entries.append(entry)
    ring = KeyRing(folder / "keys.json", grace_s=0)
    folder.rename(tmp_path / "closed")
    time.sleep(0.01)
    with pytest.raises(KeysUnavailable):
        ring.find(key)
    (tmp_path / "closed").rename(folder)
    assert ring.find(key) == entry


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A server whose keys are good for half a second without their file."""
    running = Guarded(tmp_path_factory.mktemp("keys"), HINDI_STT_KEY_GRACE_S="0.5", HINDI_STT_JOBS_DIR="")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


@pytest.mark.slow
def test_a_server_that_cannot_read_its_keys_names_the_file(short: Guarded) -> None:
    whole = short.key_file.read_bytes()
    short.key_file.write_bytes(b"no key file")
    try:
        assert eventually(lambda: short.post(short.key, GOOD).status_code == 503)
        refused = short.post(short.key, GOOD)
        is_error(refused, 503, "keys_unavailable")
        assert refused.headers["retry-after"] == "1"
        health = httpx.get(f"{short.url}/health")
        assert health.status_code == 503
        assert health.json()["status"] == "unhealthy"
        assert health.json()["keys"]["error"]
        assert str(short.key_file) not in health.text
    finally:
        short.key_file.write_bytes(whole)
    assert eventually(lambda: short.post(short.key, GOOD).status_code == 200)
    assert "keys" not in httpx.get(f"{short.url}/health").json()


def test_versions_need_a_key(short: Guarded) -> None:
    with_key = httpx.get(f"{short.url}/health", headers={"authorization": f"Bearer {short.key}"})
    assert set(with_key.json()["versions"]) == {"hindi_stt", "python", "bentoml", "onnxruntime", "numpy"}
    assert httpx.get(short.url, headers={"authorization": f"Bearer {short.key}"}).json()["version"]
    for headers in ({}, {"authorization": "Bearer stt_00000000_wrong"}, {"x-api-key": short.key}):
        health = httpx.get(f"{short.url}/health", headers=headers)
        assert health.status_code == 200
        assert "versions" not in health.json()
        assert "version" not in httpx.get(short.url, headers=headers).json()
