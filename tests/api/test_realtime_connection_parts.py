"""The parts of a realtime connection by themselves: the inbox's bound, the writer's, and what the reader makes."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketState

from hindi_stt.access.limits import RateLimits
from hindi_stt.api.realtime.client_events import Append, Clear, Commit
from hindi_stt.api.realtime.inbox import POLICY, ConfigChange, Inbox, PartialReady, Rejected, SessionClosing
from hindi_stt.api.realtime.reader import EventReader
from hindi_stt.api.realtime.server_events import Cleared
from hindi_stt.api.realtime.session_config import initial_config
from hindi_stt.api.realtime.writer import EventWriter
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.bundle.registry import Registry
from hindi_stt.errors import SessionIdle
from hindi_stt.settings import Settings
from hindi_stt.types import Features, LogProbs
from tests.support.metrics import metrics

MODULES_UNDER_TEST = (
    "hindi_stt/api/realtime/inbox.py",
    "hindi_stt/api/realtime/reader.py",
    "hindi_stt/api/realtime/writer.py",
)

CLEAR = Clear(type="input_audio_buffer.clear")


@pytest.fixture(scope="module")
def recognizer(bundle: Bundle) -> Recognizer:
    """The models, for sessions in which nothing is transcribed."""

    async def call(model: str, features: Features, *, live_final: bool = False) -> LogProbs:
        raise AssertionError(model)

    return Recognizer(Registry((bundle,)), call, Settings(model=""), metrics(), RateLimits())


def websocket(messages: list[Message], sent: list[Message] | None = None) -> WebSocket:
    """A connection whose client sends these messages and goes; without `sent`, it reads nothing."""
    waiting = [*messages, {"type": "websocket.disconnect", "code": 1000}]

    async def receive() -> Message:
        await asyncio.sleep(0)
        return waiting.pop(0)

    async def send(message: Message) -> None:
        if sent is None:
            await asyncio.Event().wait()
        else:
            sent.append(message)

    found = WebSocket({"type": "websocket", "path": "/v1/realtime", "headers": []}, receive, send)
    found.client_state = found.application_state = WebSocketState.CONNECTED
    return found


def events(*sent: dict[str, Any]) -> list[Message]:
    return [{"type": "websocket.receive", "text": json.dumps(event)} for event in sent]


def read(recognizer: Recognizer, messages: list[Message]) -> list[Any]:
    """The items that a reader makes of messages."""

    async def run() -> list[Any]:
        inbox = Inbox(1_000.0)
        reader = EventReader(websocket(messages), inbox, recognizer, initial_config({}, None, recognizer))
        await reader.read()
        return await inbox.take()

    return asyncio.run(run())


def test_the_inbox_holds_back_what_is_beyond_its_bound() -> None:
    async def run() -> None:
        inbox = Inbox(2.0)
        await inbox.put(CLEAR, 1.5)
        await inbox.put(CLEAR, 0.5)
        waiting = asyncio.create_task(inbox.put(CLEAR, 0.5))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        inbox.put_now(PartialReady())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        assert await inbox.take() == [CLEAR, CLEAR, PartialReady()]
        await waiting
        assert await inbox.take() == [CLEAR]

    asyncio.run(run())


def test_the_inbox_takes_a_first_item_of_any_length() -> None:
    async def run() -> None:
        inbox = Inbox(2.0)
        await inbox.put(CLEAR, 60.0)
        assert await inbox.take() == [CLEAR]

    asyncio.run(run())


def test_an_item_wakes_the_waiting_reader() -> None:
    async def run() -> None:
        inbox = Inbox(2.0)
        taking = asyncio.create_task(inbox.take())
        await asyncio.sleep(0.01)
        assert not taking.done()
        inbox.put_now(PartialReady())
        assert await taking == [PartialReady()]

    asyncio.run(run())


def test_a_cancelled_put_adds_nothing() -> None:
    async def run() -> None:
        inbox = Inbox(1.0)
        await inbox.put(PartialReady(), 1.0)
        waiting = asyncio.create_task(inbox.put(CLEAR, 1.0))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert await inbox.take() == [PartialReady()]
        inbox.put_now(PartialReady())
        assert await inbox.take() == [PartialReady()]

    asyncio.run(run())


def test_events_become_items_in_their_order(recognizer: Recognizer) -> None:
    sent = events(
        {"type": "input_audio_buffer.append", "audio": "AAAA"},
        {"type": "input_audio_buffer.commit", "event_id": "c"},
        {"type": "nonsense", "event_id": "n"},
        {"type": "transcription_session.update", "session": {"input_audio_format": "g711_ulaw"}},
    )
    items = read(recognizer, [*sent, {"type": "websocket.receive", "bytes": b"\0"}])
    assert [type(item) for item in items] == [Append, Commit, Rejected, ConfigChange, Rejected]
    assert (items[0].audio, items[1].event_id, items[2].event_id, items[4].event_id) == (b"\0" * 3, "c", "n", None)
    assert (items[3].beta, items[3].config.audio.encoding) == (True, "g711_ulaw")


def test_an_update_starts_from_the_one_before(recognizer: Recognizer) -> None:
    """Also where the session has not come to that yet; one that is refused changes nothing."""
    audio = {"format": {"type": "audio/pcm", "rate": 8_000}}
    *_, last = read(
        recognizer,
        events(
            {"type": "session.update", "session": {"audio": {"input": audio}}},
            {"type": "session.update", "session": {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 1}}}}},
            {"type": "session.update", "session": {"include": ["item.input_audio_transcription.logprobs"]}},
        ),
    )
    assert (last.config.audio.rate, last.config.log_probs) == (8_000, True)


def test_a_flood_of_control_events_is_read_slowly(recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five a second after the first second's worth; audio is not held back."""
    delays_s: list[float] = []
    real = asyncio.sleep

    async def sleep(delay_s: float) -> None:
        delays_s.append(delay_s)
        await real(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    assert len(read(recognizer, events(*[{"type": "input_audio_buffer.append", "audio": ""}] * 30))) == 30
    assert set(delays_s) == {0}
    assert len(read(recognizer, events(*[{"type": "input_audio_buffer.clear"}] * 30))) == 30
    assert max(delays_s) > 1
    assert [delay_s for delay_s in delays_s if delay_s < 0] == []


def test_the_writer_ends_a_session_whose_client_does_not_read(recognizer: Recognizer) -> None:
    async def run() -> None:
        writer = EventWriter(websocket([]), recognizer.metrics, 0.05)
        with pytest.raises(SessionClosing) as closing:
            await writer.send(Cleared())
        assert (closing.value.error.code, closing.value.code) == ("slow_reader", POLICY)
        await writer.refuse(SessionIdle("x"), POLICY)  # raises nothing

    asyncio.run(run())


def test_a_refusal_is_an_event_and_a_close() -> None:
    async def run() -> list[Message]:
        sent: list[Message] = []
        await EventWriter(websocket([], sent), metrics(), 5.0).refuse(SessionIdle("Nothing came."), POLICY)
        return sent

    event, close = asyncio.run(run())
    assert json.loads(event["text"])["error"]["code"] == "session_idle"
    assert (close["type"], close["code"], close["reason"]) == ("websocket.close", POLICY, "session_idle")
