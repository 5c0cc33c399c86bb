"""Errors below /v1 and in realtime events name the field at fault, as OpenAI's do: `param`."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from tests.conftest import DATA
from tests.support.guarded import Guarded
from tests.support.server import Server
from tests.support.wav import tone, wav

MODULES_UNDER_TEST = (
    "hindi_stt/api/forms/transcription_request.py",
    "hindi_stt/api/forms/values.py",
    "hindi_stt/api/middleware/requests.py",
    "hindi_stt/api/realtime/validation.py",
)

GOOD = (DATA / "rain_16k.wav").read_bytes()
URL = "/v1/audio/transcriptions"
SECRET = "whsec_" + base64.b64encode(bytes(32)).decode()
Event = dict[str, Any]


def error(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code >= 400, answer.text
    found: dict[str, Any] = answer.json()["error"]
    return found


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": ""}, "model"),
        ({"model": "gpt-9"}, "model"),
        ({"language": "xx", "model": "gpt-9"}, "model"),
        ({"response_format": "diarized_json"}, "response_format"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": "7"}, "temperature"),
        ({"stream": "perhaps"}, "stream"),
        ({"timestamp_granularities[]": "word"}, "timestamp_granularities"),
        ({"timestamp_granularities[]": "letter", "response_format": "verbose_json"}, "timestamp_granularities"),
        ({"include[]": "logprobs", "response_format": "verbose_json"}, "include"),
        ({"include[]": "secrets"}, "include"),
        ({"chunking_strategy": "semantic"}, "chunking_strategy"),
        ({"chunking_strategy": '{"type": "server_vad", "silence": 1}'}, "chunking_strategy.silence"),
        ({"chunking_strategy[type]": "semantic_vad"}, "chunking_strategy.type"),
        ({"chunking_strategy[threshold]": "loud"}, "chunking_strategy.threshold"),
        ({"channels": "left"}, "channels"),
        ({"numerals": "roman"}, "numerals"),
        ({"mask": "names"}, "mask"),
        ({"decoder": "magic"}, "decoder"),
        ({"decoder": "greedy", "hotwords": "बारिश"}, "decoder"),
        ({"hotwords": "OpenAI"}, "hotwords"),
        ({"hotwords": "बारिश:x"}, "hotwords"),
        ({"keywords[]": "OpenAI"}, "keywords"),
        ({"language_model": "nowhere"}, "language_model"),
        ({"punctuation": "dots"}, "punctuation"),
        ({"langauge": "hi"}, "langauge"),
        ({"best_of": "3"}, "best_of"),
    ],
)
def test_a_field_of_a_transcription(server: Server, fields: dict[str, str], param: str) -> None:
    data = {"model": "whisper-1"} | fields
    answer = httpx.post(server.url + URL, files={"file": ("a.wav", GOOD)}, data=data, timeout=60)
    assert error(answer)["param"] == param


def test_a_field_that_comes_twice(server: Server) -> None:
    data = {"model": ["whisper-1", "whisper-1"]}
    assert error(httpx.post(server.url + URL, files={"file": ("a.wav", GOOD)}, data=data))["param"] == "model"


@pytest.mark.parametrize(
    "files",
    [
        {"audio": ("a.wav", GOOD)},
        {"file": ("a.wav", b"")},
        {"file": ("a.wav", b"no audio" * 100)},
        {"file": ("a.wav", GOOD[:2000])},
        {"file": ("a.wav", wav(tone(21)))},
        {"file": ("a.wav", wav(tone(0.01)))},
        [("file", ("a.wav", GOOD)), ("file", ("b.wav", GOOD))],
    ],
)
def test_the_recording(server: Server, files: Any) -> None:
    found = error(httpx.post(server.url + URL, files=files, data={"model": "whisper-1"}, timeout=60))
    expected = "audio" if isinstance(files, dict) and "audio" in files else "file"  # the first is an unknown field
    assert found["param"] == expected


def test_no_field_of_the_request(server: Server) -> None:
    assert error(httpx.get(f"{server.url}/v1/nowhere"))["param"] is None
    assert error(httpx.get(server.url + URL))["param"] is None
    assert error(httpx.post(f"{server.url}/v1/audio/translations", files={"file": GOOD}))["param"] is None
    assert error(httpx.get(f"{server.url}/v1/models/gpt-9"))["param"] == "model"


def test_a_language_that_is_refused(guarded: Guarded) -> None:
    """The server has one model; a language of two that it could hear is no fault, and none is refused by default."""
    answer = guarded.post(guarded.key, GOOD, URL, data={"model": "whisper-1", "languages[]": ["en", "hi"]})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"references": "file:///a.wav"}, "references"),
        ({"references": ["file:///a.wav"], "numerals": "roman"}, "numerals"),
        ({"references": ["file:///a.wav"], "numerals": ["latin"]}, "numerals"),
        ({"references": ["file:///a.wav"], "numeral": "latin"}, "numeral"),
        ({"references": ["file:///a.wav"], "keywords": "x"}, "keywords"),
        ({"references": ["file:///a.wav"], "webhook_url": "ftp://a.example", "webhook_secret": SECRET}, "webhook_url"),
        (
            {"references": ["file:///a.wav"], "webhook_url": "https://a.example", "webhook_secret": "x"},
            "webhook_secret",
        ),
        ({}, "references"),
        ({"uploads": ["none"]}, "uploads"),
    ],
)
def test_a_field_of_a_job(guarded: Guarded, body: dict[str, Any], param: str) -> None:
    headers = {"authorization": f"Bearer {guarded.key}"}
    assert error(httpx.post(f"{guarded.url}/v1/jobs", json=body, headers=headers))["param"] == param


@pytest.mark.parametrize(
    ("path", "param"), [("/v1/jobs?before=yesterday", "before"), ("/v1/jobs?limit=0", "limit"), ("/v1/jobs", None)]
)
def test_a_parameter_of_a_list(guarded: Guarded, path: str, param: str | None) -> None:
    answer = httpx.get(guarded.url + path, headers={"authorization": f"Bearer {guarded.key}"})
    assert (answer.json()["error"]["param"] if param else answer.status_code) == (param or 200)


def audio_input(**fields: Any) -> Event:
    return {"type": "session.update", "session": {"type": "transcription", "audio": {"input": fields}}}


def beta(**fields: Any) -> Event:
    return {"type": "transcription_session.update", "session": fields}


@pytest.mark.parametrize(
    ("event", "param"),
    [
        ({}, "type"),
        ({"type": "response.create"}, "type"),
        ({"type": "input_audio_buffer.append"}, "audio"),
        ({"type": "input_audio_buffer.append", "audio": "?"}, "audio"),
        ({"type": "session.update"}, "session"),
        ({"type": "session.update", "session": {"type": "realtime"}}, "session.type"),
        ({"type": "session.update", "session": {"voice": "alloy"}}, "session.voice"),
        ({"type": "session.update", "session": {"include": "all"}}, "session.include"),
        ({"type": "session.update", "session": {"audio": 1}}, "session.audio"),
        ({"type": "session.update", "session": {"audio": {"output": {}}}}, "session.audio.output"),
        ({"type": "session.update", "session": {"audio": {"input": 1}}}, "session.audio.input"),
        (audio_input(turn_detect=None), "session.audio.input.turn_detect"),
        (audio_input(format="pcm16"), "session.audio.input.format"),
        (audio_input(format={"type": "audio/opus"}), "session.audio.input.format.type"),
        (audio_input(format={"type": "audio/pcm", "rate": 12}), "session.audio.input.format.rate"),
        (audio_input(format={"type": "audio/pcm", "bits": 8}), "session.audio.input.format.bits"),
        (audio_input(noise_reduction={"type": "loud"}), "session.audio.input.noise_reduction"),
        (audio_input(turn_detection="server_vad"), "session.audio.input.turn_detection"),
        (audio_input(turn_detection={"type": "magic"}), "session.audio.input.turn_detection.type"),
        (
            audio_input(turn_detection={"type": "server_vad", "silence_duration_ms": -1}),
            "session.audio.input.turn_detection.silence_duration_ms",
        ),
        (
            audio_input(turn_detection={"type": "server_vad", "silence": 100}),
            "session.audio.input.turn_detection.silence",
        ),
        (
            audio_input(turn_detection={"type": "semantic_vad", "eagerness": "mad"}),
            "session.audio.input.turn_detection.eagerness",
        ),
        (audio_input(transcription={"model": "gpt-9"}), "session.audio.input.transcription.model"),
        (audio_input(transcription={"model": 9}), "session.audio.input.transcription.model"),
        (audio_input(transcription={"modle": "whisper-1"}), "session.audio.input.transcription.modle"),
        (audio_input(transcription={"delay": "none"}), "session.audio.input.transcription.delay"),
        (audio_input(transcription={"numerals": "roman"}), "session.audio.input.transcription.numerals"),
        (audio_input(transcription={"keywords": ["OpenAI"]}), "session.audio.input.transcription.keywords"),
        (beta(input_audio_format="mp3"), "session.input_audio_format"),
        (beta(audio={}), "session.audio"),
        (beta(turn_detection={"threshold": 2}), "session.turn_detection.threshold"),
        (beta(input_audio_transcription={"model": "gpt-9"}), "session.input_audio_transcription.model"),
        ({"type": "input_audio_buffer.commit"}, None),
    ],
)
def test_a_field_of_an_event(server: Server, event: Event, param: str | None) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/v1/realtime", open_timeout=20) as ws:
        ws.recv(timeout=30)
        ws.send(json.dumps(event | {"event_id": "mine"}))
        answer = json.loads(ws.recv(timeout=30))
    assert answer["type"] == "error", answer
    assert (answer["error"]["param"], answer["error"]["event_id"]) == (param, "mine")


def test_audio_is_no_field_of_a_commit(server: Server) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/v1/realtime", open_timeout=20) as ws:
        ws.recv(timeout=30)
        ws.send(json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(b"\0" * 200).decode()}))
        ws.send(json.dumps({"type": "input_audio_buffer.commit"}))
        answer = json.loads(ws.recv(timeout=30))
    assert (answer["error"]["code"], answer["error"]["param"]) == ("input_audio_buffer_commit_empty", None)


@pytest.mark.parametrize(
    ("query", "param"),
    [("intent=conversation", "intent"), ("model=gpt-9", "model"), ("model=whisper-1&intent=x", "intent")],
)
def test_a_parameter_of_the_address(server: Server, query: str, param: str) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/v1/realtime?{query}", open_timeout=20) as ws:
        assert json.loads(ws.recv(timeout=30))["error"]["param"] == param


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"expires_after": {"seconds": 1}}, "expires_after.seconds"),
        ({"expiry": 1}, "expiry"),
        ({"session": {"type": "realtime"}}, "session.type"),
        (audio_input(format={"rate": 1}) | {"type": None}, "type"),
        ({"session": audio_input(format={"rate": 1})["session"]}, "session.audio.input.format.rate"),
        ([], None),
    ],
)
def test_a_field_of_a_client_secret(server: Server, body: Any, param: str | None) -> None:
    assert error(httpx.post(f"{server.url}/v1/realtime/client_secrets", json=body))["param"] == param
