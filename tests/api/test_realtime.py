"""The realtime endpoint by OpenAI's own client and by bare WebSockets, against a real server.

Longer than 300 lines: the tests share one server.
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest
import soxr
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.pipeline import Pipeline
from tests.support.masking import is_hidden, synthetic
from tests.support.realtime import (
    COMPLETED,
    DELTA,
    RAIN,
    append,
    closed,
    commit,
    manual,
    receive,
    send,
    session,
    until,
)
from tests.support.responses import eventually, metrics
from tests.support.server import Server
from tests.support.streams import RATE, TALK, listen, utterances
from tests.support.wav import wav

MODULES_UNDER_TEST = (
    "hindi_stt/api/live/backend.py",
    "hindi_stt/api/live/connections.py",
    "hindi_stt/api/live/inbox.py",
    "hindi_stt/api/live/track.py",
    "hindi_stt/api/realtime/client_events.py",
    "hindi_stt/api/realtime/connections.py",
    "hindi_stt/api/realtime/inbox.py",
    "hindi_stt/api/realtime/reader.py",
    "hindi_stt/api/realtime/routes.py",
    "hindi_stt/api/realtime/session.py",
    "hindi_stt/api/realtime/utterances.py",
)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with room for three connections, and short patience."""
    running = Server(
        tmp_path_factory.mktemp("live"),
        HINDI_STT_REALTIME_CONNECTIONS="3",
        HINDI_STT_REALTIME_IDLE_S="8",
        HINDI_STT_REALTIME_WRITE_TIMEOUT_S="1",
        HINDI_STT_REALTIME_BUFFER_S="4",
        HINDI_STT_CORS_ORIGINS="https://captions.example",
        HINDI_STT_SCHEDULER="cost",
    )
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def rain(pipeline: Pipeline, acoustic: LocalAcoustic) -> str:
    return pipeline.transcribe(wav(RAIN), acoustic).text


@pytest.mark.parametrize("audio_format", ["pcm16", "g711_ulaw"])
def test_openais_client(live: Server, rain: str, audio_format: str) -> None:
    """24 kHz, which is its default, and a telephone line; turns found by the server."""
    rate = {"pcm16": 24_000, "g711_ulaw": 8_000}[audio_format]
    samples = soxr.resample(np.concatenate([RAIN, np.zeros(5 * RATE // 2, np.int16)]), RATE, rate)
    data = samples.tobytes() if audio_format == "pcm16" else wav(samples, rate, "ULAW", "RAW")
    wanted = {"type": "audio/pcm", "rate": 24_000} if audio_format == "pcm16" else {"type": "audio/pcmu"}
    url = f"127.0.0.1:{live.port}/v1"
    with (
        openai.OpenAI(api_key="none", base_url=f"http://{url}", websocket_base_url=f"ws://{url}") as client,
        client.realtime.connect(extra_query={"intent": "transcription"}) as connection,
    ):
        assert connection.recv().type == "session.created"
        connection.session.update(
            session={
                "type": "transcription",
                "audio": {"input": {"format": wanted, "transcription": {"model": "whisper-1", "language": "hi"}}},
                "include": ["item.input_audio_transcription.logprobs"],
            }
        )
        assert connection.recv().type == "session.updated"
        for start in range(0, len(data), 4_800):
            connection.input_audio_buffer.append(audio=base64.b64encode(data[start : start + 4_800]).decode())
        events = []
        for event in connection:
            events.append(event)
            assert event.type != "error", event
            if event.type == COMPLETED:
                break
    kinds = [event.type.removeprefix("input_audio_buffer.") for event in events if event.type != DELTA]
    assert kinds == ["speech_started", "speech_stopped", "committed", COMPLETED]
    assert len({event.item_id for event in events}) == 1
    assert DELTA in [event.type for event in events]
    done = events[-1]
    assert [entry.token for entry in done.logprobs] == done.transcript.split()
    assert done.usage.seconds == pytest.approx(2.1, abs=0.5)
    if audio_format == "pcm16":
        assert done.transcript == rain
    else:
        assert len(set(done.transcript.split()) & set(rain.split())) >= 4


def test_a_turn_is_what_its_audio_is_as_a_file(live: Server) -> None:
    with session(live) as ws:
        append(ws, TALK)
        events = until(ws, COMPLETED)
        events += until(ws, COMPLETED)
    done = [event for event in events if event["type"] == COMPLETED]
    assert len(done) == 2
    assert [event["previous_item_id"] for event in events if event["type"].endswith("committed")] == [
        None,
        done[0]["item_id"],
    ]
    for event in done:
        start, end = event["audio_start_ms"], event["audio_end_ms"]
        file = wav(TALK[start * RATE // 1000 : end * RATE // 1000])
        answer = live.transcribe(file).json()
        assert event["transcript"] == answer["text"]
        assert [word["word"] for word in event["words"]] == answer["text"].split()
        assert start / 1000 <= event["words"][0]["start"] < event["words"][-1]["end"] <= end / 1000 + 0.04


def test_the_beta_spelling(live: Server, rain: str) -> None:
    url = f"ws://127.0.0.1:{live.port}/v1/realtime?intent=transcription"
    with connect(url, additional_headers={"OpenAI-Beta": "realtime=v1"}) as ws:
        assert receive(ws)["type"] == "transcription_session.created"
        wanted = {
            "input_audio_format": "pcm16",
            "input_audio_transcription": {"model": "whisper-1"},
            "turn_detection": None,
        }
        send(ws, type="transcription_session.update", session=wanted)
        updated = receive(ws)
        assert updated["type"] == "transcription_session.updated"
        assert updated["session"]["input_audio_format"] == "pcm16"
        append(ws, soxr.resample(RAIN, RATE, 24_000))
        assert commit(ws)["transcript"] == rain


def test_options_of_the_file_api_hold(live: Server) -> None:
    options = {"script": "latin", "punctuation": "pauses", "hotwords": "बारिश:3"}
    expected = live.transcribe(wav(RAIN), data=options).json()["text"]
    with session(live, manual(model="whisper-1", **options)) as ws:
        append(ws, RAIN)
        done = commit(ws)
    assert done["transcript"] == expected
    assert expected.isascii()


def test_clear_forgets(live: Server, rain: str) -> None:
    with session(live, manual()) as ws:
        append(ws, TALK[:RATE])
        send(ws, type="input_audio_buffer.clear")
        assert receive(ws)["type"] == "input_audio_buffer.cleared"
        append(ws, RAIN)
        assert commit(ws)["transcript"] == rain


def test_another_format_from_here_on(live: Server, rain: str) -> None:
    """An update ends the utterance in progress."""
    with session(live, manual()) as ws:
        append(ws, RAIN)
        update = {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 8_000}}}}
        send(ws, type="session.update", session=update)
        assert until(ws, COMPLETED)[-1]["transcript"] == rain
        assert receive(ws)["session"]["audio"]["input"]["format"]["rate"] == 8_000
        append(ws, soxr.resample(RAIN, RATE, 8_000))
        assert len(set(commit(ws)["transcript"].split()) & set(rain.split())) >= 4


BAD_EVENTS = [
    pytest.param(b"\x00\x01", "invalid_request", id="binary"),
    pytest.param("{", "invalid_request", id="no JSON"),
    pytest.param("[1]", "invalid_request", id="no object"),
    pytest.param("[" * 100_000, "invalid_request", id="nested"),
    pytest.param(json.dumps({"type": "response.create"}), "invalid_request", id="another event"),
    pytest.param(json.dumps({"type": "input_audio_buffer.append", "audio": "$"}), "invalid_request", id="no base64"),
    pytest.param(json.dumps({"type": "input_audio_buffer.append", "audio": 1}), "invalid_request", id="a number"),
    pytest.param("x" * 2_200_000, "invalid_request", id="large"),
    pytest.param(
        json.dumps({"type": "input_audio_buffer.commit"}), "input_audio_buffer_commit_empty", id="empty commit"
    ),
    pytest.param(json.dumps({"type": "session.update"}), "invalid_request", id="no session"),
    pytest.param(
        json.dumps({"type": "transcription_session.update", "session": {"input_audio_format": ["pcm16"]}}),
        "invalid_request",
        id="a list for a name",
    ),
]
BAD_SESSIONS = [
    ({"type": "realtime"}, "invalid_request"),
    ({"include": ["everything"]}, "invalid_request"),
    ({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 11_025}}}}, "invalid_request"),
    ({"audio": {"input": {"turn_detection": {"type": "psychic_vad"}}}}, "invalid_request"),
    ({"audio": {"input": {"transcription": {"model": "other"}}}}, "unknown_model"),
    ({"audio": {"input": {"transcription": {"language": 5}}}}, "invalid_request"),
    ({"audio": {"input": {"transcription": {"script": "greek"}}}}, "invalid_request"),
    ({"audio": {"input": {"transcription": {"hotwords": 5}}}}, "invalid_request"),
    ({"audio": {"input": {"transcription": {"mood": "good"}}}}, "invalid_request"),
    ({"audio": 5}, "invalid_request"),
    ({"audio": {"input": {"format": {"type": "audio/pcm", "rate": [16_000]}}}}, "invalid_request"),
    ({"audio": {"input": {"transcription": {"prompt": "\ud800"}}}}, "invalid_request"),
]


@pytest.mark.parametrize(
    ("message", "code"),
    BAD_EVENTS
    + [
        pytest.param(json.dumps({"type": "session.update", "session": wanted}), code, id=f"session {i}")
        for i, (wanted, code) in enumerate(BAD_SESSIONS)
    ],
)
def test_a_bad_event_is_answered_and_survived(live: Server, message: bytes | str, code: str, rain: str) -> None:
    with session(live, manual()) as ws:
        ws.send(message)
        error = receive(ws)
        assert error["type"] == "error"
        assert error["error"]["code"] == code
        assert error["error"]["message"]
        append(ws, RAIN[:RATE])
        assert commit(ws)["transcript"]


def test_the_error_names_the_clients_event(live: Server) -> None:
    with session(live) as ws:
        send(ws, type="nonsense", event_id="mine_1")
        assert receive(ws)["error"]["event_id"] == "mine_1"


@pytest.mark.slow
def test_garbage_without_end_is_cut_off(live: Server) -> None:
    with session(live) as ws:
        for _ in range(20):
            ws.send("garbage")
        events, code, reason = closed(ws)
    assert (code, reason) == (1008, "invalid_request")
    assert len(events) == 21


@pytest.mark.slow
def test_an_idle_session_is_closed_after_its_last_words(live: Server) -> None:
    with session(live) as ws:
        append(ws, RAIN)
        events, code, reason = closed(ws)
    assert (code, reason) == (1008, "session_idle")
    assert [event["type"] for event in events[-2:]] == [COMPLETED, "error"]


def test_a_full_server_refuses_with_a_reason(live: Server) -> None:
    assert eventually(lambda: metrics(live)["hindi_stt_realtime_connections"] == 0)
    url = f"ws://127.0.0.1:{live.port}/v1/realtime?intent=transcription"
    with session(live) as first, session(live), session(live):
        with connect(url) as fourth:
            events, code, reason = closed(fourth)
        assert (code, reason) == (1013, "too_many_connections")
        assert "3" in events[0]["error"]["message"]
        append(first, RAIN)
        assert commit(first)["transcript"]
    assert eventually(lambda: metrics(live)["hindi_stt_realtime_connections"] == 0)
    with session(live):
        pass


@pytest.mark.parametrize(
    ("query", "origin", "status", "code"),
    [
        ("intent=transcription", "https://evil.example", 403, "origin_not_allowed"),
    ],
)
def test_what_is_refused_before_it_begins(live: Server, query: str, origin: Any, status: int, code: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{live.port}/v1/realtime?{query}", origin=origin)
    assert refused.value.response.status_code == status
    assert json.loads(refused.value.response.body)["error"]["code"] == code


@pytest.mark.parametrize("origin", ["https://captions.example", "http://127.0.0.1:{port}"])
def test_pages_that_may_connect(live: Server, origin: str) -> None:
    with session(live, origin=origin.format(port=live.port), subprotocols=["realtime", "another"]) as ws:
        assert ws.subprotocol == "realtime"


def test_faster_than_real_time_is_held_back_and_not_lost(
    live: Server, pipeline: Pipeline, acoustic: LocalAcoustic
) -> None:
    """Ten times what the buffer holds."""
    samples = np.tile(np.append(RAIN, np.zeros(24_000, np.int16)), 12)
    expected = [utterance.text for utterance in utterances(listen(pipeline, acoustic, [samples]))]
    assert len(expected) == 12
    with session(live) as ws:
        sender = threading.Thread(target=append, args=(ws, samples, 0.7))
        sender.start()
        texts = [until(ws, COMPLETED)[-1]["transcript"] for _ in range(12)]
        sender.join()
    assert texts == expected


@pytest.mark.slow
def test_a_client_that_does_not_read_is_closed(live: Server) -> None:
    """The answer to each event is longer than the event; nobody reads them."""
    with session(live, max_queue=1) as ws, contextlib.suppress(ConnectionClosed, TimeoutError):
        prompt = np.random.default_rng(0).bytes(300_000).hex()  # which no compression makes short
        wanted = {"audio": {"input": {"transcription": {"prompt": prompt}}}}
        ws.socket.settimeout(3)
        for _ in range(40):
            send(ws, type="session.update", session=wanted)
    assert eventually(lambda: "closed_by=slow_reader" in live.log)


def test_a_disconnect_leaves_nothing_behind(live: Server) -> None:
    for _ in range(4):
        with session(live) as ws:
            append(ws, TALK)
            ws.socket.shutdown(socket.SHUT_RDWR)
        assert eventually(lambda: metrics(live)["hindi_stt_realtime_connections"] == 0)
    assert "Traceback" not in live.log


@pytest.mark.slow
def test_the_end(tmp_path: Path, rain: str) -> None:
    """After its time, and on SIGTERM, a connection gets the final text of what was said, and a reason."""
    server = Server(tmp_path, HINDI_STT_REALTIME_MAX_S="4")
    try:
        server.wait_until_ready()
        with session(server, manual()) as ws:
            append(ws, RAIN)
            events, code, reason = closed(ws)
        assert (code, reason) == (1008, "session_expired")
        assert events[-2]["transcript"] == rain
        with session(server) as ws:
            append(ws, RAIN)
            ws.send("garbage")
            until(ws, "error")  # what came before has been heard
            server.process.terminate()
            events, code, reason = closed(ws)
    finally:
        status = server.stop()
    assert (code, reason) == (1001, "shutting_down")
    assert [event["type"] for event in events[-2:]] == [COMPLETED, "error"]
    assert len(set(events[-2]["transcript"].split()) & set(rain.split())) >= 4
    assert status == 0


def test_a_masked_number_over_commits(live: Server) -> None:
    """Commits make another stream each; what was said before them is remembered."""
    parts = ["मेरा नंबर है नौ आठ सात छह", "पाँच चार तीन", "दो एक शून्य यह मेरा नंबर है"]
    digits = set(" ".join(parts).split()) - {"यह", "मेरा", "नंबर", "है"}
    texts = {}
    for mask in ("off", "phone"):
        with session(live, manual(mask=mask)) as ws:
            texts[mask] = []
            for part in parts:
                append(ws, (synthetic(part, RATE) * 32767).astype(np.int16))
                texts[mask].append(commit(ws)["transcript"])
    assert len(digits & set(" ".join(texts["off"]).split())) > 6, texts
    assert is_hidden(texts["phone"], [*digits]), texts
