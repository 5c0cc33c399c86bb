"""Mistakes that people make when they connect a platform: each gets one clear answer, and is counted.

Longer than 300 lines: the tests share one server.
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError
from websockets.sync.client import connect

from tests.support.guarded import Guarded
from tests.support.ports import free_ports
from tests.support.streams import speech
from tests.support.telephony import at_rate, audiosocket_call, audiosocket_message, exotel_call, mu_law, twilio_call

pytestmark = pytest.mark.slow

Event = dict[str, Any]
LOW = at_rate(speech("rain.flac"), 8_000)
LONG = at_rate(speech("family.flac", 0.5, "rain.flac", 0.5, "family.flac"), 8_000)
TWILIO, EXOTEL, FREESWITCH = (f"/v1/telephony/{name}" for name in ("twilio", "exotel", "freeswitch"))


@pytest.fixture(scope="module")
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Guarded]:
    running = Guarded(
        tmp_path_factory.mktemp("mistakes"),
        HINDI_STT_PROTOCOLS="twilio,exotel,plivo,freeswitch,vosk,deepgram,audiosocket",
        HINDI_STT_AUDIOSOCKET_PORT=str(port),
        HINDI_STT_PROTOCOL_NETWORKS="10.1.0.0/16,127.0.0.2/32=operator",
        HINDI_STT_PROTOCOL_HOST="127.0.0.1",
    )
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


@pytest.fixture
def counted(server: Guarded) -> Callable[[str], float]:
    """How often something has been counted since the test began: the beginning of a line of the metrics."""

    def value(name: str) -> float:
        text = httpx.get(f"{server.url}/metrics", headers=authorized(server), timeout=30).text
        found = [line for line in text.splitlines() if line.startswith(f"hindi_stt_{name}")]
        return sum(float(line.rpartition(" ")[2]) for line in found)

    before: dict[str, float] = {name: value(name) for name in NAMES}
    return lambda name: value(name) - before[name]


NAMES = (
    'errors_total{code="invalid_request"}',
    'errors_total{code="missing_api_key"}',
    'errors_total{code="upgrade_required"}',
    'protocol_rejected_messages_total{protocol="twilio"}',
    'protocol_suspicious_audio_total{protocol="exotel"}',
    'protocol_suspicious_audio_total{protocol="freeswitch"}',
)


def authorized(server: Guarded) -> dict[str, str]:
    return {"authorization": f"Bearer {server.key}"}


def sent(
    server: Guarded, path: str, messages: Iterable[str | bytes], headers: dict[str, str] | None = None
) -> tuple[int | None, str | None, list[Any]]:
    """Send messages; how the server closed the connection, and what it said before."""
    url = f"ws://127.0.0.1:{server.port}{path}"
    answers: list[Any] = []
    with connect(url, additional_headers=authorized(server) if headers is None else headers) as ws:
        with contextlib.suppress(ConnectionClosed):  # a server that refuses closes while the rest is being sent
            for message in messages:
                ws.send(message)
        if path.startswith(FREESWITCH):  # nobody closes it: until a second without an answer
            with contextlib.suppress(TimeoutError, ConnectionClosed):
                while True:
                    answers.append(json.loads(ws.recv(timeout=1 if answers else 30)))
            return None, None, answers
        with contextlib.suppress(ConnectionClosedError):  # what iteration raises for all codes but 1000 and 1001
            answers.extend(json.loads(message) for message in ws)
        return ws.close_code, ws.close_reason, answers


def events(server: Guarded, call_id: str) -> list[Event]:
    """The events of a call that has ended, without its partials."""
    answer = httpx.get(f"{server.url}/v1/calls/{call_id}/events", headers=authorized(server), timeout=30)
    found = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
    return [event for event in found if event["type"] != "partial"]


def of_kind(found: list[Event], kind: str) -> list[Event]:
    return [event for event in found if event["type"] == kind]


def twilio(change: Callable[[Event], Any], call_id: str, samples: np.ndarray = LOW) -> list[str]:
    """Twilio's messages with a mistake: what `change` makes of each, one or several."""
    data = mu_law(samples)
    messages: list[str] = []
    for message in twilio_call({"inbound": data, "outbound": data}, call_id=call_id):
        changed = change(json.loads(message))
        messages += [json.dumps(one) for one in (changed if isinstance(changed, list) else [changed])]
    return messages


def with_start(**fields: Any) -> Callable[[Event], Event]:
    def change(event: Event) -> Event:
        if event["event"] == "start":
            event["start"] |= fields
        return event

    return change


@pytest.mark.parametrize(
    "audio",
    [
        {"encoding": "OPUS", "sampleRate": 48_000, "channels": 2},
        {"encoding": "audio/x-mulaw", "sampleRate": 16_000, "channels": 1},
        {"encoding": "audio/x-mulaw", "sampleRate": 8_000, "channels": 2},
        {"encoding": "audio/x-l16", "sampleRate": 8_000, "channels": 1},
    ],
)
def test_a_start_that_cannot_be_used_closes_the_stream(
    server: Guarded, counted: Callable[[str], float], audio: Event
) -> None:
    """The start is the mistake, and not each packet behind it."""
    assert sent(server, TWILIO, twilio(with_start(mediaFormat=audio), "wrong"))[:2] == (1008, "invalid_request")
    assert counted(NAMES[0]) == 1
    assert counted(NAMES[3]) == 1
    assert "param=start." in server.log


@pytest.mark.parametrize(
    ("path", "messages"),
    [
        (EXOTEL, [m.replace("audio/x-raw", "audio/x-mulaw") for m in exotel_call(LOW, 8_000)]),
        (EXOTEL, [m.replace('"8000"', '"8k"') for m in exotel_call(LOW, 8_000)]),
        (EXOTEL, twilio(lambda event: event, "elsewhere")),
    ],
)
def test_other_starts_that_cannot_be_used(
    server: Guarded, counted: Callable[[str], float], path: str, messages: list[str]
) -> None:
    assert sent(server, path, messages)[:2] == (1008, "invalid_request")
    assert counted(NAMES[0]) == 1


@pytest.mark.parametrize("text", [json.dumps({"event": "connected"}), None])
def test_freeswitch_is_told_once(server: Guarded, counted: Callable[[str], float], text: str | None) -> None:
    """The events of another platform, and a rate that is none."""
    path = FREESWITCH if text else f"{FREESWITCH}?rate=44k"
    answers = sent(server, path, [text or "{}", *[LOW.tobytes()] * 30])[2]
    assert [answer["type"] for answer in answers] == ["error"]
    assert counted(NAMES[0]) == 1


def test_a_late_start(server: Guarded) -> None:
    """What came before it is lost, and the call says so."""
    messages = twilio(lambda event: event, "late")
    messages = [messages[0], *messages[2:6], messages[1], *messages[6:]]
    assert sent(server, TWILIO, messages)[:2] == (1000, "")
    (warning,) = of_kind(events(server, "late"), "warning")
    assert warning["warnings"] == ["before the start, messages could not be used (4): There is audio before the start."]
    assert of_kind(events(server, "late"), "final")


def test_two_starts(server: Guarded, counted: Callable[[str], float]) -> None:
    messages = twilio(lambda event: [event, event] if event["event"] == "start" else event, "twice")
    assert sent(server, TWILIO, messages)[:2] == (1000, "")
    (error,) = of_kind(events(server, "twice"), "error")
    assert error["message"] == "The stream has already started."
    assert counted(NAMES[3]) == 1


def test_no_start(server: Guarded) -> None:
    messages = twilio(lambda event: [] if event["event"] == "start" else event, "none")
    assert sent(server, TWILIO, messages)[:2] == (1008, "invalid_request")
    start_s = time.monotonic()
    assert sent(server, TWILIO, [])[:2] == (1008, "start_timeout")
    assert time.monotonic() - start_s < 30  # of the sixty that a client which speaks later has


def test_a_track_that_the_start_does_not_list(server: Guarded, counted: Callable[[str], float]) -> None:
    """Its packets are left out, and the listed track is transcribed to its end."""
    assert sent(server, TWILIO, twilio(with_start(tracks=["inbound"]), "unlisted"))[:2] == (1000, "")
    found = events(server, "unlisted")
    (error,) = of_kind(found, "error")
    assert error["message"] == "The track 'outbound' is none of inbound."
    (final,) = of_kind(found, "final")
    assert final["track"] == "inbound"
    n = len(mu_law(LOW)) // 800 + 1
    assert found[-1]["warnings"] == [
        f"outbound: {n} packets of audio were left out, since the start lists no such track"
    ]
    assert counted(NAMES[3]) == 1


def test_binary_frames_where_text_is_due(server: Guarded, counted: Callable[[str], float]) -> None:
    messages: list[str | bytes] = [*twilio(lambda event: event, "binary")[:2], *[mu_law(LOW)[:160]] * 30]
    assert sent(server, TWILIO, messages)[:2] == (1008, "invalid_request")
    found = events(server, "binary")
    (error,) = of_kind(found, "error")  # one for all of them
    assert "binary" in error["message"]
    assert found[-1]["reason"] == "invalid_request"
    assert counted(NAMES[3]) == 20


def test_text_frames_where_binary_is_due(server: Guarded) -> None:
    packets = [base64.b64encode(LOW[start : start + 160].tobytes()).decode() for start in range(0, 8_000, 160)]
    answers = sent(server, FREESWITCH, ['{"uuid": "text"}', *packets])[2]
    assert "base64" in answers[0]["data"]["message"]
    (error,) = of_kind(events(server, "text"), "error")
    assert "base64" in error["message"]
    code, reason, answers = sent(server, "/vosk", ['{"config": {"sample_rate": 8000}}', *packets])
    assert (code, reason) == (1008, "invalid_request")
    assert answers[-1]["error"]["message"].endswith("because: The message is not JSON, or holds invalid text.")


@pytest.mark.parametrize(
    ("place", "advice"),
    [
        ("query", "API keys in the address"),
        ("parameter", "Keys are taken from the parameter 'key', not from 'api_key'."),
        ("header", "Keys are not taken from the header X-API-Key"),
        ("scheme", "another form"),
    ],
)
def test_a_key_in_the_wrong_place(server: Guarded, counted: Callable[[str], float], place: str, advice: str) -> None:
    headers = {"header": {"X-API-Key": server.key}, "scheme": {"Authorization": server.key}}.get(place, {})
    if place == "query":
        (answer,) = sent(server, f"/vosk?api_key={server.key}", ['{"eof": 1}'], headers)[2]
        error = answer["error"]
    else:
        metadata = {"uuid": "key"} | ({"api_key": server.key} if place == "parameter" else {})
        (answer,) = sent(server, FREESWITCH, [json.dumps(metadata)], headers)[2]
        error = answer["data"]
    assert error["code"] == "missing_api_key"
    assert advice in error["message"]
    assert server.key not in json.dumps(answer)
    assert counted(NAMES[1]) == 1


def test_a_key_that_is_sent_twice_is_shown_to_nobody(server: Guarded) -> None:
    messages = twilio(with_start(customParameters={"api_key": server.key, "customer": "17"}), "shown")
    assert sent(server, TWILIO, messages)[:2] == (1000, "")
    found = events(server, "shown")
    assert found[0]["facts"]["customer"] == "17"
    assert server.key not in json.dumps(found)


@pytest.mark.parametrize("path", [TWILIO, EXOTEL, "/v1/telephony/plivo", FREESWITCH, "/vosk", "/v1/listen"])
def test_http_instead_of_a_websocket(server: Guarded, counted: Callable[[str], float], path: str) -> None:
    answer = httpx.get(f"{server.url}{path}", headers=authorized(server), timeout=30)
    assert (answer.status_code, answer.headers["upgrade"]) == (426, "websocket")
    assert answer.json()["error"]["code"] == "upgrade_required"
    assert counted(NAMES[2]) == 1


@pytest.mark.parametrize(
    ("path", "messages", "looks_like"),
    [
        (
            EXOTEL,
            list(exotel_call(np.frombuffer(mu_law(LONG[: len(LONG) // 2 * 2]), "<i2"), 8_000, call_id="looks")),
            "G.711 mu-law",
        ),
        (
            FREESWITCH,
            ['{"uuid": "looks"}', np.stack([LONG, np.zeros_like(LONG)], axis=1).astype("<i2").tobytes()],
            "two channels in turns",
        ),
    ],
)
def test_audio_that_is_not_what_was_announced(
    server: Guarded, counted: Callable[[str], float], path: str, messages: list[str], looks_like: str
) -> None:
    _, _, answers = sent(server, path, messages)
    (warning,) = of_kind(events(server, "looks"), "warning")
    assert warning["warnings"] == [
        f"inbound: the audio was announced as 16-bit samples, little-endian, but looks like {looks_like}"
    ]
    if path == FREESWITCH:
        assert {"type": "warning", "data": {"warnings": warning["warnings"]}} in answers
    name = "exotel" if path == EXOTEL else "freeswitch"
    assert counted(f'protocol_suspicious_audio_total{{protocol="{name}"}}') == 1


def audiosocket(port: int, data: bytes) -> bytes:
    """What AudioSocket's port answers until it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=30, source_address=("127.0.0.2", 0)) as client:
        client.sendall(data)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while part := client.recv(4096):
                answer += part
        return answer


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: stt.example.com\r\n\r\n",
        audiosocket_message(0x01, str(uuid.UUID(int=1)).encode()) + audiosocket_message(0x10, bytes(320)) * 30,
    ],
    ids=["http", "a UUID as text"],
)
def test_what_is_no_call_of_asterisk(server: Guarded, port: int, counted: Callable[[str], float], data: bytes) -> None:
    assert audiosocket(port, data) == audiosocket_message(0x00)
    assert counted(NAMES[0]) == 1


def test_asterisks_message_of_silence(server: Guarded, port: int) -> None:
    call_id = uuid.UUID(int=2)
    first, *rest = audiosocket_call(LOW, call_id)
    assert audiosocket(port, b"".join([first, audiosocket_message(0x02), *rest])) == b""
    found = events(server, str(call_id))
    assert not of_kind(found, "error")
    assert of_kind(found, "final")
