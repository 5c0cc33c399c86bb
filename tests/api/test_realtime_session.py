"""What a realtime session refuses by name, and how a connection begins, by real WebSocket clients.

Longer than 300 lines: the tests share one server.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import openai
import pytest
import soxr
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.pipeline import Pipeline
from tests.support.guarded import Guarded
from tests.support.realtime import COMPLETED, Event, append, closed, commit, manual, receive, send, session, until
from tests.support.server import Server
from tests.support.streams import RATE, speech
from tests.support.wav import wav

MODULES_UNDER_TEST = (
    "hindi_stt/api/realtime/client_events.py",
    "hindi_stt/api/realtime/connections.py",
    "hindi_stt/api/realtime/routes.py",
    "hindi_stt/api/realtime/session.py",
    "hindi_stt/api/realtime/session_config.py",
    "hindi_stt/api/realtime/turn_detection.py",
    "hindi_stt/api/realtime/utterances.py",
)

RAIN = speech("rain.flac")
EMPTY = "input_audio_buffer_commit_empty"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    aliases = "whisper-1,gpt-realtime-whisper,gpt-live-transcribe"
    running = Server(tmp_path_factory.mktemp("session"), HINDI_STT_MODEL_ALIASES=aliases)
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def rain(pipeline: Pipeline, acoustic: LocalAcoustic) -> str:
    return pipeline.transcribe(wav(RAIN), acoustic).text


VAD: Event = {
    "audio": {"input": {"format": {"type": "audio/pcm", "rate": RATE}, "turn_detection": {"silence_duration_ms": 300}}}
}


def test_a_commit_after_the_servers_own_turn_is_answered(live: Server, rain: str) -> None:
    with session(live, VAD) as ws:
        append(ws, np.append(RAIN, np.zeros(RATE, np.int16)))
        assert until(ws, COMPLETED)[-1]["transcript"] == rain
        send(ws, type="input_audio_buffer.commit", event_id="mine")
        error = receive(ws)["error"]
        assert (error["code"], error["event_id"]) == (EMPTY, "mine")
        append(ws, RAIN)
        assert commit(ws)["transcript"]


@pytest.mark.parametrize("seconds", [0.0, 0.05, 2.0])
@pytest.mark.parametrize("update", [{}, VAD], ids=["file turns", "server turns"])
def test_a_commit_of_nothing_or_silence_is_answered(live: Server, seconds: float, update: Event) -> None:
    with session(live, update) as ws:
        append(ws, np.zeros(int(seconds * RATE), np.int16))
        for name in ("first", "second"):
            send(ws, type="input_audio_buffer.commit", event_id=name)
            error = receive(ws)["error"]
            assert (error["code"], error["event_id"]) == (EMPTY, name)
        send(ws, type="input_audio_buffer.commit")
        assert receive(ws)["error"]["event_id"] is None


@pytest.mark.parametrize("model", ["gpt-realtime-whisper", "gpt-live-transcribe"])
def test_models_that_find_no_turns_leave_them_to_the_client(live: Server, rain: str, model: str) -> None:
    """As with OpenAI, unless the session asks for turns; a commit of silence then is an empty transcript."""
    with session(live, {"audio": {"input": {"transcription": {"model": model}}}}) as ws:
        append(ws, np.append(RAIN, np.zeros(2 * RATE, np.int16)))
        send(ws, type="session.update", session={"audio": {"input": {"turn_detection": {"type": "server_vad"}}}})
        events = until(ws, "session.updated")
    kinds = [event["type"].rpartition(".")[2] for event in events]
    assert kinds == ["committed", "delta", "completed", "updated"]
    assert len(set(events[-2]["transcript"].split()) & set(rain.split())) >= 4
    assert events[-2]["languages"] == [{"code": "hi"}]
    assert events[-1]["session"]["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 500


def test_a_manual_commit_of_too_little_is_answered(live: Server) -> None:
    with session(live, manual()) as ws:
        append(ws, RAIN[:500])
        send(ws, type="input_audio_buffer.commit", event_id="mine")
        error = receive(ws)["error"]
    assert (error["code"], error["event_id"]) == (EMPTY, "mine")


@pytest.mark.parametrize(
    ("kind", "wanted", "name"),
    [
        ("session.update", {"input_audio_format": "g711_ulaw"}, "input_audio_format"),
        ("session.update", {"input_audio_transcription": {"model": "whisper-1"}}, "input_audio_transcription"),
        ("session.update", {"turn_detection": None}, "turn_detection"),
        ("session.update", {"audio": {"input": {"input_audio_format": "g711_ulaw"}}}, "input_audio_format"),
        ("session.update", {"audio": {"input": {"fromat": {"type": "audio/pcmu"}}}}, "fromat"),
        (
            "session.update",
            {"audio": {"input": {"format": {"type": "audio/pcm", "sample_rate": 16_000}}}},
            "sample_rate",
        ),
        ("session.update", {"audio": {"inptu": {}}}, "inptu"),
        ("session.update", {"adio": {}}, "adio"),
        ("session.update", {"audio": {"input": {"noise_reduction": {"type": "loud"}}}}, "noise_reduction"),
        ("transcription_session.update", {"audio": {"input": {"format": {"type": "audio/pcmu"}}}}, "audio"),
        ("transcription_session.update", {"input_audio_fromat": "g711_ulaw"}, "input_audio_fromat"),
        ("transcription_session.update", {"format": {"type": "audio/pcmu"}}, "format"),
    ],
)
def test_a_field_of_another_spelling_is_refused_by_name(live: Server, kind: str, wanted: Event, name: str) -> None:
    with session(live) as ws:
        send(ws, type=kind, session=wanted, event_id="mine")
        error = receive(ws)["error"]
    assert (error["code"], error["event_id"]) == ("invalid_request", "mine")
    assert name in error["message"]


def test_a_session_may_be_sent_back_as_it_was_shown(live: Server) -> None:
    with session(live, VAD) as ws:
        send(ws, type="session.update", session={})
        shown = until(ws, "session.updated")[-1]["session"]
        send(ws, type="session.update", session=shown)
        assert until(ws, "session.updated")[-1]["session"] == shown
        send(ws, type="transcription_session.update", session={})
        shown = until(ws, "transcription_session.updated")[-1]["session"]
        send(ws, type="transcription_session.update", session=shown | {"input_audio_format": "pcm16"})
        assert until(ws, "transcription_session.updated")


def test_an_append_without_audio_is_refused(live: Server) -> None:
    with session(live) as ws:
        for event in ({}, {"audio": None}, {"data": "AAAA"}):
            send(ws, type="input_audio_buffer.append", event_id="mine", **event)
            error = receive(ws)["error"]
            assert (error["code"], error["event_id"]) == ("invalid_request", "mine")
            assert "'audio'" in error["message"]


def test_base64_in_lines_and_for_addresses(live: Server, rain: str) -> None:
    data = RAIN.astype("<i2").tobytes()
    third = len(data) // 6 * 2
    parts = (
        base64.encodebytes(data[:third]).decode(),
        base64.urlsafe_b64encode(data[third : 2 * third]).decode().rstrip("="),
        base64.b64encode(data[2 * third :]).decode().replace("A", "A\r\n "),
    )
    with session(live, manual()) as ws:
        for part in parts:
            send(ws, type="input_audio_buffer.append", audio=part)
        assert commit(ws)["transcript"] == rain


@pytest.mark.parametrize("text", ["A", "$$$$", "AA=A", "AAAAA"])
def test_what_is_no_base64_is_refused(live: Server, text: str) -> None:
    with session(live) as ws:
        send(ws, type="input_audio_buffer.append", audio=text)
        assert receive(ws)["error"]["message"] == "'audio' is not base64."


@pytest.mark.parametrize(
    "event", [{}, {"type": None}, {"type": 5}, {"type": "session.update", "session": {"type": None}}]
)
def test_no_message_speaks_of_none(live: Server, event: Event) -> None:
    with session(live) as ws:
        ws.send(json.dumps(event))
        assert "None" not in receive(ws)["error"]["message"]


@pytest.mark.parametrize("query", ["model=whisper-1", "model=whisper-1&intent=transcription", "", "language=hi"])
def test_openais_client_with_a_model_alone(live: Server, query: str, rain: str) -> None:
    url = f"127.0.0.1:{live.port}/v1"
    given = dict(pair.split("=") for pair in query.split("&") if pair)
    model = {"model": given.pop("model")} if "model" in given else {}
    with (
        openai.OpenAI(api_key="none", base_url=f"http://{url}", websocket_base_url=f"ws://{url}") as client,
        client.realtime.connect(**model, extra_query=given) as connection,
    ):
        created = connection.recv()
        assert created.type == "session.created"
        assert (created.session.audio.input.transcription.model or "") == model.get("model", "")
        assert (created.session.audio.input.transcription.language or "") == given.get("language", "")
        data = soxr.resample(RAIN, RATE, 24_000).tobytes()
        connection.input_audio_buffer.append(audio=base64.b64encode(data).decode())
        connection.input_audio_buffer.commit()
        texts: list[str] = []
        while not texts:
            event = connection.recv()
            assert event.type != "error", event
            if event.type == COMPLETED:
                texts.append(event.transcript)
    assert len(set(texts[0].split()) & set(rain.split())) >= 4


@pytest.mark.parametrize(
    ("query", "code"),
    [("model=other", "unknown_model"), ("intent=conversation", "invalid_request"), ("intent=", "invalid_request")],
)
def test_a_refusal_is_an_event_before_the_close(live: Server, query: str, code: str) -> None:
    with connect(f"ws://127.0.0.1:{live.port}/v1/realtime?{query}") as ws:
        events, status, reason = closed(ws)
    assert [event["type"] for event in events] == ["error"]
    assert events[0]["error"]["code"] == reason == code
    assert events[0]["event_id"]
    assert status == 1008


def test_a_page_of_another_site_is_still_denied(live: Server) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{live.port}/v1/realtime", origin="https://evil.example")
    assert refused.value.response.status_code == 403
    assert json.loads(refused.value.response.body)["error"]["code"] == "origin_not_allowed"


@pytest.mark.parametrize("path", ["/", "/v1/audio", "/v1/realtime/", "/v1/realtime/other", "/transcribe", "/ws"])
def test_another_path_is_404_with_our_json(live: Server, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{live.port}{path}")
    assert refused.value.response.status_code == 404
    error = json.loads(refused.value.response.body)["error"]
    assert error["code"] == "not_found"
    assert error["request_id"]


def test_an_ordinary_request_gets_426_with_an_upgrade_header(live: Server) -> None:
    answer = httpx.get(f"{live.url}/v1/realtime?intent=transcription")
    assert answer.status_code == 426
    assert answer.headers["upgrade"].lower() == "websocket"
    assert answer.json()["error"]["code"] == "upgrade_required"


SECRET: Event = {
    "type": "transcription",
    "include": ["item.input_audio_transcription.logprobs"],
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24_000},
            "transcription": {"model": "whisper-1", "language": "hi", "script": "latin"},
            "turn_detection": {"type": "server_vad", "silence_duration_ms": 250},
        }
    },
}


def secret_session(server: Server, key: str) -> Any:
    """The session of a connection with a token, as it is created."""
    url = f"127.0.0.1:{server.port}/v1"
    with openai.OpenAI(api_key=key, base_url=f"http://{url}") as client:
        secret = client.realtime.client_secrets.create(session=SECRET)
    assert secret.session.audio.input.transcription.language == "hi"
    with (
        openai.OpenAI(api_key=secret.value, base_url=f"http://{url}", websocket_base_url=f"ws://{url}") as client,
        client.realtime.connect(model="whisper-1") as connection,
    ):
        return connection.recv().session


@pytest.mark.parametrize("keys", [False, True])
def test_a_token_keeps_its_session(live: Server, guarded: Guarded, keys: bool) -> None:
    found = secret_session(guarded, guarded.key) if keys else secret_session(live, "none")
    assert found.audio.input.turn_detection.silence_duration_ms == 250
    assert found.audio.input.transcription.script == "latin"
    assert found.include == ["item.input_audio_transcription.logprobs"]


@pytest.mark.parametrize(
    "wanted",
    [
        {"type": "realtime"},
        {"type": "transcription", "audio": {"input": {"turn_detection": {"threshold": 7}}}},
        {"type": "transcription", "audio": {"input": {"fromat": {}}}},
        {"type": "transcription", "audio": {"input": {"transcription": {"model": "other"}}}},
    ],
)
def test_a_token_for_a_session_that_is_not_offered(live: Server, wanted: Event) -> None:
    answer = httpx.post(f"{live.url}/v1/realtime/client_secrets", json={"session": wanted})
    assert answer.status_code in {400, 404}
    assert answer.json()["error"]["message"]


def test_a_token_that_another_server_made_is_refused_as_an_event(live: Server) -> None:
    headers = {"Authorization": "Bearer ek__9999999999_00"}
    with connect(f"ws://127.0.0.1:{live.port}/v1/realtime", additional_headers=headers) as ws:
        events, _, reason = closed(ws)
    assert events[0]["error"]["code"] == reason == "invalid_api_key"
