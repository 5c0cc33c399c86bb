"""Protocols over TCP, Wyoming and AudioSocket: by a real server with keys, by sockets of this process, by message.

Longer than 300 lines: two protocols that share their ports' code, and one server.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import socket
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from typing import Any, Self

import httpx
import pytest

from hindi_stt.api.live.connections import LiveConnections
from hindi_stt.api.live.session import CONNECTION_LOST
from hindi_stt.api.middleware.protection import Protection
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.bundle.registry import Registry
from hindi_stt.errors import InvalidRequest
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.protocols.adapter import Audio, Configure, EndOfAudio, EndUtterance, Note, Start
from hindi_stt.protocols.calls.service import Calls
from hindi_stt.protocols.clients import ProtocolClients
from hindi_stt.protocols.server import ProtocolServer
from hindi_stt.protocols.tcp_ports import StreamTransport, TcpProtocol, tcp_port
from hindi_stt.protocols.telephony.audiosocket import AudioSocketAdapter, read_frame
from hindi_stt.protocols.wyoming import WyomingAdapter, make_info, read_event
from hindi_stt.settings import Settings
from tests.support.api_requests import make_recognizer
from tests.support.file_texts import file_text
from tests.support.guarded import Guarded
from tests.support.ports import free_ports
from tests.support.streams import RATE, speech
from tests.support.telephony import AUDIOSOCKET_RATES, at_rate, audiosocket_call, audiosocket_message
from tests.support.wyoming import wyoming_event, wyoming_recording

MODULES_UNDER_TEST = (
    "hindi_stt/api/middleware/protection.py",
    "hindi_stt/protocols/running.py",
    "hindi_stt/protocols/tcp_ports.py",
    "hindi_stt/protocols/telephony/audiosocket.py",
    "hindi_stt/protocols/wyoming.py",
)

CALL = speech("rain.flac", 1.5, "family.flac", 1.5)
RAIN, FAMILY = speech("rain.flac"), speech("family.flac")
CALL_ID = uuid.UUID("40325ec2-5efd-4bd3-805f-53576e581d13")
INFO = make_info(Registry([Bundle.open(EMBEDDED)]))
WYOMING = TcpProtocol("wyoming", lambda: WyomingAdapter(INFO), read_event)
AUDIOSOCKET = TcpProtocol("audiosocket", AudioSocketAdapter, read_frame)
Event = dict[str, Any]


@pytest.fixture(scope="module")
def ports() -> list[int]:
    return free_ports(2)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, ports: list[int]) -> Iterator[Guarded]:
    running = Guarded(
        tmp_path_factory.mktemp("ports"),
        HINDI_STT_PROTOCOLS="wyoming,audiosocket",
        HINDI_STT_WYOMING_PORT=str(ports[0]),
        HINDI_STT_AUDIOSOCKET_PORT=str(ports[1]),
        HINDI_STT_PROTOCOL_NETWORKS="127.0.0.0/8=operator",
        HINDI_STT_CALLS_URL="",
    )
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


class Connection:
    """A client of Wyoming."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.file = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.socket.close()

    def read(self) -> tuple[str, Event]:
        line = self.file.readline()
        if not line:
            return "closed", {}
        header = json.loads(line)
        return header["type"], json.loads(self.file.read(header.get("data_length", 0)) or b"{}")

    def until(self, kind: str) -> list[tuple[str, Event]]:
        found = [self.read()]
        while found[-1][0] not in {kind, "closed"}:
            found.append(self.read())
        return found


def test_wyoming_describes_itself_and_transcribes(server: Guarded, ports: list[int]) -> None:
    """Several recordings over one connection, of other formats."""
    with Connection(ports[0]) as client:
        client.socket.sendall(wyoming_event("describe") + wyoming_event("ping", {"text": "there?"}))
        kind, info = client.read()
        assert kind == "info"
        (program,) = info["asr"]
        assert program["models"][0]["languages"] == ["hi"]
        assert client.read() == ("pong", {"text": "there?"})
        for samples, rate, channels in ((CALL, RATE, 1), (at_rate(RAIN, 8_000), 8_000, 1), (RAIN.repeat(2), RATE, 2)):
            client.socket.sendall(b"".join(wyoming_recording(samples, rate, channels, language="hi")))
            found = client.until("transcript-stop")
            kinds = [kind for kind, _ in found]
            assert kinds[0] == "transcript-start"
            assert kinds[-2:] == ["transcript", "transcript-stop"]
            text = found[-2][1]["text"]
            assert text == file_text(server, RAIN if channels == 2 else samples, rate)
            assert "".join(data["text"] for kind, data in found if kind == "transcript-chunk") == text
            assert found[-2][1]["language"] == "hi"


def test_wyoming_names_what_has_no_effect(server: Guarded, ports: list[int]) -> None:
    with Connection(ports[0]) as client:
        options = {"transcript_names": ["बारिश", "hello"], "vad_sensitivity": "relaxed", "language": "hi"}
        client.socket.sendall(
            wyoming_event("synthesize", {"text": "no"}) + b"".join(wyoming_recording(RAIN, **options))
        )
        found = client.until("transcript-stop")
    assert found[0][1]["code"] == "invalid_request"
    warnings = found[-2][1]["warnings"]
    assert any("hello" in warning for warning in warnings)
    assert any("vad_sensitivity" in warning for warning in warnings)
    assert not any("बारिश" in warning for warning in warnings)


def test_a_browser_cannot_speak_wyoming(server: Guarded, ports: list[int]) -> None:
    """The first line of HTTP is no event, so that nothing in a page's request is taken for one."""
    with Connection(ports[0]) as client:
        body = b"".join(wyoming_recording(RAIN[:RATE]))
        client.socket.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n" + body)
        found = client.until("closed")
    assert [kind for kind, _ in found] == ["error", "closed"]


def calls(server: Guarded, path: str) -> httpx.Response:
    return httpx.get(server.url + path, headers={"Authorization": f"Bearer {server.key}"}, timeout=60)


@pytest.mark.parametrize("kind", [0x10, 0x12])
def test_a_call_of_asterisk(server: Guarded, ports: list[int], kind: int) -> None:
    """Counts for the network's key, and its transcript is a job."""
    rate = AUDIOSOCKET_RATES[kind]
    samples = at_rate(CALL, rate)
    call_id = uuid.uuid4()
    with socket.create_connection(("127.0.0.1", ports[1]), timeout=60) as client:
        client.sendall(b"".join(audiosocket_call(samples, call_id, kind)))
        assert client.recv(16) == b""  # it hung up, and so does the server when the last words are done
    answer = calls(server, f"/v1/calls/{call_id}/events").text
    events = [json.loads(line[6:]) for line in answer.splitlines() if line.startswith("data: ")]
    expected = file_text(server, samples, rate)
    assert " ".join(one["text"] for one in events if one["type"] == "final") == expected
    assert [one["value"] for one in events if one["type"] == "dtmf"] == ["5"]
    assert events[0]["protocol"] == "audiosocket"
    assert calls(server, f"{events[-1]['transcript']}?response_format=text").text.split() == expected.split()


Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]]


@contextlib.asynccontextmanager
async def served(
    acoustic: LocalAcoustic, protocol: TcpProtocol, **settings: Any
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter, Calls]]:
    """A connection to a port of this process."""
    recognizer = make_recognizer(acoustic, Settings(model="", **settings))
    connections = LiveConnections(recognizer, lambda _: None, lambda *_: None)
    own = Calls(recognizer, None)
    protocols = ProtocolServer(recognizer, connections, own)
    clients = ProtocolClients(Protection(recognizer.settings), recognizer.settings)
    (port,) = free_ports(1)
    async with tcp_port(protocol, port, protocols, clients, recognizer.settings), asyncio.timeout(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer, own
        finally:
            writer.close()


def answered(acoustic: LocalAcoustic, protocol: TcpProtocol, data: bytes, **settings: Any) -> bytes:
    """Everything that the server sends until it closes the connection."""

    async def run() -> bytes:
        async with served(acoustic, protocol, **settings) as (reader, writer, _):
            writer.write(data)
            return await reader.read()

    return asyncio.run(run())


BEGIN = b"".join(wyoming_recording(RAIN[:RATE])[:3])


@pytest.mark.parametrize(
    ("data", "settings", "code"),
    [
        (BEGIN, {"protocol_networks": "10.0.0.0/8"}, "network_not_allowed"),
        (BEGIN, {"realtime_idle_s": 0.3}, "session_idle"),
        (b"", {"realtime_idle_s": 0.3}, "start_timeout"),
        (BEGIN + b"no event\n", {}, "invalid_request"),
        (b"no event\n", {}, "invalid_request"),
        (b"x" * 900_000, {}, "invalid_request"),
        (b'{"type": "ping", "data_length": 70000}\n', {}, "invalid_request"),
        (b'{"type": "ping", "payload_length": -1}\n', {}, "invalid_request"),
        (wyoming_event("transcribe", {"language": "ta"}) + BEGIN[BEGIN.index(b"\n", 40) :], {}, "invalid_request"),
    ],
)
def test_what_ends_a_connection(acoustic: LocalAcoustic, data: bytes, settings: dict[str, Any], code: str) -> None:
    *_, body = answered(acoustic, WYOMING, data, **settings).splitlines()
    assert json.loads(body)["code"] == code


@pytest.mark.slow
def test_audio_has_its_own_format_also_where_its_options_are_refused(acoustic: LocalAcoustic) -> None:
    """The options stay as they were; at the rate of the recording before it would be noise."""

    def transcripts(*recordings: list[bytes]) -> list[Event]:
        data = b"".join(part for parts in recordings for part in parts)
        lines = answered(acoustic, WYOMING, data, realtime_idle_s=1.5).replace(b"}{", b"}\n{").splitlines()
        return [found for line in lines if "text" in (found := json.loads(line))]

    low = at_rate(RAIN, 8_000)
    alone = [found["text"] for found in transcripts(wyoming_recording(low, 8_000)) if "language" in found]
    both = transcripts(wyoming_recording(FAMILY), wyoming_recording(low, 8_000, language="ta"))
    assert [found["text"] for found in both if "language" in found][1:] == alone
    assert any(found.get("code") == "unknown_language" for found in both)


def test_asterisk_gets_a_hang_up_message(acoustic: LocalAcoustic) -> None:
    for settings in ({"protocol_networks": "10.0.0.0/8"}, {"realtime_idle_s": 0.3}, {"call_max_s": 0.3}):
        data = audiosocket_message(0x01, CALL_ID.bytes) + audiosocket_message(0x10, bytes(320))
        assert answered(acoustic, AUDIOSOCKET, data, **settings) == b"\0\0\0"


def test_a_call_whose_connection_breaks_and_whose_rate_changes(acoustic: LocalAcoustic) -> None:
    """The last words are recognised; each stretch at its own rate."""
    first = [*audiosocket_call(at_rate(RAIN, 8_000), CALL_ID)][:-1]
    second = [*audiosocket_call(FAMILY, CALL_ID, 0x12)][1:-1]

    async def run() -> list[Event]:
        async with served(acoustic, AUDIOSOCKET) as (_, writer, own):
            writer.write(b"".join([*first, *second]) + audiosocket_message(0x12, bytes(6))[:-2])
            await writer.drain()
            writer.close()
            found: list[Event] = []
            while not found or found[-1]["type"] != "call.ended":
                await asyncio.sleep(0.05)
                with contextlib.suppress(Exception):  # the call has not begun
                    found = [one async for one in own.feed.follow("everybody", str(CALL_ID)) if one]
            return found

    events = asyncio.run(run())
    finals = [one["text"] for one in events if one["type"] == "final"]
    assert len(finals) >= 2
    assert events[-1]["reason"] == "end"
    assert events[-1]["duration"] == pytest.approx((len(RAIN) + len(FAMILY)) / RATE, abs=0.1)


def test_a_client_whose_host_cannot_be_reached_has_disconnected() -> None:
    """The network's errors have classes of their own, which are not those of connections that are closed."""

    class Unreachable(asyncio.StreamWriter):
        async def drain(self) -> None:
            raise OSError(errno.EHOSTUNREACH, "No route to host")

    async def run() -> None:
        (one, other), reader = socket.socketpair(), asyncio.StreamReader()
        with other:
            protocol = asyncio.StreamReaderProtocol(reader)
            pipe, _ = await asyncio.get_running_loop().create_connection(lambda: protocol, sock=one)
            writer = Unreachable(pipe, protocol, reader, asyncio.get_running_loop())
            transport = StreamTransport(reader, writer, read_frame)
            for error in (OSError(errno.EHOSTUNREACH, "No route to host"), TimeoutError(errno.ETIMEDOUT, "Timed out")):
                reader.set_exception(error)
                assert await transport.receive() is None
            with pytest.raises(CONNECTION_LOST):
                await transport.send(b"last words")
            writer.close()

    asyncio.run(run())


def test_messages_of_audiosocket() -> None:
    adapter = AudioSocketAdapter()
    with pytest.raises(InvalidRequest):
        adapter.receive(b"\x10ab")
    (start,) = adapter.receive(b"\x01" + CALL_ID.bytes)
    assert isinstance(start, Start)
    assert start.call
    assert start.call.id == str(CALL_ID)
    assert adapter.receive(b"\x10ab") == [Audio(0, b"ab")]
    for kind, rate in AUDIOSOCKET_RATES.items():
        *changed, audio = adapter.receive(bytes([kind]) + b"cd")
        assert audio == Audio(0, b"cd")
        assert [command.tracks[0].audio.rate for command in changed if isinstance(command, Configure)] == (
            [] if kind == 0x10 else [rate]
        )
    assert adapter.receive(b"\x03#") == [Note("dtmf", "#")]
    assert adapter.receive(b"\xff\x02") == [Note("error", "0x02")]
    assert adapter.receive(b"\x00") == [EndOfAudio()]


@pytest.mark.parametrize(
    "message", [b"", "text", b"\x01short", b"\x01" + CALL_ID.bytes, b"\x04", b"\x03ab", b"\x03\x00"]
)
def test_messages_of_audiosocket_that_cannot_be_used(message: bytes | str) -> None:
    adapter = AudioSocketAdapter()
    adapter.receive(b"\x01" + CALL_ID.bytes)
    with pytest.raises(InvalidRequest):
        adapter.receive(message)


GOOD = {"rate": RATE, "width": 2, "channels": 1}


@pytest.mark.parametrize(
    "message",
    [
        b"\n",
        b"[]\n",
        b'{"type": 1}\n',
        b'{"type": "ping", "data": []}\n',
        wyoming_event("audio-stop"),
        wyoming_event("audio-start", GOOD | {"width": 4}),
        wyoming_event("audio-start", GOOD | {"channels": 9}),
        wyoming_event("audio-start", GOOD | {"channels": True}),
        wyoming_event("audio-start", GOOD | {"rate": "fast"}),
        wyoming_event("audio-start", {}),
        wyoming_event("transcribe", {"language": 1}),
        wyoming_event("transcribe", {"transcript_names": "एक"}),
        wyoming_event("select-program", {"name": "another"}),
        b'{"type": "ping", "data_length": 3}\n{"a',
    ],
)
def test_events_that_cannot_be_used(message: bytes) -> None:
    adapter = WyomingAdapter(INFO)
    with pytest.raises(InvalidRequest):
        adapter.receive(message)
    (start,) = adapter.receive(wyoming_event("audio-start", GOOD))
    assert isinstance(start, Start)


def test_events_without_a_server() -> None:
    adapter = WyomingAdapter(INFO)
    assert adapter.receive(wyoming_event("select-program", {"name": "hindi-stt"})) == []
    assert adapter.receive(wyoming_event("voice-started", {"timestamp": 1})) == []
    start, audio = adapter.receive(wyoming_event("audio-chunk", GOOD, b"ab"))  # without audio-start
    assert isinstance(start, Start)
    assert audio == Audio(0, b"ab")
    changed, _ = adapter.receive(wyoming_event("audio-chunk", GOOD | {"rate": 8_000}, b"ab"))
    assert isinstance(changed, Configure)
    assert adapter.receive(wyoming_event("audio-stop", {"timestamp": 5})) == [EndUtterance()]
    adapter.started([], "m:1")
    assert b"transcript-start" in bytes(adapter.handled(EndUtterance())[0])  # silence has an empty transcript
