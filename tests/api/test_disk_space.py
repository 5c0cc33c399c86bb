"""Bytes on the disk are bounded by client, before they are read, and what is refused leaves nothing."""

from __future__ import annotations

import asyncio
import contextlib
import io
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hindi_stt.api.jobs.service import JobService
from hindi_stt.api.uploads.disk_space import UploadSpace
from hindi_stt.errors import StorageFull, TooManyJobs, TooManyUploads
from hindi_stt.jobs.backend import Backend
from hindi_stt.jobs.records import NewFile, NewJob
from hindi_stt.jobs.wakeups import Wakeups
from hindi_stt.settings import Settings
from tests.conftest import DATA
from tests.support.connections import everything
from tests.support.disks import small_disk
from tests.support.guarded import Guarded

MODULES_UNDER_TEST = ("hindi_stt/api/uploads/disk_space.py",)

MB = 2**20
CLIP = (DATA / "rain_16k.wav").read_bytes()
TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
def space() -> UploadSpace:
    """Sixteen MiB, of which a client may have twelve."""
    return UploadSpace(Settings(model="", upload_space_mb=16))


def test_a_client_has_its_share_and_others_the_rest(space: UploadSpace) -> None:
    first = space.body("busy", 10 * MB)
    with pytest.raises(TooManyUploads):
        space.body("busy", 3 * MB)
    second = space.body("other", 6 * MB)
    with pytest.raises(StorageFull):
        space.body("third", 2 * MB)
    space.body("third", MB).close()  # it stays in memory
    for body in (first, second):
        body.close()
    space.body("third", 16 * MB).close()


def test_a_body_that_does_not_say_its_length(space: UploadSpace) -> None:
    held = space.body("other", 8 * MB)
    body = space.body("busy", None)
    body.add(MB)
    body.add(1)
    with pytest.raises(StorageFull):
        body.add(6 * MB)
    body.close()
    held.close()
    space.body("other", 16 * MB).close()


def test_more_than_the_disk_has(space: UploadSpace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What others have been promised, and is not there yet, is not free."""
    with small_disk(tmp_path / "disk", 12) as folder:
        monkeypatch.setattr("tempfile.tempdir", str(folder))
        full = UploadSpace(Settings(model="", upload_space_mb=1000))
        first = full.body("busy", 8 * MB)
        with pytest.raises(StorageFull):
            full.body("other", 6 * MB)
        (folder / "arrived").write_bytes(bytes(8 * MB))
        first.add(8 * MB)
        full.body("other", 3 * MB).close()


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    running = Guarded(
        tmp_path_factory.mktemp("bounded"),
        HINDI_STT_UPLOAD_SPACE_MB="16",
        HINDI_STT_JOBS_MAX_STORED_BYTES=str(4 * MB),
        HINDI_STT_JOBS_MAX_WAITING="3",
        HINDI_STT_JOBS_WORKERS="0",
        HINDI_STT_MAX_UPLOADS_PER_CLIENT="20",
    )
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def begun(server: Guarded, key: str, length: int, stack: contextlib.ExitStack, path: str = "/transcribe") -> bytes:
    """What comes within a second for the head of a request with a body of this length."""
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=1))
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: audio/wav\r\n"
    connection.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode())
    try:
        return connection.recv(65_536)
    except TimeoutError:
        return b""


@pytest.mark.api
def test_large_bodies_are_refused_before_they_are_read(bounded: Guarded) -> None:
    busy, other, third = (bounded.new_key(name) for name in ("busy", "other", "third"))
    with contextlib.ExitStack() as stack:
        assert begun(bounded, busy, 10 * MB, stack) == b""
        # The answer comes when two seconds have passed in which the body did not.
        with contextlib.ExitStack() as refused:
            connection = refused.enter_context(socket.create_connection(("127.0.0.1", bounded.port), timeout=60))
            head = f"POST /transcribe HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {busy}\r\n"
            connection.sendall(f"{head}Content-Type: audio/wav\r\nContent-Length: {4 * MB}\r\n\r\n".encode())
            answer = everything(connection)
            assert answer.startswith(b"HTTP/1.1 429")
            assert b"too_many_uploads" in answer
        assert begun(bounded, other, 5 * MB, stack) == b""
        response = bounded.post(third, bytes(3 * MB))
        assert (response.status_code, response.json()["error"]["code"]) == (503, "storage_full")
        assert int(response.headers["retry-after"]) >= 1
        assert bounded.post(third, CLIP).status_code == 200
    deadline = time.monotonic() + 60
    while bounded.post(third, bytes(3 * MB)).status_code == 503:
        assert time.monotonic() < deadline, "the room is free when those who held it have gone"
        time.sleep(0.2)


def begin(server: Guarded, key: str, length: int) -> httpx.Response:
    return httpx.post(
        f"{server.url}/v1/uploads", headers={**TUS, **headers(key), "Upload-Length": str(length)}, timeout=60
    )


@pytest.mark.api
def test_resumable_uploads_are_bounded_by_what_they_are_going_to_have(bounded: Guarded) -> None:
    key = bounded.new_key("hoarder")
    first, second = (begin(bounded, key, 15 * MB // 10) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    before = len(list((bounded.key_file.parent / "jobs" / "uploads").iterdir()))
    refused = begin(bounded, key, 15 * MB // 10)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_much_stored")
    assert len(list((bounded.key_file.parent / "jobs" / "uploads").iterdir())) == before
    assert begin(bounded, bounded.new_key("another"), MB).status_code == 201
    httpx.delete(bounded.url + first.headers["location"], headers={**TUS, **headers(key)}).raise_for_status()
    assert begin(bounded, key, 15 * MB // 10).status_code == 201


@pytest.mark.api
def test_parts_count_against_the_rate_limit(bounded: Guarded) -> None:
    key = bounded.new_key("slicer", requests_per_minute=4)
    location = begin(bounded, key, 10).headers["location"]
    statuses = []
    for offset in range(5):
        part = {**TUS, **headers(key), "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        statuses.append(httpx.patch(bounded.url + location, headers=part, content=b"a").status_code)
    assert statuses == [204, 204, 204, 429, 429]


@pytest.mark.api
def test_a_job_that_would_not_be_taken_is_refused_by_its_head(bounded: Guarded) -> None:
    key = bounded.new_key("dispatcher")
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", bounded.port), timeout=60))
        head = f"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: audio/wav\r\n"
        connection.sendall(f"{head}Content-Length: {6 * MB}\r\n\r\n".encode())
        answer = everything(connection)
    assert answer.startswith(b"HTTP/1.1 429")
    assert b"too_much_stored" in answer
    jobs = [
        httpx.post(f"{bounded.url}/v1/jobs", files={"file": ("a.wav", CLIP)}, headers=headers(key)) for _ in range(4)
    ]
    assert [job.status_code for job in jobs] == [202, 202, 202, 429]
    kept = {path.name for path in (bounded.key_file.parent / "jobs" / "audio").iterdir()}
    assert {job.json()["id"] for job in jobs[:3]} <= kept


class Desk:
    """What `JobService` needs of a recognizer."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings


def create(settings: Settings, n_files: int, content: bytes) -> None:
    backend = Backend(settings)
    jobs = JobService(backend, Wakeups(""), Desk(settings))  # type: ignore[arg-type]
    job = NewJob("clinic", "{}", [NewFile(f"{i}.wav") for i in range(n_files)])
    try:
        asyncio.run(jobs.create(job, [(i, io.BytesIO(content)) for i in range(n_files)]))
    finally:
        backend.records.close()


def test_a_job_that_is_refused_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TooManyJobs):
        create(Settings(model="", jobs_dir=str(tmp_path), jobs_max_waiting=2), 3, CLIP)
    assert list((tmp_path / "audio").iterdir()) == []


def test_a_job_that_fills_the_disk_leaves_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 4) as folder:
        with pytest.raises(StorageFull):
            create(Settings(model="", jobs_dir=str(tmp_path / "jobs"), jobs_audio_url=str(folder)), 3, bytes(2 * MB))
        assert list(folder.iterdir()) == []
