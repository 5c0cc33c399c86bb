"""Deepgram's /v1/listen by a real server, over HTTP and WebSockets."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import numpy as np
import pytest
from starlette.requests import HTTPConnection
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from hindi_stt.api.middleware.credentials import key_of
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.bundle.registry import Registry
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.protocols.deepgram.recordings import listen
from hindi_stt.settings import Settings
from tests.support.api_requests import make_recognizer, make_request
from tests.support.server import Server
from tests.support.streams import RATE, speech
from tests.support.telephony import mu_law
from tests.support.wav import wav

MODULES_UNDER_TEST = (
    "hindi_stt/api/middleware/credentials.py",
    "hindi_stt/protocols/deepgram/bodies.py",
    "hindi_stt/protocols/deepgram/live.py",
    "hindi_stt/protocols/deepgram/query.py",
    "hindi_stt/protocols/deepgram/values.py",
    "hindi_stt/protocols/endpoints.py",
    "hindi_stt/protocols/options.py",
)

RAIN, FAMILY = speech("rain.flac", 1.5), speech(1.0, "family.flac", 1.5)
CALL = speech("rain.flac", 1.5, "family.flac", 1.5)
REGISTRY = Registry([Bundle.open(EMBEDDED)])
Body = dict[str, Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("deepgram"), HINDI_STT_PROTOCOLS="deepgram")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def pcm(*channels: np.ndarray) -> bytes:
    """Interleaved 16-bit samples, as long as the longest channel."""
    found = np.zeros((max(map(len, channels)), len(channels)), "<i2")
    for position, samples in enumerate(channels):
        found[: len(samples), position] = samples
    return found.tobytes()


def listened(
    server: Server, body: bytes, content_type: str = "application/octet-stream", **query: Any
) -> httpx.Response:
    headers = {"Content-Type": content_type, "Authorization": "Token any"}
    return httpx.post(f"{server.url}/v1/listen", params=query, content=body, headers=headers, timeout=60)


def transcript(body: Body, channel: int = 0) -> str:
    text: str = body["results"]["channels"][channel]["alternatives"][0]["transcript"]
    return text


def file_text(server: Server, samples: np.ndarray, **fields: str) -> str:
    text: str = server.transcribe(wav(samples), data=fields).json()["text"]
    return text


@pytest.mark.parametrize("contained", [True, False])
def test_a_recording(server: Server, contained: bool) -> None:
    body = wav(CALL) if contained else pcm(CALL)
    query = {} if contained else {"encoding": "linear16", "sample_rate": RATE}
    answer = listened(server, body, model="nova-3", utterances="true", paragraphs="true", tag="a", extra="k:v", **query)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert transcript(found) == file_text(server, CALL)
    meta = found["metadata"]
    assert meta["request_id"] == answer.headers["x-request-id"]
    assert meta["sha256"] == hashlib.sha256(body).hexdigest()
    assert meta["duration"] == pytest.approx(len(CALL) / RATE, abs=0.01)
    assert (meta["channels"], meta["tags"], meta["extra"]) == (1, ["a"], {"k": "v"})
    (best,) = found["results"]["channels"][0]["alternatives"]
    assert " ".join(word["word"] for word in best["words"]) == best["transcript"]
    assert all(0 <= word["start"] <= word["end"] and 0 <= word["confidence"] <= 1 for word in best["words"])
    utterances = found["results"]["utterances"]
    assert len(utterances) == 2  # a second and a half of silence is between them
    assert " ".join(utterance["transcript"] for utterance in utterances) == best["transcript"]
    assert best["paragraphs"]["transcript"].split() == best["transcript"].split()
    assert any(warning.startswith("model=nova-3") for warning in found["warnings"])
    assert "nova-3" in answer.headers["x-warnings"]


def test_channels_by_themselves(server: Server) -> None:
    silence = np.zeros(RATE, np.int16)
    body = pcm(RAIN, FAMILY, silence)
    found = listened(
        server, body, encoding="linear16", sample_rate=RATE, channels=3, multichannel="true", utterances="true"
    ).json()
    assert found["metadata"]["channels"] == 3
    length = max(len(RAIN), len(FAMILY))
    for channel, samples in enumerate((RAIN, FAMILY, silence)):
        whole = np.pad(samples, (0, length - len(samples)))
        assert transcript(found, channel) == file_text(server, whole)
    assert {utterance["channel"] for utterance in found["results"]["utterances"]} == {0, 1}


def test_what_a_recording_may_ask_for(server: Server) -> None:
    query = {"smart_format": "true", "keyterm": ["बारिश", "hello"], "diarize": "true", "colour": "red"}
    answer = listened(server, wav(CALL), **query)
    found = answer.json()
    expected = file_text(server, CALL, numerals="latin", punctuation="model", hotwords="बारिश")
    assert transcript(found) == expected
    words = found["results"]["channels"][0]["alternatives"][0]["words"]
    assert " ".join(word["punctuated_word"] for word in words) == expected
    assert all(word["word"].strip("।,?") == word["word"] for word in words)
    for named in ("hello", "diarize", "colour"):
        assert any(named in warning for warning in found["warnings"]), named


@pytest.mark.parametrize(
    ("query", "content_type", "code"),
    [
        ({}, "application/json", "url_not_accepted"),
        ({"callback": "https://example.com"}, "audio/wav", "invalid_request"),
        ({"encoding": "linear16"}, "audio/wav", "invalid_request"),
        ({"encoding": "linear32", "sample_rate": "16000"}, "audio/wav", "invalid_request"),
        ({"channels": "900"}, "audio/wav", "invalid_request"),
        ({"multichannel": "perhaps"}, "audio/wav", "invalid_request"),
        ({"model": "unheard"}, "audio/wav", "unknown_model"),
    ],
)
def test_refusals(server: Server, query: dict[str, str], content_type: str, code: str) -> None:
    body = b'{"url": "https://example.com/a.wav"}' if content_type.endswith("json") else wav(RAIN[:RATE])
    answer = listened(server, body, content_type, **query)
    assert 400 <= answer.status_code < 500
    found = answer.json()
    assert found["err_code"] == found["error"]["code"] == code
    assert found["request_id"] == answer.headers["x-request-id"]


def test_the_defaults_of_connections_hold_for_recordings(acoustic: LocalAcoustic) -> None:
    """Unless the query says otherwise: the text is in Latin letters."""
    options = json.dumps({"": {"script": "latin", "silence_ms": "300"}})
    recognizer = make_recognizer(acoustic, Settings(model="", protocol_options=options))

    async def text(query: str) -> str:
        request = make_request("POST", "/v1/listen", wav(RAIN), {"content-type": "audio/wav"})
        request.scope["query_string"] = query.encode()
        answer = await listen(request, recognizer)
        return transcript(json.loads(bytes(answer.body)))

    assert asyncio.run(text("")).isascii()
    assert not asyncio.run(text("script=devanagari")).isascii()


def live(server: Server, **query: Any) -> ClientConnection:
    address = f"ws://127.0.0.1:{server.port}/v1/listen?{urlencode(query, doseq=True)}"
    return connect(address, additional_headers={"Authorization": "Token any"})


def send(ws: ClientConnection, data: bytes, size: int = 6_400) -> None:
    for start in range(0, len(data), size):
        ws.send(data[start : start + size])


def until_closed(ws: ClientConnection) -> list[Body]:
    ws.send('{"type": "CloseStream"}')
    found = [json.loads(message) for message in ws]  # which ends with the close code 1000
    assert ws.close_code == 1000
    return found


def finals(messages: list[Body], channel: int = 0) -> str:
    texts = [
        message["channel"]["alternatives"][0]["transcript"]
        for message in messages
        if message["type"] == "Results" and message["is_final"] and message["channel_index"][0] == channel
    ]
    return " ".join(filter(None, texts))


LINEAR16 = {"encoding": "linear16", "sample_rate": RATE, "model": "nova-3"}


def test_live_audio(server: Server) -> None:
    data = pcm(CALL)
    with live(server, **LINEAR16, vad_events="true", utterance_end_ms=1000, utterances="true") as ws:
        ws.send('{"type": "KeepAlive"}')
        send(ws, data)
        messages = until_closed(ws)
    assert finals(messages) == file_text(server, CALL)
    kinds = [message["type"] for message in messages]
    assert kinds.count("SpeechStarted") == 2
    assert kinds.count("UtteranceEnd") >= 1
    metadata = messages[-1]
    assert metadata["type"] == "Metadata"
    assert metadata["sha256"] == hashlib.sha256(data).hexdigest()
    assert metadata["duration"] == pytest.approx(len(CALL) / RATE, abs=0.01)
    results = [message for message in messages if message["type"] == "Results"]
    assert all(message["metadata"]["request_id"] == metadata["request_id"] for message in results)
    first = results[0]["channel"]["alternatives"][0]
    assert first["words"][0]["start"] >= results[0]["start"] - 0.5
    assert any("utterances" in warning for message in messages for warning in message.get("warnings", []))


def test_marks_of_live_audio_are_those_of_the_network(server: Server) -> None:
    """Of one utterance, which the network reads as it reads a recording of it."""
    rain = speech("rain.flac")
    with live(server, **LINEAR16, smart_format="true") as ws:
        send(ws, pcm(rain))
        messages = until_closed(ws)
    assert finals(messages) == file_text(server, rain, numerals="latin", punctuation="model")
    assert finals(messages).endswith("।")
    words = [
        word for one in messages if one["type"] == "Results" for word in one["channel"]["alternatives"][0]["words"]
    ]
    assert words[-1]["punctuated_word"] == words[-1]["word"] + "।"


def test_live_channels(server: Server) -> None:
    with live(server, **LINEAR16, channels=2, multichannel="true") as ws:
        send(ws, pcm(RAIN, FAMILY), 6_401)  # cut within a sample
        messages = until_closed(ws)
    for channel, samples in enumerate((RAIN, FAMILY)):
        padded = np.pad(samples, (0, max(len(RAIN), len(FAMILY)) - len(samples)))
        assert finals(messages, channel) == file_text(server, padded)
    assert messages[-1]["channels"] == 2


def test_live_channels_that_are_mixed(server: Server) -> None:
    """Both channels say the same: mixed, they are as loud as each."""
    with live(server, **LINEAR16, channels=2) as ws:
        send(ws, pcm(RAIN, RAIN))
        messages = until_closed(ws)
    assert finals(messages) == file_text(server, RAIN)


def test_finalize_and_interim_results(server: Server) -> None:
    rain = speech("rain.flac")
    with live(server, **LINEAR16, interim_results="true") as ws:
        found: list[Body] = []
        send(ws, pcm(rain))
        ws.send('{"type": "Finalize"}')
        while not found or not found[-1].get("from_finalize"):
            found.append(json.loads(ws.recv(timeout=60)))
        assert found[-1]["is_final"]
        assert finals(found) == file_text(server, rain)
        ws.send('{"type": "Finalize", "channel": 0}')  # nothing is left
        again = json.loads(ws.recv(timeout=60))
        assert again["from_finalize"]
        assert not again["channel"]["alternatives"][0]["transcript"]
        until_closed(ws)


def test_a_live_message_that_cannot_be_used(server: Server) -> None:
    with live(server, encoding="mulaw", sample_rate=8000) as ws:
        ws.send("hello")
        assert json.loads(ws.recv(timeout=60))["variant"] == "invalid_request"
        ws.send('{"type": "Configure", "keyterms": ["बारिश"], "features": {"numerals": true, "colour": true}}')
        assert json.loads(ws.recv(timeout=60))["type"] == "ConfigureSuccess"
        send(ws, mu_law(RAIN[::2]))
        messages = until_closed(ws)
    assert finals(messages)
    assert any("colour" in warning for message in messages for warning in message.get("warnings", []))


@pytest.mark.parametrize("query", [{}, {"encoding": "opus"}, {"encoding": "linear16"}, {"endpointing": "soon"}])
def test_live_audio_that_is_refused(server: Server, query: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as caught, live(server, **query):
        pass
    assert caught.value.response.status_code == 400


def test_a_browser_names_the_key_in_a_subprotocol(server: Server) -> None:
    address = f"ws://127.0.0.1:{server.port}/v1/listen?{urlencode(LINEAR16)}"
    with connect(address, subprotocols=["token", "stt_01234567_abc"]) as ws:  # type: ignore[list-item]
        assert ws.subprotocol == "token"
    scope = {"type": "websocket", "headers": [], "query_string": b"", "subprotocols": ["token", "stt_01234567_abc"]}
    assert key_of(HTTPConnection(scope)) == "stt_01234567_abc"
