"""A server that is asked to stop: every protocol's connection gets its last words, while its client goes on sending."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.support.ports import free_ports
from tests.support.responses import eventually
from tests.support.server import Server
from tests.support.streams import RATE, speech
from tests.support.telephony import CALL_ID as TWILIO_CALL
from tests.support.telephony import at_rate, audiosocket_message, mu_law, mu_law_file, twilio_call
from tests.support.wav import wav
from tests.support.wyoming import wyoming_event

RAIN = speech("rain.flac")
LOW = at_rate(RAIN, 8_000)
CALL_ID = uuid.UUID("40325ec2-5efd-4bd3-805f-53576e581d13")
SAMPLES = {"rate": RATE, "width": 2, "channels": 1}
STEP_S = 0.1
SILENCE = bytes(int(2 * RATE * STEP_S))
Message = dict[str, Any]


class Sender(Protocol):
    """One connection: says the recording, then silence for as long as it is open, and reads all that comes."""

    def speak(self) -> None: ...
    def silence(self) -> None: ...
    def read(self) -> None: ...


class OverWebSocket:
    """Messages of a protocol over a WebSocket."""

    def __init__(self, server: Server, path: str, speak: list[str | bytes], silence: Callable[[], str | bytes]) -> None:
        self.ws: ClientConnection = connect(f"ws://127.0.0.1:{server.port}{path}")
        self.messages: list[Message] = []
        self._speak, self._silence = speak, silence

    def speak(self) -> None:
        for message in self._speak:
            self.ws.send(message)

    def silence(self) -> None:
        self.ws.send(self._silence())

    def read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                self.messages.append(json.loads(self.ws.recv(timeout=60)))


class OverTcp:
    """Bytes of a protocol over TCP."""

    def __init__(self, port: int, speak: bytes, silence: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.received = b""
        self._speak, self._silence = speak, silence

    def speak(self) -> None:
        self.socket.sendall(self._speak)

    def silence(self) -> None:
        self.socket.sendall(self._silence)

    def read(self) -> None:
        with self.socket, contextlib.suppress(ConnectionResetError):
            while data := self.socket.recv(65_536):
                self.received += data


class Follower(threading.Thread):
    """Reads the events of a call until the server ends."""

    def __init__(self, server: Server, call: str) -> None:
        super().__init__(daemon=True)
        self.events: list[Message] = []
        self._url = f"{server.url}/v1/calls/{call}/events"
        self.start()

    def run(self) -> None:
        with contextlib.suppress(httpx.TransportError):
            while not self.events:  # the call has not begun
                with httpx.stream("GET", self._url, timeout=60) as answer:
                    for line in answer.iter_lines():
                        if line.startswith("data: "):
                            self.events.append(json.loads(line[6:]))
                time.sleep(0.1)

    def text(self) -> str:
        return " ".join(one["text"] for one in self.events if one["type"] == "final" and one["text"])


def audio_s(server: Server) -> dict[str, float]:
    """Seconds that each protocol has received."""
    text = httpx.get(f"{server.url}/metrics").text
    found = re.findall(
        r'^hindi_stt_protocol_audio_seconds_total\{[^}]*protocol="(\w+)"[^}]*\} (\S+)$', text, re.MULTILINE
    )
    return {name: float(value) for name, value in found}


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All connections after the server has been stopped in the middle of their utterances, and what it knew before."""
    folder: Path = tmp_path_factory.mktemp("stopping")
    wyoming, audiosocket = free_ports(2)
    server = Server(
        folder,
        HINDI_STT_PROTOCOLS="vosk,deepgram,twilio,freeswitch,wyoming,audiosocket",
        HINDI_STT_WYOMING_PORT=str(wyoming),
        HINDI_STT_AUDIOSOCKET_PORT=str(audiosocket),
        HINDI_STT_JOBS_DIR=str(folder / "jobs"),
        HINDI_STT_JOBS_WORKERS="0",
    )
    pcm = RAIN.tobytes()
    parts: list[str | bytes] = [pcm[start : start + 6_400] for start in range(0, len(pcm), 6_400)]
    said = [one for one in twilio_call({"inbound": mu_law(LOW)}) if json.loads(one)["event"] in {"start", "media"}]
    frames = [LOW[start : start + 160].tobytes() for start in range(0, len(LOW), 160)]
    begin = wyoming_event("audio-start", SAMPLES)
    quiet = json.dumps({"event": "media", "media": {"track": "inbound", "payload": "/////w=="}})
    try:
        server.wait_until_ready()
        found: dict[str, Any] = {
            "text": server.transcribe(wav(RAIN)).json()["text"],
            "low": server.transcribe(wav(LOW, 8_000)).json()["text"],
            "mu-law": server.transcribe(mu_law_file(RAIN)).json()["text"],
            "vosk": OverWebSocket(server, "/vosk", ['{"config": {"sample_rate": 16000}}', *parts], lambda: SILENCE),
            "deepgram": OverWebSocket(
                server, f"/v1/listen?encoding=linear16&sample_rate={RATE}", parts, lambda: SILENCE
            ),
            "freeswitch": OverWebSocket(server, f"/v1/telephony/freeswitch?rate={RATE}", parts, lambda: SILENCE),
            "twilio": OverWebSocket(server, "/v1/telephony/twilio", [*said], lambda: quiet),
            "wyoming": OverTcp(
                wyoming,
                begin + wyoming_event("audio-chunk", SAMPLES, pcm),
                wyoming_event("audio-chunk", SAMPLES, SILENCE),
            ),
            "audiosocket": OverTcp(
                audiosocket,
                audiosocket_message(0x01, CALL_ID.bytes) + b"".join(audiosocket_message(0x10, one) for one in frames),
                audiosocket_message(0x10, bytes(320)),
            ),
        }
        senders: dict[str, Sender] = {name: one for name, one in found.items() if not isinstance(one, str)}
        followers = {
            name: Follower(server, call) for name, call in (("twilio", TWILIO_CALL), ("audiosocket", str(CALL_ID)))
        }
        readers = {name: threading.Thread(target=one.read, daemon=True) for name, one in senders.items()}
        for name, one in senders.items():
            readers[name].start()
            one.speak()
        long_s = len(RAIN) / RATE - 0.2
        assert eventually(lambda: all(audio_s(server).get(name, 0) > long_s for name in senders), 30)
        assert eventually(lambda: all(one.events for one in followers.values()))
        server.process.terminate()
        while any(reader.is_alive() for reader in readers.values()):  # nobody has told the clients to stop
            for name, one in senders.items():
                if readers[name].is_alive():
                    with contextlib.suppress(OSError, ConnectionClosed):
                        one.silence()
            time.sleep(STEP_S)
        for follower in followers.values():
            follower.join(timeout=30)
        found["followers"] = followers
    finally:
        found_status = server.stop()
    return found | {"status": found_status, "log": server.log}


@pytest.mark.slow
def test_vosk(stopped: dict[str, Any]) -> None:
    *_, last = [one for one in stopped["vosk"].messages if "error" in one]
    texts = [one["text"] for one in stopped["vosk"].messages if one.get("text")]
    assert " ".join(texts) == stopped["text"]
    assert last["error"]["code"] == "shutting_down"
    assert (stopped["vosk"].ws.close_code, stopped["vosk"].ws.close_reason) == (1001, "shutting_down")


@pytest.mark.slow
def test_deepgram(stopped: dict[str, Any]) -> None:
    *results, error = stopped["deepgram"].messages
    finals = [one["channel"]["alternatives"][0]["transcript"] for one in results if one.get("is_final")]
    assert " ".join(filter(None, finals)) == stopped["text"]
    assert (error["type"], error["variant"]) == ("Error", "shutting_down")
    assert stopped["deepgram"].ws.close_code == 1001


def test_wyoming(stopped: dict[str, Any]) -> None:
    """The transcript so far, which clients wait for, and the reason."""
    decoder, events, text = json.JSONDecoder(), [], stopped["wyoming"].received.decode().strip()
    while text:
        event, end = decoder.raw_decode(text)
        events.append(event)
        text = text[end:].lstrip()
    kinds = [one["type"] for one in events if "type" in one]
    assert kinds[0] == "transcript-start"
    assert kinds[-3:] == ["transcript", "transcript-stop", "error"]
    (transcript,) = [one for one in events if "text" in one and "language" in one]
    assert transcript["text"] == stopped["text"]
    assert any("shutting_down" in text for text in transcript["warnings"])
    assert events[-1]["code"] == "shutting_down"


def test_freeswitch(stopped: dict[str, Any]) -> None:
    finals = [one["data"]["text"] for one in stopped["freeswitch"].messages if one["type"] == "transcription"]
    assert " ".join(filter(None, finals)) == stopped["text"]
    assert stopped["freeswitch"].ws.close_code == 1001


@pytest.mark.parametrize(("name", "expected"), [("twilio", "mu-law"), ("audiosocket", "low")])
def test_calls(stopped: dict[str, Any], name: str, expected: str) -> None:
    """Who follows the call gets its last words, and the transcript is a job."""
    follower = stopped["followers"][name]
    assert follower.text() == stopped[expected]
    ended = follower.events[-1]
    assert (ended["type"], ended["reason"]) == ("call.ended", "shutting_down")
    assert ended["job"]


def test_asterisk_hangs_up_and_twilio_is_told(stopped: dict[str, Any]) -> None:
    assert stopped["audiosocket"].received == b"\0\0\0"
    assert (stopped["twilio"].ws.close_code, stopped["twilio"].ws.close_reason) == (1001, "shutting_down")


def test_the_server_ends_as_it_should(stopped: dict[str, Any]) -> None:
    assert stopped["status"] == 0
    assert "Traceback" not in stopped["log"]
