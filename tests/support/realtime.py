"""A client of the realtime API, event by event."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import ClientConnection, connect

from tests.support.server import Server
from tests.support.streams import RATE, speech

Event = dict[str, Any]
TRANSCRIPTION = "conversation.item.input_audio_transcription."
DELTA, COMPLETED, FAILED = (TRANSCRIPTION + name for name in ("delta", "completed", "failed"))
RAIN = speech("rain.flac")
PCM16K: Event = {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16_000}}}}


@contextlib.contextmanager
def session(server: Server, update: Event | None = None, **kwargs: Any) -> Iterator[ClientConnection]:
    """A connection that has been told what is sent over it: 16 kHz, unless said otherwise."""
    url = f"ws://127.0.0.1:{server.port}/v1/realtime?intent=transcription"
    with connect(url, open_timeout=20, close_timeout=5, **kwargs) as ws:
        assert receive(ws)["type"] == "session.created"
        send(ws, type="session.update", session={"type": "transcription"} | PCM16K | (update or {}))
        answer = receive(ws)
        assert answer["type"] == "session.updated", answer
        yield ws


def send(ws: ClientConnection, **event: Any) -> None:
    ws.send(json.dumps(event))


def append(ws: ClientConnection, samples: np.ndarray, seconds: float = 0.1) -> None:
    size = int(seconds * RATE)
    for start in range(0, len(samples), size):
        part = samples[start : start + size].astype("<i2").tobytes()
        send(ws, type="input_audio_buffer.append", audio=base64.b64encode(part).decode())


def receive(ws: ClientConnection) -> Event:
    event = json.loads(ws.recv(timeout=30))
    assert event["event_id"].startswith("event_")
    return event


def until(ws: ClientConnection, kind: str) -> list[Event]:
    events = [receive(ws)]
    while events[-1]["type"] != kind:
        assert events[-1]["type"] != "error", events[-1]
        events.append(receive(ws))
    return events


def commit(ws: ClientConnection) -> Event:
    send(ws, type="input_audio_buffer.commit")
    return until(ws, COMPLETED)[-1]


def manual(**transcription: Any) -> Event:
    """A session without turn detection."""
    given = PCM16K["audio"]["input"] | {"turn_detection": None}
    return {"audio": {"input": given | ({"transcription": transcription} if transcription else {})}}


def closed(ws: ClientConnection) -> tuple[list[Event], int, str]:
    """What still comes, and the code and reason of the end."""
    events = []
    with contextlib.suppress(ConnectionClosedError):  # what iteration raises for all codes but 1000 and 1001
        events.extend(json.loads(message) for message in ws)
    assert ws.close_code is not None
    return events, ws.close_code, ws.close_reason or ""
