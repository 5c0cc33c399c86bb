"""Messages of protocols that are cut, reordered, repeated and spoilt: adapters by themselves, then a real server.

Longer than 300 lines: a valid conversation of each protocol, and one way to spoil them all.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
from starlette.requests import HTTPConnection
from tqdm import tqdm
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from hindi_stt.api.error_responses import SCOPE_KEY, RequestState
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.bundle.registry import Registry
from hindi_stt.errors import HindiSTTError, InvalidRequest
from hindi_stt.protocols.adapter import Adapter, Audio, Configure, EndOfAudio, Start
from hindi_stt.protocols.endpoints import ENDPOINTS
from hindi_stt.protocols.tcp_ports import ReadMessage
from hindi_stt.protocols.telephony.audiosocket import AudioSocketAdapter, read_frame
from hindi_stt.protocols.wyoming import WyomingAdapter, make_info, read_event
from tests.fuzz.mutations import CASES, SEED, bytes_of, json_of
from tests.support.ports import free_ports
from tests.support.server import Server
from tests.support.streams import RATE, speech
from tests.support.telephony import at_rate, audiosocket_call, exotel_call, mu_law, plivo_call, twilio_call
from tests.support.wav import wav
from tests.support.wyoming import wyoming_event

pytestmark = pytest.mark.fuzz

REGISTRY = Registry([Bundle.open(EMBEDDED)])
RAIN = speech("rain.flac")
PCM = RAIN.astype("<i2").tobytes()
MU_LAW = mu_law(at_rate(RAIN, 8_000))
SAMPLES = {"rate": RATE, "width": 2, "channels": 1}
TCP: dict[str, Callable[[], Adapter]] = {
    "wyoming": lambda: WyomingAdapter(make_info(REGISTRY)),
    "audiosocket": AudioSocketAdapter,
}
Message = str | bytes


# The messages of one whole stream of each protocol.
STREAMS: dict[str, list[Message]] = {
    "vosk": [
        '{"config": {"sample_rate": 16000, "words": true, "phrase_list": ["बारिश", "[unk]"]}}',
        *(PCM[start : start + 6_400] for start in range(0, len(PCM), 6_400)),
        '{"reset" : 1}',
        '{"eof" : 1}',
    ],
    "twilio": list(twilio_call({"inbound": MU_LAW, "outbound": MU_LAW}, {"language": "hi"})),
    "exotel": list(exotel_call(RAIN, RATE, {"language": "hi"})),
    "plivo": list(plivo_call(PCM, "audio/x-l16", RATE, "language=hi")),
    "deepgram": [
        '{"type": "KeepAlive"}',
        *(PCM[start : start + 6_400] for start in range(0, len(PCM), 6_400)),
        '{"type": "Finalize", "channel": 0}',
        '{"type": "Configure", "keyterms": ["बारिश"], "features": {"numerals": true}}',
        '{"type": "CloseStream"}',
    ],
    "wyoming": [
        wyoming_event("describe"),
        wyoming_event("transcribe", {"language": "hi", "transcript_names": ["बारिश"]}),
        wyoming_event("audio-start", SAMPLES),
        *(wyoming_event("audio-chunk", SAMPLES, PCM[start : start + 2_048]) for start in range(0, len(PCM), 2_048)),
        wyoming_event("audio-stop"),
    ],
    "audiosocket": [message[:1] + message[3:] for message in audiosocket_call(at_rate(RAIN, 8_000), uuid.UUID(int=7))],
    "freeswitch": ['{"uuid": "abc", "rate": 16000}', *(PCM[start : start + 640] for start in range(0, len(PCM), 640))],
}


QUERIES = {"deepgram": f"encoding=linear16&sample_rate={RATE}&channels=2&multichannel=true&utterance_end_ms=1000"}


def adapter_of(name: str) -> Adapter:
    if name in TCP:
        return TCP[name]()
    query = QUERIES.get(name, "channels=2").encode()
    scope = {"type": "websocket", "path": "/", "headers": [], "query_string": query, SCOPE_KEY: RequestState("fuzz")}
    return ENDPOINTS[name].adapter(HTTPConnection(scope), REGISTRY)


def spoilt(message: Message, rng: random.Random) -> Message:
    """Another value in the JSON, other bytes, or the other kind of message."""
    if isinstance(message, str) and rng.random() < 0.6:
        with contextlib.suppress(ValueError):
            return json.dumps(json_of(json.loads(message), rng))
    data = bytes_of(message.encode() if isinstance(message, str) else message, rng)
    return data if rng.random() < 0.5 else data.decode("utf-8", "replace")


def hostile(stream: list[Message], rng: random.Random) -> list[Message]:
    """A part of a stream in which messages are left out, repeated, moved and spoilt."""
    start = rng.choice([0, 0, 0, rng.randrange(len(stream))])
    found = stream[start : start + rng.randrange(1, 40)]
    for _ in range(rng.randrange(1, 6)):
        i, j = rng.randrange(len(found)), rng.randrange(len(found))
        change: Callable[[], None] = rng.choice(
            [
                lambda i=i: found.insert(i, found[i]),
                lambda i=i, j=j: found.insert(j, found.pop(i)),
                lambda i=i: found.__setitem__(i, spoilt(found[i], rng)),
                lambda i=i: found.__setitem__(i, spoilt(found[i], rng)),
            ]
        )
        change()
    return found


def taken(adapter: Adapter, messages: list[Message], outcomes: Counter[str]) -> None:
    """What the adapter makes of them: nothing but its commands and its errors, and no more audio than was sent."""
    n_tracks = sent = received = 0
    for message in messages:
        sent += len(message.encode("utf-8", "surrogatepass") if isinstance(message, str) else message)
        try:
            commands = adapter.receive(message)
        except HindiSTTError as error:
            outcomes[error.code] += 1
            adapter.error(error)
            continue
        for command in commands:
            outcomes[type(command).__name__] += 1
            if isinstance(command, Start | Configure):
                n_tracks = len(command.tracks)
                assert 1 <= n_tracks <= 2
                assert all(8_000 <= track.audio.rate <= 192_000 for track in command.tracks)
            elif isinstance(command, Audio):
                assert 0 <= command.track < n_tracks
                received += len(command.data)
            if not isinstance(command, Start):
                adapter.handled(command)
    assert isinstance(adapter.left()[-1], EndOfAudio)
    assert received <= sent
    assert all(isinstance(warning, str) for warning in adapter.warnings())


@pytest.mark.parametrize("name", list(STREAMS))
def test_adapters(name: str) -> None:
    outcomes: Counter[str] = Counter()
    for case in tqdm(range(CASES), desc=name, leave=False):
        rng = random.Random(f"{SEED}-{name}-{case}")
        messages = hostile(STREAMS[name], rng)
        try:
            taken(adapter_of(name), messages, outcomes)
        except Exception as error:
            raise AssertionError(f"case {case} of seed {SEED}: {messages!r:.2000}") from error
    print(f"\n{name}: {CASES} cases from seed {SEED}: {dict(outcomes.most_common())}")


READ: dict[str, ReadMessage] = {"wyoming": read_event, "audiosocket": read_frame}


def framed(name: str, messages: list[Message], rng: random.Random) -> bytes:
    """Messages as they go over TCP: AudioSocket's get their lengths, some of them wrong."""
    parts = []
    for message in messages:
        data = message.encode("utf-8", "surrogatepass") if isinstance(message, str) else message
        if name == "audiosocket":
            length = len(data) - 1 if rng.random() < 0.98 else rng.randrange(65_536)
            data = data[:1] + max(0, length).to_bytes(2, "big") + data[1:]
        parts.append(data)
    return b"".join(parts)


@pytest.mark.parametrize("name", list(TCP))
def test_bytes_over_tcp(name: str) -> None:
    """Whatever the bytes, what is read from them are messages, until the end or an error that closes the connection."""
    outcomes: Counter[str] = Counter()

    async def messages_in(data: bytes) -> list[Message]:
        reader = asyncio.StreamReader(limit=2**16)
        reader.feed_data(data)
        reader.feed_eof()
        found: list[Message] = []
        try:
            while True:
                found.append(await READ[name](reader))
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, InvalidRequest) as ended:
            outcomes[type(ended).__name__] += 1
        assert sum(map(len, found)) <= len(data)
        return found

    async def run() -> None:
        for case in tqdm(range(CASES), desc=name, leave=False):
            rng = random.Random(f"{SEED}-{name}-bytes-{case}")
            data = bytes_of(framed(name, hostile(STREAMS[name], rng), rng), rng)
            try:
                taken(adapter_of(name), await messages_in(data), outcomes)
            except Exception as error:
                raise AssertionError(f"case {case} of seed {SEED}: {data!r:.2000}") from error

    asyncio.run(run())
    print(f"\n{name}: {CASES} streams of bytes from seed {SEED}: {dict(outcomes.most_common())}")
    assert outcomes["InvalidRequest"] if name == "wyoming" else outcomes["invalid_request"]


ADDRESSES = {
    "deepgram": {
        "encoding": "linear16", "sample_rate": "16000", "channels": "2", "multichannel": "true", "model": "nova-3",
        "language": "hi-Latn", "endpointing": "300", "utterance_end_ms": "1000", "smart_format": "true",
        "keywords": "बारिश:2", "redact": "pci", "diarize_model": "latest", "detect_language": "hi", "utt_split": "0.8",
        "tag": "a", "extra": "k:v", "numerals": "true", "interim_results": "true",
    },
    "freeswitch": {"rate": "16000", "mix": "stereo", "channels": "2", "language": "hi", "numerals": "latin"},
}  # fmt: skip


@pytest.mark.parametrize("name", list(ADDRESSES))
def test_queries_of_addresses(name: str) -> None:
    """A query is understood, or refused by name; its adapter then takes a message."""
    outcomes: Counter[str] = Counter()
    for case in tqdm(range(CASES), desc=f"{name}'s queries", leave=False):
        rng = random.Random(f"{SEED}-{name}-query-{case}")
        wanted = json_of(ADDRESSES[name], rng)
        items = [(str(key), str(value)) for key, value in wanted.items()] if isinstance(wanted, dict) else []
        query = urlencode(items, errors="surrogatepass").encode()
        query = bytes_of(query, rng) if rng.random() < 0.3 else query
        scope = {"type": "websocket", "path": "/", "headers": [], "query_string": query}
        try:
            adapter = ENDPOINTS[name].adapter(HTTPConnection(scope | {SCOPE_KEY: RequestState("fuzz")}), REGISTRY)
            assert isinstance(adapter.receive(bytes(640))[0], Start | Audio)
            outcomes["accepted"] += 1
        except HindiSTTError as error:
            outcomes[error.code] += 1
        except Exception as error:
            raise AssertionError(f"case {case} of seed {SEED}: {query!r:.2000}") from error
    print(f"\n{name}: {CASES} queries from seed {SEED}: {dict(outcomes.most_common())}")
    assert min(outcomes["accepted"], outcomes["invalid_request"]) > CASES // 20


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return dict(zip(TCP, free_ports(len(TCP)), strict=True))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Iterator[Server]:
    running = Server(
        tmp_path_factory.mktemp("protocols"),
        HINDI_STT_PROTOCOLS=",".join(STREAMS),
        **{f"HINDI_STT_{name.upper()}_PORT": str(port) for name, port in ports.items()},
    )
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def send_by_tcp(port: int, name: str, messages: list[Message], rng: random.Random) -> None:
    """The messages, some of them with wrong lengths; some streams are cut."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection, contextlib.suppress(OSError):
        connection.sendall(framed(name, messages, rng))
        if rng.random() < 0.7:
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):
                pass


def test_a_server_goes_on(server: Server, ports: dict[str, int]) -> None:
    """After all the spoilt streams a good one has the text of the file, and the log has no failure."""
    for case in tqdm(range(CASES), desc="server", leave=False):
        rng = random.Random(f"{SEED}-server-{case}")
        name = list(STREAMS)[case % len(STREAMS)]
        if name in TCP:
            send_by_tcp(ports[name], name, hostile(STREAMS[name], rng), rng)
            continue
        with (
            connect(f"ws://127.0.0.1:{server.port}{ENDPOINTS[name].path}?{QUERIES.get(name, '')}") as ws,
            contextlib.suppress(ConnectionClosed),
        ):
            for message in hostile(STREAMS[name], rng):
                ws.send(message)
            if rng.random() < 0.3:  # cut
                ws.socket.shutdown(socket.SHUT_RDWR)
    with connect(f"ws://127.0.0.1:{server.port}/vosk") as ws:
        texts = []
        for message in STREAMS["vosk"]:
            ws.send(message)
            if not (isinstance(message, str) and "config" in message):
                texts.append(json.loads(ws.recv(timeout=60)).get("text", ""))
    assert " ".join(filter(None, texts)) == server.transcribe(wav(RAIN)).json()["text"]
    assert "Traceback" not in server.log


def test_the_mutations_reach_audio_and_errors() -> None:
    """What is tried is neither all good nor all bad."""
    outcomes: Counter[str] = Counter()
    for case in range(50):
        taken(adapter_of("twilio"), hostile(STREAMS["twilio"], random.Random(case)), outcomes)
    assert outcomes["Audio"] > 50
    assert outcomes["invalid_request"] > 5
