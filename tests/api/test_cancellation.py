"""Every await of the upload, job and realtime paths is cancelled: nothing is written twice, lost, or left open."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import threading
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from starlette.requests import Request
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketState

from hindi_stt.access.limits import Client, RateLimits
from hindi_stt.api.error_responses import RequestState
from hindi_stt.api.jobs.requests import create_from_form, create_from_json
from hindi_stt.api.jobs.resumable_uploads import upload_routes
from hindi_stt.api.jobs.service import JobService
from hindi_stt.api.realtime.session import RealtimeSession
from hindi_stt.api.realtime.session_config import initial_config
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.api.transcribe import transcribe
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.bundle.registry import Registry
from hindi_stt.concurrency.threads import entered_in_thread, run_to_end
from hindi_stt.errors import HindiSTTError
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.jobs import uploads as upload_store
from hindi_stt.jobs.backend import Backend
from hindi_stt.jobs.wakeups import Wakeups
from hindi_stt.settings import Settings
from hindi_stt.streaming import LocalBackend, Stream, Utterance
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Features, LogProbs
from tests.conftest import DATA
from tests.support.cancelling import CancelledAt, at_every_await, cancelled_at
from tests.support.metrics import metrics
from tests.support.streams import RATE, speech

RAIN = (DATA / "rain.flac").read_bytes()
BOUNDARY = "limit"
FORM = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}


def form(content: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.flac"\r\n\r\n'
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def request(method: str, path: str, body: bytes, headers: dict[str, str], parts: int = 4, **params: str) -> Request:
    """A request whose body comes in parts."""
    size = max(1, -(-len(body) // parts))
    pieces = [body[i : i + size] for i in range(0, len(body), size)] or [b""]

    async def receive() -> Message:
        await asyncio.sleep(0)
        if not pieces:
            await asyncio.Event().wait()  # a client that stays
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    scope: dict[str, Any] = {"type": "http", "method": method, "path": path, "query_string": b"", "path_params": params}
    scope["headers"] = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope["hindi_stt"] = RequestState("0" * 32, Client("-"))
    return Request(scope, receive)


@pytest.fixture
def recognizer(bundle: Bundle, acoustic: LocalAcoustic, tmp_path: Path) -> Recognizer:
    async def call(model: str, features: Features, *, live_final: bool = False) -> LogProbs:
        del model, live_final
        (result,) = await asyncio.to_thread(acoustic, [features])
        if isinstance(result, HindiSTTError):
            raise result
        return result

    settings = Settings(model="", jobs_dir=str(tmp_path / "jobs"))
    return Recognizer(Registry((bundle,)), call, settings, metrics(), RateLimits())


@pytest.fixture
def jobs(recognizer: Recognizer) -> JobService:
    backend = Backend(recognizer.settings)
    return JobService(backend, Wakeups(""), recognizer)


# --- the helper


def test_work_ends_before_the_cancellation_is_raised() -> None:
    ended: list[int] = []

    def work() -> int:
        time.sleep(0.05)
        ended.append(1)
        return 7

    async def attempt(n: int) -> bool:
        ended.clear()
        reached, result = await cancelled_at(run_to_end(work), n)
        assert ended == [1] if not reached or n > 1 else ended in ([], [1])
        assert isinstance(result, asyncio.CancelledError) if reached else result == 7
        before = list(ended)
        await asyncio.sleep(0.1)
        assert ended == before
        return reached

    assert asyncio.run(at_every_await(attempt)) >= 1


def test_a_cancellation_while_the_work_runs() -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(5)
        ended.set()

    async def run() -> None:
        task = asyncio.create_task(run_to_end(work))
        while not begun.is_set():  # noqa: ASYNC110  # it is set by a thread
            await asyncio.sleep(0.001)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0.01)
        assert not task.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()

    asyncio.run(run())


def test_a_file_that_was_opened_is_closed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    opened: list[io.BufferedReader] = []

    class Slow:
        def __enter__(self) -> io.BufferedReader:
            opened.append((tmp_path / "file").open("rb"))
            return opened[-1]

        def __exit__(self, *_: object) -> None:
            opened[-1].close()

    async def use() -> None:
        async with entered_in_thread(Slow()) as file:
            await asyncio.sleep(0)
            file.read()

    async def attempt(n: int) -> bool:
        opened.clear()
        reached, _ = await cancelled_at(use(), n)
        assert all(file.closed for file in opened)
        return reached

    assert asyncio.run(at_every_await(attempt)) >= 3


# --- uploads


def test_a_resumable_upload(jobs: JobService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is cancelled, what is stored is a beginning of what was sent, and another request sends the rest."""
    data = np.random.default_rng(0).bytes(64_000)
    monkeypatch.setattr("hindi_stt.api.jobs.resumable_uploads._WRITE_BYTES", 8_000)
    store = jobs.backend.uploads
    (route,) = (route for route in upload_routes(lambda: jobs) if route.path != "/v1/uploads")
    tus = {"tus-resumable": "1.0.0", "content-type": "application/offset+octet-stream"}

    def patch(upload_id: str, offset: int) -> Any:
        headers = tus | {"upload-offset": str(offset)}
        return route.endpoint(request("PATCH", "/", data[offset:], headers, parts=8, upload=upload_id))

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
    object.__setattr__(jobs.settings, "upload_timeout_s", 0.2)
    store = jobs.backend.uploads
    real = Path.open

    class SlowFile(io.BufferedRandom):
        def write(self, data: Any) -> int:
            time.sleep(0.15)
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
        answer = await route.endpoint(request("PATCH", "/", data, tus, parts=8, upload=upload_id))
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
        reached, result = await cancelled_at(transcribe(service, request("POST", "/transcribe", body, headers)), n)
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


# --- jobs


@pytest.mark.parametrize("how", ["form", "upload"])
def test_a_job_is_made_or_not(jobs: JobService, how: str) -> None:
    """Of a cancelled request there is a job with all its audio, or nothing that anybody could see."""

    def create() -> Any:
        if how == "form":
            return create_from_form(request("POST", "/v1/jobs", form(RAIN), FORM), jobs)
        upload_id = jobs.backend.uploads.begin("everybody", "a.flac", "", len(RAIN))
        with jobs.backend.uploads.append(jobs.backend.uploads.find(upload_id, "everybody"), 0) as file:
            file.write(RAIN)
        body = f'{{"uploads": ["{upload_id}"]}}'.encode()
        return create_from_json(request("POST", "/v1/jobs", body, {"content-type": "application/json"}), jobs)

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


# --- realtime


def packets(samples: np.ndarray) -> list[np.ndarray]:
    floats = samples.astype(np.float32) / 2**15
    return [floats[i : i + RATE // 5] for i in range(0, len(floats), RATE // 5)]


async def texts_of(events: AsyncGenerator[Any]) -> list[str]:
    return [event.text async for event in events if isinstance(event, Utterance)]


def test_a_stream_that_is_cleared_after_a_cancellation(pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    """Of what was cancelled nothing is left for the next utterance, wherever it was."""
    family, rain = packets(speech("family.flac", 1.0)), packets(speech("rain.flac", 1.0))

    async def whole(stream: Stream, parts: list[np.ndarray]) -> list[str]:
        found = [text for part in parts for text in await texts_of(stream.push(part))]
        return [*found, *[text for text in await texts_of(stream.commit()) if text]]

    async def hear(stream: Stream) -> None:
        for part in family:
            await texts_of(stream.push(part))
            _ = [event async for event in stream.partial()]

    def new() -> Stream:
        return Stream(pipeline, LocalBackend(acoustic), pipeline.options({}))

    async def attempt(n: int) -> bool:
        stream = new()
        reached, _ = await cancelled_at(hear(stream), n)
        await stream.clear()
        assert await whole(stream, rain) == wanted, n
        return reached

    wanted = asyncio.run(whole(new(), rain))
    assert wanted
    assert asyncio.run(at_every_await(attempt)) > 10


def test_a_realtime_session(recognizer: Recognizer) -> None:
    """Wherever its words are being heard when the client goes or the server ends: no task, count or place is left."""
    floats = speech("rain.flac", 1.0)
    audio = [floats[i : i + RATE // 2].astype("<i2").tobytes() for i in range(0, len(floats), RATE // 2)]
    format_ = {"type": "audio/pcm", "rate": RATE}
    events: list[dict[str, Any]] = [
        {"type": "session.update", "session": {"type": "transcription", "audio": {"input": {"format": format_}}}},
        *({"type": "input_audio_buffer.append", "audio": base64.b64encode(part).decode()} for part in audio[:2]),
        {"type": "input_audio_buffer.clear"},
        *({"type": "input_audio_buffer.append", "audio": base64.b64encode(part).decode()} for part in audio),
        {"type": "input_audio_buffer.commit"},
    ]

    async def attempt(n: int) -> bool:
        waiting = [{"type": "websocket.receive", "text": json.dumps(event)} for event in events]
        kinds: list[str] = []
        done = asyncio.Event()

        async def receive() -> Message:
            if not waiting:
                await done.wait()
                return {"type": "websocket.disconnect", "code": 1000}
            return waiting.pop(0)

        async def send(message: Message) -> None:
            if "text" in message:
                kinds.append(json.loads(message["text"])["type"])
                if kinds[-1].endswith(("completed", "error", "failed")):
                    done.set()

        scope = {"type": "websocket", "path": "/v1/realtime", "headers": [], "hindi_stt_client": Client("-")}
        websocket = WebSocket(scope, receive, send)
        websocket.client_state = websocket.application_state = WebSocketState.CONNECTED
        session = RealtimeSession(websocket, recognizer, initial_config({}, None, recognizer))
        running = asyncio.ensure_future(session.run())
        cancelling = CancelledAt(session._work(), n, running)

        async def work() -> str:
            return await cancelling

        session._work = work  # type: ignore[method-assign]
        (result,) = await asyncio.gather(running, return_exceptions=True)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert recognizer.load._total_s == pytest.approx(0)
        assert recognizer._n_partials == 0
        assert recognizer.threads.n_in_use == 0
        assert isinstance(result, asyncio.CancelledError) if cancelling.reached else kinds[-1].endswith("completed")
        return cancelling.reached

    assert asyncio.run(at_every_await(attempt)) >= 5


def test_clear_while_a_partial_is_being_decoded(
    pipeline: Pipeline, acoustic: LocalAcoustic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decoding thread has ended when the stream begins anew, so that it cannot bring the old words back."""
    decoding, decoded = threading.Event(), threading.Event()

    async def run() -> Callable[[], Any]:
        stream = Stream(pipeline, LocalBackend(acoustic), pipeline.options({}))
        partials: Any = stream._partials
        words = partials._words

        def slow(now_s: float) -> Any:
            decoding.set()
            time.sleep(0.2)
            try:
                return words(now_s)
            finally:
                decoded.set()

        monkeypatch.setattr(partials, "_words", slow)
        for part in packets(speech("family.flac")):
            await texts_of(stream.push(part))
            await asyncio.sleep(0.02)
            if decoding.is_set():
                break
        assert decoding.is_set()
        await stream.clear()
        return lambda: (list(partials._before), list(partials._shown), partials._begun, decoded.is_set())

    state = asyncio.run(run())
    before = state()
    time.sleep(0.4)
    assert before == state() == ([], [], False, True)
