"""Both schedulers behind a real server: the same texts; bounds that refuse, and work dropped with its client."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import httpx
import pytest

from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.pipeline import Pipeline
from tests.conftest import DATA
from tests.support.responses import eventually, metrics
from tests.support.server import Server
from tests.support.wav import tone, wav

pytestmark = pytest.mark.slow

NAMES = ("rain.flac", "family.flac", "rain_22k.wav", "rain_opus.ogg")


@pytest.fixture(scope="module")
def cost_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(
        tmp_path_factory.mktemp("cost"),
        HINDI_STT_SCHEDULER="cost",
        HINDI_STT_THREADS="1",
        HINDI_STT_MAX_QUEUE_S="300",
        HINDI_STT_MAX_AUDIO_S="60",
    )
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def batching_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("bentoml"), HINDI_STT_SCHEDULER="bentoml")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def press(server: Server, contents: list[bytes]) -> list[httpx.Response]:
    async def all_at_once() -> list[httpx.Response]:
        async with httpx.AsyncClient(limits=httpx.Limits(max_connections=200), timeout=120) as client:
            posts = (client.post(f"{server.url}/transcribe", files={"file": ("a", content)}) for content in contents)
            return await asyncio.gather(*posts)

    return asyncio.run(all_at_once())


def test_texts_under_load_are_the_texts_alone(cost_server: Server, pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    expected = [pipeline.transcribe(DATA / name, acoustic).text for name in NAMES]
    responses = press(cost_server, [(DATA / NAMES[i % 4]).read_bytes() for i in range(80)])
    assert [response.status_code for response in responses] == [200] * 80
    assert [response.json()["text"] for response in responses] == [expected[i % 4] for i in range(80)]
    assert metrics(cost_server)["hindi_stt_run_size_sum"] >= 80


def test_bentomls_dispatcher_puts_batches_together(
    batching_server: Server, pipeline: Pipeline, acoustic: LocalAcoustic
) -> None:
    expected = [pipeline.transcribe(DATA / name, acoustic).text for name in NAMES]
    responses = press(batching_server, [(DATA / NAMES[i % 4]).read_bytes() for i in range(200)])
    assert [response.status_code for response in responses] == [200] * 200
    assert [response.json()["text"] for response in responses] == [expected[i % 4] for i in range(200)]
    seen = metrics(batching_server)
    for name in ("bentoml_service_adaptive_batch_size", "hindi_stt_batch_size"):
        assert seen[f"{name}_sum"] >= 200
        assert seen[f"{name}_sum"] / seen[f"{name}_count"] > 1


def test_past_the_bound_requests_are_refused_with_retry_after(cost_server: Server) -> None:
    responses = press(cost_server, [wav(tone(15.0))] * 28)
    refused = [response for response in responses if response.status_code != 200]
    assert refused
    for response in refused:
        assert response.status_code == 429
        assert response.json()["error"]["code"] == "overloaded"
        assert int(response.headers["retry-after"]) >= 1


def test_refusals_of_the_runner_have_retry_after(tmp_path_factory: pytest.TempPathFactory) -> None:
    impatient = Server(tmp_path_factory.mktemp("impatient"), HINDI_STT_THREADS="1", HINDI_STT_MAX_WAIT_S="0.2")
    try:
        impatient.wait_until_ready()
        responses = press(impatient, [wav(tone(12.0))] * 40)
    finally:
        impatient.stop()
    refused = [response for response in responses if response.status_code != 200]
    assert any("are waiting for the model" in response.json()["error"]["message"] for response in refused)
    for response in refused:
        assert response.status_code == 429
        assert int(response.headers["retry-after"]) >= 1


def test_a_client_that_disconnects_causes_no_inference(cost_server: Server) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n' + wav(tone(50.0))
    body += b"\r\n--x--\r\n"
    head = "POST /transcribe HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    before = metrics(cost_server).get("hindi_stt_dropped_total", 0)
    clients = []
    for _ in range(5):
        client = socket.create_connection(("127.0.0.1", cost_server.port))
        client.sendall((head + f"Content-Length: {len(body)}\r\n\r\n").encode() + body)
        clients.append(client)
    in_progress = "hindi_stt_audio_in_progress_seconds"
    assert eventually(lambda: metrics(cost_server).get(in_progress, 0) > 100), "several wait"
    for client in clients:
        client.close()
    assert eventually(lambda: metrics(cost_server).get("hindi_stt_dropped_total", 0) > before)
    assert eventually(lambda: httpx.get(f"{cost_server.url}/health").json()["status"] == "healthy")
