"""The audio of jobs in a folder and in an object store."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hindi_stt.errors import JobsUnavailable
from hindi_stt.jobs.audio import AudioStore

CONTENT = bytes(range(256)) * 10_000


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> AudioStore:
    return AudioStore(str(tmp_path / "audio") if request.param == "folder" else f"memory://{tmp_path.name}/audio")


def test_what_is_put_is_there_until_it_is_deleted(store: AudioStore) -> None:
    file = io.BytesIO(CONTENT)
    file.seek(100)  # whoever looked at it left it anywhere
    assert store.put("one", 0, file) == len(CONTENT)
    assert store.put("one", 1, io.BytesIO(b"second")) == 6
    assert store.put("two", 0, io.BytesIO(b"third")) == 5
    store.settle("one")
    with store.open("one", 0) as path:
        assert path.read_bytes() == CONTENT
    with store.open("one", 1) as path:
        assert path.read_bytes() == b"second"
    assert sorted(store.job_ids()) == ["one", "two"]
    store.delete("one")
    assert store.job_ids() == ["two"]
    store.delete("one")  # it may be gone
    store.delete("never")


def test_an_empty_store_has_no_jobs(store: AudioStore) -> None:
    assert store.job_ids() == []


def test_a_downloaded_copy_is_deleted_afterwards(tmp_path: Path) -> None:
    store = AudioStore(f"memory://{tmp_path.name}/audio")
    store.put("one", 0, io.BytesIO(b"x"))
    with store.open("one", 0) as path:
        assert path.is_file()
    assert not path.exists()
    with pytest.raises(JobsUnavailable), store.open("one", 1):
        pass


@pytest.mark.parametrize("url", ["nosuchstore://bucket", "{}/file/audio"])
def test_a_store_that_cannot_be_used(tmp_path: Path, url: str) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(JobsUnavailable):
        AudioStore(url.format(tmp_path))


def test_a_store_that_takes_nothing(tmp_path: Path) -> None:
    store = AudioStore(str(tmp_path / "audio"))
    (tmp_path / "audio" / "one").write_text("where a folder should be")
    with pytest.raises(JobsUnavailable):
        store.put("one", 0, io.BytesIO(CONTENT))


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk(tmp_path: Path) -> None:
    """A file system of one megabyte; the mount is in a namespace of its own, which ends with the process."""
    code = """
import io, subprocess, sys
from hindi_stt.errors import StorageFull
from hindi_stt.jobs.audio import AudioStore
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", sys.argv[1]], check=True)
try:
    AudioStore(sys.argv[1]).put("one", 0, io.BytesIO(bytes(3_000_000)))
except StorageFull as error:
    print(error.retry_after_s)
"""
    done = subprocess.run(
        ["unshare", "--mount", sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=False
    )
    if "mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip("mounting is not allowed here")
    assert float(done.stdout) > 0, done.stderr
