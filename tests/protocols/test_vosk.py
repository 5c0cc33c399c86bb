"""The protocol of the Vosk server: by real servers on the path and on a port, and message by message."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from hindi_stt.errors import InvalidRequest
from hindi_stt.protocols.adapter import Audio, Configure, EndOfAudio, EndUtterance, Start
from hindi_stt.protocols.vosk import VoskAdapter
from hindi_stt.streaming import Partial, Utterance
from hindi_stt.types import Segment, Word
from tests.support.responses import eventually
from tests.support.server import Server
from tests.support.streams import RATE, speech
from tests.support.wav import wav

MODULES_UNDER_TEST = (
    "hindi_stt/protocols/adapter.py",
    "hindi_stt/protocols/clients.py",
    "hindi_stt/protocols/messages.py",
    "hindi_stt/protocols/options.py",
    "hindi_stt/protocols/ports.py",
    "hindi_stt/protocols/routes.py",
    "hindi_stt/protocols/running.py",
    "hindi_stt/protocols/server.py",
    "hindi_stt/protocols/session.py",
    "hindi_stt/protocols/transport.py",
    "hindi_stt/protocols/vosk.py",
)

CALL = speech("rain.flac", 1.5, "family.flac", 1.5)
EOF_MESSAGE = '{"eof" : 1}'


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def vosk(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Server]:
    running = Server(
        tmp_path_factory.mktemp("vosk"),
        HINDI_STT_PROTOCOLS="vosk",
        HINDI_STT_VOSK_PORT=str(port),
        HINDI_STT_API_WORKERS="2",
    )
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def chunks(samples: np.ndarray, seconds: float = 0.2) -> Iterator[bytes]:
    size = int(seconds * RATE)
    for start in range(0, len(samples), size):
        yield samples[start : start + size].astype("<i2").tobytes()


def transcribed(ws: ClientConnection, samples: np.ndarray, **config: Any) -> tuple[list[dict[str, Any]], int]:
    """The answers, after each chunk and the end, and how many chunks there were."""
    ws.send(json.dumps({"config": {"sample_rate": RATE, **config}}))
    answers = []
    for chunk in chunks(samples):
        ws.send(chunk)
        answers.append(json.loads(ws.recv(timeout=30)))
    n = len(answers)
    ws.send(EOF_MESSAGE)
    answers.append(json.loads(ws.recv(timeout=30)))
    with pytest.raises(ConnectionClosed):
        ws.recv(timeout=30)
    assert ws.close_code == 1000
    return answers, n


def text_of(answers: list[dict[str, Any]]) -> str:
    return " ".join(filter(None, (answer.get("text", "") for answer in answers)))


def file_text(server: Server, samples: np.ndarray) -> str:
    text: str = server.transcribe(wav(samples)).json()["text"]
    return text


def test_every_chunk_gets_one_answer_and_the_texts_are_those_of_the_file(vosk: Server) -> None:
    with connect(f"ws://127.0.0.1:{vosk.port}/vosk") as ws:
        answers, n = transcribed(ws, CALL)
    assert len(answers) == n + 1
    assert text_of(answers) == file_text(vosk, CALL)
    assert all(("partial" in answer) != ("text" in answer) for answer in answers)
    words = [word for answer in answers for word in answer.get("result", [])]
    assert " ".join(word["word"] for word in words) == text_of(answers)
    assert all(0 <= word["start"] <= word["end"] <= len(CALL) / RATE + 0.1 for word in words)


def test_partial_results_come_with_the_next_answer(vosk: Server) -> None:
    def partial(ws: ClientConnection) -> str:
        ws.send(b"")
        text: str = json.loads(ws.recv(timeout=30))["partial"]
        return text

    with connect(f"ws://127.0.0.1:{vosk.port}/vosk") as ws:
        ws.send(json.dumps({"config": {"sample_rate": RATE}}))
        for chunk in chunks(speech("family.flac")[: 2 * RATE]):
            ws.send(chunk)
            ws.recv(timeout=30)
        assert eventually(lambda: bool(partial(ws)))


def test_the_port_of_its_own_and_no_words(vosk: Server, port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}") as ws:
        answers, _ = transcribed(ws, CALL, words=False)
    assert text_of(answers) == file_text(vosk, CALL)
    assert not any("result" in answer for answer in answers)


def test_phrases_of_a_list_are_hotwords(vosk: Server) -> None:
    """What Vosk takes as the only words are preferred words here; those that cannot be spelt are named."""
    with connect(f"ws://127.0.0.1:{vosk.port}/vosk") as ws:
        answers, _ = transcribed(ws, CALL, phrase_list=["बारिश", "[unk]", "hello there"])
    assert text_of(answers)
    warnings = [warning for answer in answers for warning in answer.get("warnings", [])]
    assert any("hello there" in warning for warning in warnings)
    assert not any("बारिश" in warning for warning in warnings)


def test_an_option_that_cannot_be_used_closes_with_its_reason(vosk: Server) -> None:
    with connect(f"ws://127.0.0.1:{vosk.port}/vosk") as ws:
        ws.send(json.dumps({"config": {"sample_rate": RATE, "numerals": "roman"}}))
        assert json.loads(ws.recv(timeout=30))["error"]["code"] == "invalid_request"
        with pytest.raises(ConnectionClosed):
            ws.recv(timeout=30)
    assert (ws.close_code, ws.close_reason) == (1008, "invalid_request")


def test_a_wrong_message_is_named_and_the_connection_goes_on(vosk: Server) -> None:
    with connect(f"ws://127.0.0.1:{vosk.port}/vosk") as ws:
        ws.send("hello")
        ws.send(json.dumps({"config": {"sample_rate": 5}}))
        answers, _ = transcribed(ws, CALL)
    assert answers[0]["error"]["code"] == "invalid_request"
    assert text_of(answers) == file_text(vosk, CALL)


CLIENTS = Path(os.environ.get("HINDI_STT_TEST_VOSK_CLIENTS") or "/nonexistent")


@pytest.mark.skipif(not CLIENTS.is_dir(), reason="HINDI_STT_TEST_VOSK_CLIENTS names no folder of alphacep/vosk-server")
def test_the_clients_of_vosk_server(tmp_path: Path) -> None:
    """Unchanged; they know ws://localhost:2700 only. test_srt.py needs srt, and asks for nothing that others do not."""
    server = Server(
        tmp_path, HINDI_STT_PROTOCOLS="vosk", HINDI_STT_VOSK_PORT="2700", HINDI_STT_PROTOCOL_HOST="localhost"
    )
    try:
        server.wait_until_ready()
        recording = tmp_path / "call.wav"
        recording.write_bytes(wav(CALL))
        expected = file_text(server, CALL)
        found = {}
        for client in ("test.py", "test_words.py", "test_alternatives.py", "test_ffmpeg.py"):
            if client == "test_ffmpeg.py" and shutil.which("ffmpeg") is None:
                continue
            done = subprocess.run(
                [sys.executable, str(CLIENTS / "websocket" / client), str(recording)],
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            )
            found[client] = text_of([json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")])
        assert found == dict.fromkeys(found, expected)
    finally:
        server.stop()


def word(text: str, start_s: float) -> Word:
    return Word(text, start_s, start_s + 0.3, 0.9)


def test_messages_without_a_server() -> None:
    adapter = VoskAdapter()
    (start,) = adapter.receive('{"config": {"sample_rate": 16000, "phrase_list": ["एक, दो:3", "[unk]", ""]}}')
    assert isinstance(start, Start)
    assert start.tracks[0].audio.rate == 16_000
    assert start.phrases == ["एक, दो:3"]
    assert adapter.receive(b"ab") == [Audio(0, b"ab")]
    assert json.loads(adapter.handled(Audio(0, b""))[0]) == {"partial": ""}
    adapter.results(0, Partial((word("एक", 0),), (word("दो", 1),)))
    adapter.results(0, Partial((word("दो", 1),), ()))
    assert json.loads(adapter.handled(Audio(0, b""))[0]) == {"partial": "एक दो"}
    for at in (0.0, 5.0):  # two utterances that end with one chunk are one answer
        adapter.results(0, Utterance(at, at + 1, (Segment(at, at + 1, (word("एक", at),)),)))
    (answer,) = adapter.handled(Audio(0, b""))
    assert json.loads(answer)["text"] == "एक एक"
    assert adapter.receive('{"reset" : 1}') == [EndUtterance()]
    assert adapter.receive(EOF_MESSAGE) == [EndOfAudio()]
    (again,) = adapter.receive('{"config": {"sample_rate": 8000.0, "max_alternatives": 3}}')
    assert isinstance(again, Configure)
    assert json.loads(adapter.handled(EndOfAudio())[0])["warnings"] == ["config.max_alternatives: has no effect"]


@pytest.mark.parametrize(
    "message",
    [
        "nothing",
        "[]",
        "{}",
        '{"config": 1}',
        '{"config": {"sample_rate": "fast"}}',
        '{"config": {"sample_rate": true}}',
        '{"config": {"sample_rate": 1e400}}',
        '{"config": {"sample_rate": 1' + "0" * 400 + "}}",
        '{"config": {"phrase_list": "एक"}}',
        '{"config": {"phrase_list": [1]}}',
    ],
)
def test_messages_that_cannot_be_used(message: str) -> None:
    with pytest.raises(InvalidRequest):
        VoskAdapter().receive(message)


def test_protocols_that_are_not_enabled_have_no_routes(vosk: Server) -> None:
    with pytest.raises(InvalidStatus) as caught, connect(f"ws://127.0.0.1:{vosk.port}/v1/telephony/twilio"):
        pass
    assert caught.value.response.status_code == 404
    for path in ("/v1/calls", "/v1/calls/CA1/events", "/ui/calls"):
        assert httpx.get(f"{vosk.url}{path}").status_code == 404


def test_a_server_that_stops_sends_the_last_words(vosk: Server, port: int) -> None:
    """The last test of this module: it stops the server."""
    rain = speech("rain.flac")
    expected = file_text(vosk, rain)
    with connect(f"ws://127.0.0.1:{port}") as ws:
        ws.send(json.dumps({"config": {"sample_rate": RATE}}))
        for chunk in chunks(rain):
            ws.send(chunk)
            ws.recv(timeout=30)
        vosk.process.terminate()
        last = json.loads(ws.recv(timeout=30))
        assert last["error"]["code"] == "shutting_down"
        assert last["text"] == expected
        with pytest.raises(ConnectionClosed):
            ws.recv(timeout=30)
        assert ws.close_code == 1001
