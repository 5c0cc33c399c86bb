"""A real server on a real port: answers, errors, counts, hang-ups, health.

Longer than 300 lines: the tests share one server.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import http.server
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest

from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.pipeline import Pipeline
from tests.conftest import DATA
from tests.support.responses import eventually, is_error, metrics, quiet
from tests.support.server import Server
from tests.support.sounds import NAN
from tests.support.wav import FLOAT, raw_wav, tone, wav

MODULES_UNDER_TEST = (
    "hindi_stt/app.py",
    "hindi_stt/observability/metrics.py",
    "hindi_stt/runner/client.py",
)

GOOD = (DATA / "rain_16k.wav").read_bytes()
AUDIO = sorted(path.name for path in DATA.iterdir())


@pytest.mark.parametrize("name", AUDIO)
def test_an_answer_is_the_line_in_this_process(
    server: Server, pipeline: Pipeline, acoustic: LocalAcoustic, name: str
) -> None:
    response = server.transcribe((DATA / name).read_bytes(), name)
    assert response.status_code == 200, response.text
    body = response.json()
    expected = pipeline.transcribe(DATA / name, acoustic)
    assert body["text"] == expected.text
    assert [word["word"] for word in body["words"]] == expected.text.split()
    assert body["duration"] == pytest.approx(expected.duration_s, abs=1e-3)
    assert body["language"] == "hi"
    assert body["model"] == pipeline.bundle.tag
    assert set(body["timings_ms"]) == {"decode", "features", "queue_inference", "decoding"}
    assert response.headers["x-request-id"] == body["request_id"]
    ends = [0.0]
    for word in body["words"]:
        assert ends[-1] <= word["start"] < word["end"] <= body["duration"] + 0.04
        assert 0 <= word["confidence"] <= 1
        ends.append(word["end"])


def test_silence_is_an_empty_transcript(server: Server) -> None:
    body = server.transcribe(wav(np.zeros(16_000))).json()
    assert body["text"] == ""
    assert body["words"] == []
    assert body["warnings"] == ["nearly_silent"]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        pytest.param(b"", 400, "empty_audio", id="empty file"),
        pytest.param("यह ऑडियो नहीं है".encode() * 100, 415, "unsupported_audio", id="text renamed"),
        pytest.param(GOOD[:30_000], 422, "truncated_audio", id="truncated"),
        pytest.param(raw_wav(bytes(8_000), claimed_bytes=36_000 * 32_000), 422, "truncated_audio", id="claims 10 h"),
        pytest.param(raw_wav(NAN.tobytes(), bits=32, code=FLOAT), 422, "invalid_samples", id="NaN"),
        pytest.param(wav(tone(0.02)), 422, "audio_too_short", id="0.02 s"),
        pytest.param(wav(np.zeros((800, 12))), 422, "too_many_channels", id="12 channels"),
        pytest.param(bytes(2_100_000), 413, "body_too_large", id="bytes"),
        pytest.param(wav(tone(21.0)), 413, "audio_too_long", id="seconds"),
    ],
)
def test_bad_audio(server: Server, content: bytes, status: int, code: str) -> None:
    before = httpx.get(f"{server.url}/stats").json()["errors"].get(code, 0)
    is_error(server.transcribe(content), status, code)
    assert httpx.get(f"{server.url}/stats").json()["errors"][code] == before + 1
    assert server.transcribe(GOOD).status_code == 200


@pytest.mark.parametrize(
    ("request_arguments", "status", "code"),
    [
        pytest.param({}, 400, "empty_audio", id="no body"),
        pytest.param({"files": [("file", ("a", b"x"))] * 40}, 413, "too_many_files", id="forty files"),
        pytest.param({"files": {"file": GOOD}, "params": {"speed": 2}}, 400, "invalid_request", id="another query"),
        pytest.param({"files": {"audio": ("a.wav", GOOD)}}, 400, "invalid_request", id="another field"),
        pytest.param({"files": {"file": (None, "text")}}, 400, "missing_file", id="text part"),
        pytest.param({"json": {"file": "http://127.0.0.1/x"}}, 400, "invalid_request", id="JSON"),
        pytest.param(
            {
                "content": b"rubbish",
                "headers": {"content-type": "multipart/form-data; boundary=x"},
            },
            400,
            "invalid_request",
            id="broken multipart",
        ),
        pytest.param(
            {"content": b"abc", "headers": {"content-type": "multipart/form-data"}},
            400,
            "invalid_request",
            id="no boundary",
        ),
        pytest.param(
            {"content": b"\x80\x04.", "headers": {"content-type": "application/vnd.bentoml+pickle"}},
            415,
            "unsupported_audio",
            id="pickle",
        ),
    ],
)
def test_bad_requests(server: Server, request_arguments: dict[str, Any], status: int, code: str) -> None:
    is_error(httpx.post(f"{server.url}/transcribe", timeout=30, **request_arguments), status, code)
    assert server.transcribe(GOOD).status_code == 200


def test_a_form_without_a_file(server: Server) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\n1\r\n--x--\r\n'
    headers = {"content-type": "multipart/form-data; boundary=x"}
    is_error(httpx.post(f"{server.url}/transcribe", content=body, headers=headers), 400, "invalid_request")
    empty = b"--x--\r\n"
    is_error(httpx.post(f"{server.url}/transcribe", content=empty, headers=headers), 400, "missing_file")


@pytest.fixture
def trap() -> Iterator[tuple[str, list[str]]]:
    """A web server that notes who calls."""
    seen: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(GOOD)

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/clip.wav", seen
        running.shutdown()
        thread.join()


def test_a_url_is_refused_and_never_fetched(server: Server, trap: tuple[str, list[str]]) -> None:
    url, seen = trap
    is_error(httpx.post(f"{server.url}/transcribe", files={"file": (None, url)}), 400, "url_not_accepted")
    form = httpx.post(f"{server.url}/transcribe", data={"file": url})
    is_error(form, 400, "invalid_request")
    body = httpx.post(f"{server.url}/transcribe", content=url, headers={"content-type": "audio/wav"})
    is_error(body, 400, "url_not_accepted")
    query = httpx.post(f"{server.url}/transcribe", files={"file": GOOD}, params={"file": url})
    is_error(query, 400, "url_not_accepted")
    assert seen == []


def test_routes_that_are_not_there(server: Server) -> None:
    is_error(httpx.get(f"{server.url}/nowhere"), 404, "not_found")
    is_error(httpx.get(f"{server.url}/transcribe"), 405, "method_not_allowed")


def test_request_ids(server: Server) -> None:
    given = server.transcribe(GOOD, headers={"x-request-id": "my-id.42"})
    assert given.headers["x-request-id"] == "my-id.42"
    assert given.json()["request_id"] == "my-id.42"
    hostile = server.transcribe(GOOD, headers={"x-request-id": "a b<script>"})
    assert hostile.headers["x-request-id"] != "a b<script>"
    assert "[my-id.42] POST /transcribe 200" in server.log


def answered_after_s(server: Server) -> float:
    """A time on the monotonic clock before which the runner's last answer did not come."""
    asked_s = time.monotonic()
    return asked_s - httpx.get(f"{server.url}/health").json()["runner"]["answer_age_s"]


def test_index_health_and_openapi(server: Server, pipeline: Pipeline) -> None:
    index = httpx.get(server.url).json()
    assert index["model"]["tag"] == pipeline.bundle.tag
    health = httpx.get(f"{server.url}/health").json()
    assert health["status"] == "healthy"
    answered_by_s = time.monotonic() - health["runner"]["answer_age_s"]
    assert eventually(lambda: answered_after_s(server) > answered_by_s), "the runner has not answered again"
    assert set(health["versions"]) == {"hindi_stt", "python", "bentoml", "onnxruntime", "numpy"}
    for path in ("/healthz", "/livez", "/readyz"):
        assert httpx.get(server.url + path).status_code == 200
    page = httpx.get(server.url, headers={"accept": "text/html"})
    assert "text/html" in page.headers["content-type"]
    spec = httpx.get(f"{server.url}/docs.json").json()
    routes = {"/", "/health", "/stats", "/transcribe", "/v1/models", "/v1/models/{model}"}
    assert routes | {"/v1/audio/transcriptions", "/v1/audio/translations"} <= set(spec["paths"])
    for path, operations in spec["paths"].items():
        if "get" in operations and "{" not in path and "x-websocket" not in operations["get"]:
            assert httpx.get(server.url + path, timeout=10).status_code == 200, path
    post = spec["paths"]["/transcribe"]["post"]
    assert "multipart/form-data" in post["requestBody"]["content"]
    assert spec["components"]["schemas"]["TranscriptionResponse"]["example"]["text"]
    assert post["responses"]["default"]["content"]["application/json"]["example"]["error"]["code"]


@pytest.mark.slow
def test_two_hundred_at_once(server: Server) -> None:
    """More than the hundred requests after which BentoML's client would close its session under them."""
    clips = [(DATA / name).read_bytes() for name in ("rain.flac", "family.flac", "rain_22k.wav")]
    expected = [server.transcribe(clip).json()["text"] for clip in clips]
    before = httpx.get(f"{server.url}/stats").json()
    batches_before = metrics(server)

    async def press() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=200)
        async with httpx.AsyncClient(limits=limits, timeout=120) as client:
            posts = (client.post(f"{server.url}/transcribe", files={"file": ("a", clips[i % 3])}) for i in range(200))
            return await asyncio.gather(*posts)

    responses = asyncio.run(press())
    assert [response.status_code for response in responses] == [200] * 200
    assert [response.json()["text"] for response in responses] == [expected[i % 3] for i in range(200)]
    after = httpx.get(f"{server.url}/stats").json()
    assert after["requests"] - before["requests"] == 200
    assert after["succeeded"] - before["succeeded"] == 200
    heard = sum(response.json()["duration"] for response in responses)
    assert after["audio_seconds"] - before["audio_seconds"] == pytest.approx(heard, abs=0.2)
    batches_after = metrics(server)
    n_batches, n_clips = (
        batches_after[f"hindi_stt_batch_size_{name}"] - batches_before[f"hindi_stt_batch_size_{name}"]
        for name in ("count", "sum")
    )
    assert n_clips >= 200
    assert n_clips / n_batches > 1


@pytest.mark.slow
def test_an_idle_connection_is_kept(server: Server) -> None:
    """For longer than uvicorn's five seconds: proxies and clients keep theirs for a minute."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    with contextlib.closing(connection):
        sockets = []
        for pause_s in (6.0, 0.0):
            connection.request("GET", "/livez")
            with connection.getresponse() as answer:
                assert answer.status == 200
                answer.read()
            sockets.append(connection.sock)
            time.sleep(pause_s)
        assert sockets[0] is sockets[1] is not None


@pytest.mark.parametrize("share", [0.1, 0.9, 1.0], ids=["early", "late", "after the upload"])
def test_an_upload_of_a_client_that_disconnects_leaves_nothing_behind(server: Server, share: float) -> None:
    content = wav(tone(19.0), container="WAV")
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n' + content + b"\r\n--x--\r\n"
    head = "POST /transcribe HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(head.encode() + body[: int(share * len(body))])
            time.sleep(0.05)
    assert eventually(lambda: quiet(server)), list(server.tmp.rglob("*"))
    assert server.transcribe(GOOD).status_code == 200


@pytest.mark.slow
def test_a_slow_upload_is_ended(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        head = "POST /transcribe HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        client.sendall((head + "Content-Length: 100000\r\n\r\n--x\r\n").encode())
        client.settimeout(60)
        assert client.recv(4096).startswith(b"HTTP/1.1 408")
    assert eventually(lambda: quiet(server))


def test_a_body_without_length_is_bounded_while_it_arrives(server: Server) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        for _ in range(2_000):
            sent += 65_536
            yield bytes(65_536)

    with contextlib.suppress(httpx.WriteError, httpx.ReadError):  # the server may close before we stop sending
        response = httpx.post(
            f"{server.url}/transcribe",
            content=endless(),
            headers={"content-type": "multipart/form-data; boundary=x"},
            timeout=30,
        )
        is_error(response, 413, "body_too_large")
    assert sent < 50_000_000
    assert eventually(lambda: quiet(server))


def test_a_path_cannot_forge_a_log_entry(server: Server) -> None:
    httpx.get(f"{server.url}/x%0aforged")
    assert eventually(lambda: "/x%0Aforged 404" in server.log)
    assert "\nforged" not in server.log


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    failing = Server(tmp_path, HINDI_STT_MAX_AUDIO_S="lots")
    assert failing.process.wait(timeout=60) != 0
    assert "HINDI_STT_MAX_AUDIO_S='lots'" in failing.log
    assert "Traceback" not in failing.log


def test_a_configured_model_that_is_missing_names_the_command(tmp_path: Path) -> None:
    failing = Server(tmp_path, HINDI_STT_MODEL="no-such-model:latest")
    assert failing.process.wait(timeout=60) != 0
    assert "no-such-model:latest" in failing.log
    assert "hindi-stt models get" in failing.log


def test_the_runner_is_private(server: Server) -> None:
    """Whoever reaches the runner can have it unpickle what they send: only this user may."""
    main = psutil.Process(server.process.pid)
    runner, *_ = (process for process in main.children() if "ConformerRunner" in process.cmdline())
    paths = {Path(c.laddr) for c in runner.net_connections("unix") if c.laddr}
    assert paths
    for path in paths:
        assert not path.parent.stat().st_mode & 0o077, path
    # The other ports are the supervisor's: see docs/security.md.
    own = {c.laddr for p in (main, *main.children()) for c in p.net_connections("tcp") if c.status == "LISTEN"}
    assert {address.ip for address in own} == {"127.0.0.1"}


def test_only_punctuation_that_there_is_is_offered(server: Server) -> None:
    """The embedded model is of a language that has a network of punctuation."""
    spec = httpx.get(f"{server.url}/docs.json").json()
    post = spec["paths"]["/transcribe"]["post"]
    (query,) = [p["schema"] for p in post["parameters"] if p["name"] == "punctuation"]
    form = post["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]["punctuation"]
    assert query["enum"] == form["enum"] == ["off", "pauses", "model"]
    for value in form["enum"]:
        assert server.transcribe(GOOD, data={"punctuation": value}).status_code == 200
    page = httpx.get(f"{server.url}/ui").text
    config = json.loads(page.partition('id="config">')[2].partition("</script>")[0])
    assert config["options"]["punctuation"] == ["off", "pauses", "model"]
