"""A protocol's session over a connection in memory: bounds, ends, and a cancellation at every await."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import HTTPConnection

from hindi_stt.access.limits import Client
from hindi_stt.api.error_responses import SCOPE_KEY, RequestState
from hindi_stt.api.live.connections import LiveConnections
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.bundle.registry import Registry
from hindi_stt.errors import InvalidKey
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.protocols.adapter import Adapter, Message, Start
from hindi_stt.protocols.calls.service import Calls
from hindi_stt.protocols.deepgram.live import DeepgramAdapter
from hindi_stt.protocols.options import parse_options
from hindi_stt.protocols.server import ProtocolServer
from hindi_stt.protocols.session import ProtocolSession
from hindi_stt.protocols.telephony.exotel import ExotelAdapter
from hindi_stt.protocols.telephony.freeswitch import FreeSwitchAdapter
from hindi_stt.protocols.vosk import VoskAdapter
from hindi_stt.settings import Settings
from tests.support.api_requests import make_recognizer
from tests.support.cancelling import CancelledAt, at_every_await
from tests.support.streams import RATE, speech
from tests.support.telephony import exotel_call

MODULES_UNDER_TEST = (
    "hindi_stt/api/live/session.py",
    "hindi_stt/protocols/defaults.py",
    "hindi_stt/protocols/pace.py",
    "hindi_stt/protocols/server.py",
    "hindi_stt/protocols/session.py",
)

RAIN = speech("rain.flac", 1.2)
CLIENT = Client("desk")
REGISTRY = Registry([Bundle.open(EMBEDDED)])
SCOPE = {
    "type": "websocket",
    "path": "/",
    "headers": [],
    "query_string": b"encoding=mulaw",
    SCOPE_KEY: RequestState("r1"),
}
VOSK: list[Message] = [
    json.dumps({"config": {"sample_rate": RATE}}),
    *(RAIN[start : start + RATE // 2].astype("<i2").tobytes() for start in range(0, len(RAIN), RATE // 2)),
    '{"eof" : 1}',
]


class Line:
    """A connection whose client has sent these messages, and then stays or goes. Without `reads`, it takes nothing."""

    def __init__(self, messages: list[Message], *, stays: bool = False, reads: bool = True) -> None:
        self._messages = list(messages)
        self._stays = stays
        self._reads = reads
        self.sent: list[Any] = []
        self.closed: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()

    async def receive(self) -> Message | None:
        await asyncio.sleep(0)
        if self._messages:
            return self._messages.pop(0)
        if self._stays:
            await asyncio.shield(self.closed)
        return None

    async def send(self, message: Message) -> None:
        if not self._reads:
            await asyncio.Event().wait()
        self.sent.append(json.loads(message))

    async def close(self, code: int, reason: str) -> None:
        if not self.closed.done():
            self.closed.set_result((code, reason))


def recognizer_with(acoustic: LocalAcoustic, **settings: Any) -> Recognizer:
    return make_recognizer(acoustic, Settings(model="", **settings))


async def served(
    recognizer: Recognizer,
    adapter: Adapter,
    line: Line,
    *,
    client: Client | None = CLIENT,
    calls: Calls | None = None,
) -> LiveConnections:
    connections = LiveConnections(recognizer, lambda _: None, lambda *_: None)

    async def find(key: str) -> Client:
        if key != "stt_good":
            raise InvalidKey("It is not one of this server's.")
        return CLIENT

    scope = {"type": "websocket", "path": "/", "headers": [], "query_string": b""}
    server = ProtocolServer(recognizer, connections, calls)
    async with asyncio.timeout(60):
        await server.serve(line, adapter, HTTPConnection(scope), client, find)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return connections


def test_a_whole_stream(acoustic: LocalAcoustic) -> None:
    async def run() -> None:
        line = Line(VOSK, stays=True)
        await served(recognizer_with(acoustic), VoskAdapter(), line)
        assert line.closed.result() == (1000, "")
        assert len(line.sent) == len(VOSK) - 1
        assert any(answer.get("text") for answer in line.sent)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("settings", "messages", "reads", "reason"),
    [
        ({"realtime_idle_s": 0.2}, VOSK[:2], True, (1008, "session_idle")),
        ({"realtime_max_s": 0.2}, VOSK[:2], True, (1008, "session_expired")),
        ({"realtime_write_timeout_s": 0.2}, VOSK[:2], False, (1008, "slow_reader")),
        ({"realtime_idle_s": 0.2}, [], True, (1008, "start_timeout")),
        ({"realtime_connections": 0}, VOSK[:2], True, (1013, "too_many_connections")),
        ({}, [VOSK[0], *["{"] * 20], True, (1008, "invalid_request")),
        ({}, ["{"] * 20, True, (1008, "invalid_request")),
        ({}, ["x" * 2_200_000, *["{"] * 19], True, (1008, "invalid_request")),
    ],
)
def test_the_bounds(
    acoustic: LocalAcoustic, settings: dict[str, Any], messages: list[Message], reads: bool, reason: tuple[int, str]
) -> None:
    async def run() -> None:
        line = Line(messages, stays=True, reads=reads)
        await served(recognizer_with(acoustic, **settings), VoskAdapter(), line)
        assert await line.closed == reason

    asyncio.run(run())


class Gone(Line):
    """A connection whose client has closed it: nothing can be sent."""

    async def send(self, message: Message) -> None:
        del message
        raise ConnectionResetError("The client has closed the connection.")


def test_a_client_that_goes_before_it_has_its_answer(acoustic: LocalAcoustic) -> None:
    """The error about a message that cannot be used reaches nobody, and that is no failure of the server."""

    async def run() -> None:
        connections = await served(recognizer_with(acoustic), FreeSwitchAdapter(HTTPConnection(SCOPE)), Gone(["{}"]))
        assert not connections._sessions
        await served(recognizer_with(acoustic), DeepgramAdapter(HTTPConnection(SCOPE), REGISTRY), Gone(["{"]))

    asyncio.run(run())


def test_a_key_in_the_first_message(acoustic: LocalAcoustic) -> None:
    async def run() -> None:
        for key, reason in (("stt_good", (1000, "")), ("stt_bad", (1008, "invalid_api_key"))):
            line = Line(list(exotel_call(RAIN, RATE, {"key": key})), stays=True)
            await served(recognizer_with(acoustic), ExotelAdapter(), line, client=None)
            assert await line.closed == reason

    asyncio.run(run())


def test_a_call_whose_client_goes_is_recognised_to_its_end(acoustic: LocalAcoustic) -> None:
    async def run() -> None:
        recognizer = recognizer_with(acoustic)
        calls = Calls(recognizer, None)
        line = Line(list(exotel_call(RAIN[: 2 * RATE], RATE, call_id="gone"))[:-1])
        await served(recognizer, ExotelAdapter(), line, calls=calls)
        events = [event async for event in calls.feed.follow("everybody", "gone") if event]
        assert [event["type"] for event in events if event["type"] != "partial"] == [
            "call.started",
            "final",
            "call.ended",
        ]
        assert events[-1]["reason"] == "end"
        assert "job" not in events[-1]

    asyncio.run(run())


def test_options_of_a_key_hold_where_a_connection_gives_none(acoustic: LocalAcoustic) -> None:
    """The number that is said is masked for this key alone, unless its connection says otherwise."""
    options = json.dumps({"": {"mask": "off"}, "desk": {"mask": "phone"}, "front": {"mask": "aadhaar"}})

    async def masks(name: str, **config: str) -> object:
        recognizer = recognizer_with(acoustic, protocol_options=options)
        calls = Calls(recognizer, None)
        found: list[object] = []
        reserve = calls.reserve

        def note(*given: Any) -> Any:
            found.append(given[3].model_request.options.text.mask)
            return reserve(*given)

        calls.reserve = note  # type: ignore[method-assign]
        line = Line(list(exotel_call(RAIN[:100], RATE, dict(config))), stays=True)
        await served(recognizer, ExotelAdapter(), line, client=Client(name), calls=calls)
        return found[0]

    async def run() -> None:
        assert await masks("desk") == {"phone"}
        assert await masks("front") == {"aadhaar"}
        assert not await masks("other")
        assert await masks("desk", mask="card") == {"card"}

    asyncio.run(run())


@pytest.mark.parametrize("speed", [0.0, 1.0])
def test_audio_that_comes_faster_than_it_may(acoustic: LocalAcoustic, speed: float) -> None:
    """A minute of silence in one go: within the second that the connection lasts, little of it is taken."""

    async def run() -> float:
        recognizer = recognizer_with(acoustic, protocol_speed=speed, realtime_max_s=1.0)
        line = Line([VOSK[0], *[bytes(RATE)] * 120], stays=True)
        taken: list[float] = []
        connections = LiveConnections(recognizer, lambda _: None, lambda *noted: taken.append(noted[4]))
        scope = {"type": "websocket", "path": "/", "headers": [], "query_string": b""}

        async def find(_: str) -> Client:
            return CLIENT

        async with asyncio.timeout(60):
            server = ProtocolServer(recognizer, connections)
            await server.serve(line, VoskAdapter(), HTTPConnection(scope), CLIENT, find)
        return taken[0]

    assert (asyncio.run(run()) < 10) == bool(speed)


def test_a_cancellation_at_every_await(acoustic: LocalAcoustic, tmp_path: Path) -> None:
    """Whatever the session waits for when the server ends: no task, count or place is left."""
    recognizer = recognizer_with(acoustic)

    async def attempt(n: int) -> bool:
        line, adapter = Line(VOSK, stays=True), VoskAdapter()
        start = adapter.receive(VOSK[0])[0]
        assert isinstance(start, Start)
        options = parse_options(start, recognizer)
        session = ProtocolSession(line, adapter, start, options, CLIENT, recognizer)
        running = asyncio.ensure_future(session.run())
        cancelling = CancelledAt(session._work(), n, running)

        async def work() -> str:
            return await cancelling

        session._work = work  # type: ignore[method-assign]
        await asyncio.gather(running, return_exceptions=True)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert recognizer._n_partials == 0
        assert recognizer.threads.n_in_use == 0
        assert cancelling.reached or line.closed.result() == (1000, "")
        return cancelling.reached

    assert asyncio.run(at_every_await(attempt)) >= 5
