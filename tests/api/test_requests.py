"""Requests as programs send them without our documentation: bodies without a type, other headers, near misses."""

from __future__ import annotations

import base64
import gzip
import socket

import httpx
import numpy as np
import pytest
import soundfile

from tests.conftest import DATA
from tests.support.guarded import Guarded
from tests.support.server import Server

MODULES_UNDER_TEST = (
    "hindi_stt/api/error_responses.py",
    "hindi_stt/audio/media_types.py",
)

GOOD = (DATA / "rain_16k.wav").read_bytes()
FLAC = (DATA / "rain.flac").read_bytes()


def error(answer: httpx.Response) -> dict[str, str]:
    found: dict[str, str] = answer.json()["error"]
    return found


@pytest.fixture(scope="module")
def text(server: Server) -> str:
    words: str = server.transcribe(GOOD).json()["text"]
    assert words
    return words


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/transcribe", {"POST"}),
        ("POST", "/health", {"GET", "HEAD"}),
        ("POST", "/", {"GET", "HEAD"}),
        ("DELETE", "/v1/models", {"GET", "HEAD"}),
        ("PUT", "/v1/audio/transcriptions", {"POST"}),
        ("POST", "/ui", {"GET", "HEAD"}),
    ],
)
def test_a_wrong_method_gets_an_error_that_names_the_right_ones(
    server: Server, method: str, path: str, allowed: set[str]
) -> None:
    answer = httpx.request(method, server.url + path)
    assert answer.status_code == 405
    assert error(answer)["code"] == "method_not_allowed"
    assert {name.strip() for name in answer.headers["allow"].split(",")} == allowed
    assert all(name in error(answer)["message"] for name in allowed)


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip"])
@pytest.mark.parametrize("path", ["/transcribe", "/v1/audio/transcriptions"])
def test_an_encoded_body_is_refused_by_name(server: Server, path: str, encoding: str) -> None:
    headers = {"content-type": "audio/wav", "content-encoding": encoding}
    answer = httpx.post(server.url + path, content=gzip.compress(GOOD), headers=headers)
    assert (answer.status_code, error(answer)["code"]) == (415, "unsupported_encoding")
    assert encoding in error(answer)["message"]
    assert answer.headers["accept-encoding"] == "identity"


def test_an_identity_is_no_encoding(server: Server, text: str) -> None:
    headers = {"content-type": "audio/wav", "content-encoding": "identity"}
    assert httpx.post(f"{server.url}/transcribe", content=GOOD, headers=headers, timeout=60).json()["text"] == text


@pytest.mark.parametrize("content", [GOOD, FLAC], ids=["wav", "flac"])
@pytest.mark.parametrize("content_type", [None, "", "application/x-www-form-urlencoded"])  # the last is curl's
def test_a_raw_body_needs_no_type(server: Server, content: bytes, content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    answer = httpx.post(f"{server.url}/transcribe?response_format=text", content=content, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.text.strip()


def test_an_untyped_body_that_is_no_recording(server: Server) -> None:
    for content, status, code in ((b"hello, is this a recording?" * 100, 415, "unsupported_audio"),):
        answer = httpx.post(f"{server.url}/transcribe", content=content, headers={"content-type": ""})
        assert (answer.status_code, error(answer)["code"]) == (status, code)
    form = httpx.post(f"{server.url}/transcribe", data={"language": "hi", "file": "x"})
    assert (form.status_code, error(form)["code"]) == (400, "invalid_request")
    assert "multipart/form-data" in error(form)["message"]


def samples() -> tuple[np.ndarray, int]:
    found, rate = soundfile.read(DATA / "rain_16k.wav", dtype="int16")
    return found, rate


@pytest.mark.parametrize(
    "media", ["audio/x-wav", "audio/wave", "audio/basic", "audio/pcm", "audio/vnd.wave", "video/mp4"]
)
def test_a_container_counts_more_than_its_type(server: Server, media: str, text: str) -> None:
    part = httpx.post(f"{server.url}/transcribe", files={"file": ("a", GOOD, media)}, timeout=60)
    body = httpx.post(f"{server.url}/transcribe", content=GOOD, headers={"content-type": media}, timeout=60)
    assert part.json()["text"] == body.json()["text"] == text


def test_samples_without_a_container(server: Server, text: str) -> None:
    found, rate = samples()
    little = found.astype("<i2").tobytes()
    answer = httpx.post(f"{server.url}/transcribe", files={"file": ("a", little, f"audio/pcm;rate={rate}")}, timeout=60)
    assert answer.json()["text"] == text
    unknown = httpx.post(f"{server.url}/transcribe", files={"file": ("a", little, "audio/pcm")})
    assert unknown.status_code == 400
    assert "audio/pcm;rate=" in error(unknown)["message"]


def test_audio_basic_is_mu_law(server: Server) -> None:
    found, rate = samples()
    assert rate == 16_000
    mu_law = np.frombuffer(b"".join(_mu_law(int(sample)) for sample in found[::2]), np.uint8).tobytes()
    one, other = (
        httpx.post(f"{server.url}/transcribe", content=mu_law, headers={"content-type": media}, timeout=60).json()
        for media in ("audio/basic", "audio/PCMU")
    )
    assert one["text"] == other["text"] != ""


def _mu_law(sample: int) -> bytes:
    """G.711: sign, exponent and mantissa of a sample with a bias, all inverted."""
    sign, magnitude = (0x80, -sample) if sample < 0 else (0, sample)
    magnitude = min(magnitude, 32_635) + 132
    exponent = magnitude.bit_length() - 8
    return bytes([~(sign | exponent << 4 | (magnitude >> (exponent + 3)) & 0x0F) & 0xFF])


@pytest.mark.parametrize("wanted", ["text", "srt", "vtt"])
def test_several_files_as_text_get_an_error_that_names_what_works(server: Server, wanted: str) -> None:
    files = [("file", ("a.wav", GOOD)), ("file", ("b.flac", FLAC))]
    answer = httpx.post(f"{server.url}/transcribe", files=files, data={"response_format": wanted})
    assert answer.status_code == 400
    for word in (wanted, "verbose_json", "in a separate request"):
        assert word in error(answer)["message"]
    one = httpx.post(f"{server.url}/v1/audio/transcriptions", files=files, data={"model": "whisper-1"})
    assert "POST /transcribe takes several" in error(one)["message"]


def test_several_files_by_accept_are_json_where_it_is_liked(server: Server) -> None:
    files = [("file", ("a.wav", GOOD)), ("file", ("b.flac", FLAC))]
    liked = {"text/plain, application/json;q=0.5": 200, "text/vtt, */*;q=0.1": 200, "text/vtt": 400}
    for accept, status in liked.items():
        answer = httpx.post(f"{server.url}/transcribe", files=files, headers={"accept": accept}, timeout=60)
        assert answer.status_code == status
        assert status == 400 or len(answer.json()["results"]) == 2


@pytest.mark.parametrize(
    ("field", "meant"),
    [("lanugage", "language"), ("responseFormat", "response_format"), ("hotword", "hotwords"), ("files", "file")],
)
def test_a_misspelt_field_gets_an_error_that_names_the_right_one(server: Server, field: str, meant: str) -> None:
    answer = server.transcribe(GOOD, data={field: "x"})
    assert answer.status_code == 400
    assert f"Did you mean {meant!r}?" in error(answer)["message"]


def test_the_token_scheme_is_taken(guarded: Guarded) -> None:
    for scheme in ("Token", "token", "Bearer"):
        headers = {"authorization": f"{scheme} {guarded.key}"}
        assert httpx.get(f"{guarded.url}/v1/models", headers=headers).status_code == 200
    wrong = httpx.get(f"{guarded.url}/v1/models", headers={"authorization": "Token stt_00000000_x"})
    assert error(wrong)["code"] == "invalid_api_key"


@pytest.mark.parametrize(
    "header", ["X-API-Key", "api-key", "xi-api-key", "Authorization", "X-Goog-Api-Key", "Cookie", "X-Our-Own"]
)
def test_a_key_in_a_wrong_place_gets_an_error_that_names_the_right_one(guarded: Guarded, header: str) -> None:
    answer = httpx.get(f"{guarded.url}/v1/models", headers={header: guarded.key})
    assert (answer.status_code, error(answer)["code"]) == (401, "missing_api_key")
    assert "Authorization: Bearer KEY" in error(answer)["message"]
    assert header.lower() in error(answer)["message"].lower()
    assert guarded.key not in answer.text


@pytest.mark.parametrize("name", ["api_key", "key", "token", "access_token", "authorization", "x-api-key", "k"])
def test_a_key_in_the_address_is_refused(guarded: Guarded, name: str) -> None:
    for headers in ({}, {"authorization": f"Bearer {guarded.key}"}):
        answer = httpx.get(f"{guarded.url}/v1/models", params={name: guarded.key}, headers=headers)
        assert (answer.status_code, error(answer)["code"]) == (401, "missing_api_key")
        assert "logged" in error(answer)["message"]
        assert guarded.key not in answer.text
    assert guarded.key not in guarded.log


def test_a_web_socket_with_a_key_in_its_address_is_refused(guarded: Guarded) -> None:
    head = f"GET /v1/realtime?intent=transcription&api_key={guarded.key} HTTP/1.1\r\n"
    head += "Host: localhost\r\nConnection: Upgrade\r\n"
    head += "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    head += f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", guarded.port)) as connection:
        connection.sendall(head.encode())
        connection.settimeout(10)
        assert connection.recv(4096).split()[1] == b"401"
    assert guarded.key not in guarded.log
