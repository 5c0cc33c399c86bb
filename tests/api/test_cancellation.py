"""Every await of the upload and job paths is cancelled: nothing is written twice, lost, or left open."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hindi_stt.api.jobs.requests import create_from_form, create_from_json
from hindi_stt.api.jobs.resumable_uploads import upload_routes
from hindi_stt.api.jobs.service import JobService
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.api.transcribe import transcribe
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.jobs import uploads as upload_store
from hindi_stt.jobs.backend import Backend
from hindi_stt.jobs.wakeups import Wakeups
from hindi_stt.settings import Settings
from tests.conftest import DATA
from tests.support.api_requests import FORM, form, make_recognizer, make_request
from tests.support.cancelling import at_every_await, cancelled_at

MODULES_UNDER_TEST = ("hindi_stt/api/jobs/resumable_uploads.py",)

RAIN = (DATA / "rain.flac").read_bytes()


@pytest.fixture
def recognizer(acoustic: LocalAcoustic, tmp_path: Path) -> Recognizer:
    return make_recognizer(acoustic, Settings(model="", jobs_dir=str(tmp_path / "jobs")))


@pytest.fixture
def jobs(recognizer: Recognizer) -> JobService:
    return JobService(Backend(recognizer.settings), Wakeups(""), recognizer)


def test_a_resumable_upload(jobs: JobService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is cancelled, what is stored is a beginning of what was sent, and another request sends the rest."""
    data = np.random.default_rng(0).bytes(64_000)
    monkeypatch.setattr("hindi_stt.api.jobs.resumable_uploads._WRITE_BYTES", 8_000)
    store = jobs.backend.uploads
    (route,) = (route for route in upload_routes(lambda: jobs) if route.path != "/v1/uploads")
    tus = {"tus-resumable": "1.0.0", "content-type": "application/offset+octet-stream"}

    def patch(upload_id: str, offset: int) -> Any:
        headers = tus | {"upload-offset": str(offset)}
        return route.endpoint(make_request("PATCH", "/", data[offset:], headers, parts=8, upload=upload_id))

    async def attempt(n: int) -> bool:
        upload_id = store.begin("everybody", "a", "", len(data))
        reached, result = await cancelled_at(patch(upload_id, 0), n)
        upload = store.find(upload_id, "everybody")
        offset = store.offset(upload)
        stored = (jobs.backend.folder / "uploads" / upload_id).read_bytes()
        assert stored == data[:offset], (n, offset)
        if not reached:
            assert offset == len(data)
            return False
        assert isinstance(result, asyncio.CancelledError)
        # Nobody holds it open, so that the client goes on at once.
        answer = await patch(upload_id, offset)
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(len(data)))
        assert (jobs.backend.folder / "uploads" / upload_id).read_bytes() == data
        return True

    assert asyncio.run(at_every_await(attempt)) > 15


def test_a_time_out_while_an_upload_is_written(jobs: JobService, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is slower than the client's patience: the bytes are there once, and the offset says so."""
    data = np.random.default_rng(1).bytes(40_000)
    monkeypatch.setattr("hindi_stt.api.jobs.resumable_uploads._WRITE_BYTES", 10_000)
    object.__setattr__(jobs.settings, "upload_timeout_s", 1.0)
    store = jobs.backend.uploads
    real = Path.open

    class SlowFile(io.BufferedRandom):
        def write(self, data: Any) -> int:
            if self.tell():  # the first bytes come at once
                time.sleep(1.5)
            return super().write(data)

    def slow(path: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if mode == "r+b":
            return SlowFile(io.FileIO(path, "r+"))
        return real(path, mode, *args, **kwargs)

    monkeypatch.setattr(upload_store.Path, "open", slow)
    (route,) = (route for route in upload_routes(lambda: jobs) if route.path != "/v1/uploads")
    tus = {"tus-resumable": "1.0.0", "content-type": "application/offset+octet-stream", "upload-offset": "0"}
    upload_id = store.begin("everybody", "a", "", len(data))

    async def run() -> None:
        answer = await route.endpoint(make_request("PATCH", "/", data, tus, parts=8, upload=upload_id))
        assert answer.status_code == 408

    asyncio.run(run())
    stored = (jobs.backend.folder / "uploads" / upload_id).read_bytes()
    assert 0 < len(stored) < len(data)
    assert stored == data[: len(stored)]


@pytest.mark.parametrize("headers", [FORM, {"content-type": "audio/flac"}], ids=["form", "raw"])
def test_a_transcription(recognizer: Recognizer, headers: dict[str, str]) -> None:
    """No thread reads a file that was closed under it, and nothing counts as in progress afterwards."""
    service = SimpleNamespace(recognizer=recognizer)
    body = form(RAIN) if headers is FORM else RAIN
    failures: list[Any] = []
    monitored = threading.excepthook

    async def attempt(n: int) -> bool:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: failures.append(context))
        reached, result = await cancelled_at(transcribe(service, make_request("POST", "/transcribe", body, headers)), n)
        await asyncio.sleep(0)
        assert recognizer.load._total_s == pytest.approx(0)
        assert recognizer.threads.n_in_use == 0
        assert isinstance(result, asyncio.CancelledError) if reached else result.status_code == 200  # type: ignore[union-attr]
        return reached

    threading.excepthook = failures.append
    try:
        assert asyncio.run(at_every_await(attempt)) >= 5
    finally:
        threading.excepthook = monitored
    assert failures == []


@pytest.mark.parametrize("how", ["form", "upload"])
def test_a_job_is_made_or_not(jobs: JobService, how: str) -> None:
    """Of a cancelled request there is a job with all its audio, or nothing that anybody could see."""

    def create() -> Any:
        if how == "form":
            return create_from_form(make_request("POST", "/v1/jobs", form(RAIN), FORM), jobs)
        upload_id = jobs.backend.uploads.begin("everybody", "a.flac", "", len(RAIN))
        with jobs.backend.uploads.append(jobs.backend.uploads.find(upload_id, "everybody"), 0) as file:
            file.write(RAIN)
        body = f'{{"uploads": ["{upload_id}"]}}'.encode()
        return create_from_json(make_request("POST", "/v1/jobs", body, {"content-type": "application/json"}), jobs)

    async def attempt(n: int) -> bool:
        reached, result = await cancelled_at(create(), n)
        made = jobs.records.newest(10)
        for job in made:
            with jobs.backend.audio.open(job["id"], 0) as path:
                assert path.read_bytes() == RAIN
            assert job["n_files"] == 1
            jobs.records.delete(job["id"])
            jobs.backend.audio.delete(job["id"])
        assert jobs.backend.audio.job_ids() == []
        assert len(made) == 1 if not reached else isinstance(result, asyncio.CancelledError)
        return reached

    assert asyncio.run(at_every_await(attempt)) > 3
