"""Answers in server-sent events: how they end, by an ASGI server's messages; and a real server that is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from starlette.requests import Request
from starlette.types import Message

from hindi_stt.access.limits import Client
from hindi_stt.api.error_responses import RequestState
from hindi_stt.api.server_sent_events import EventStream, event
from hindi_stt.errors import HindiSTTError
from tests.support.responses import eventually
from tests.support.server import Server
from tests.support.streams import RATE, speech


class Exchange:
    """One request that is answered by an EventStream: what was sent, closed, and noted."""

    def __init__(self, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
        self.closed: list[str] = []
        self.state = RequestState("0" * 32, Client("-"))
        self._scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/", "headers": []}
        self._scope["hindi_stt"] = self.state
        self._receive = receive
        self._send = send

    async def run(self, n_events: int) -> None:
        """Answer with so many events after the first, each made when the one before has been taken."""

        async def events() -> AsyncGenerator[bytes]:
            try:
                for number in range(n_events):
                    await asyncio.sleep(0)
                    yield event({"number": number})
            finally:
                self.closed.append("events")

        resources = contextlib.AsyncExitStack()
        resources.callback(lambda: self.closed.append("resources"))
        found = events()
        first = await anext(found)
        answer = EventStream(Request(self._scope, self._receive), first, found, resources, write_timeout_s=0.2)
        await answer(self._scope, self._receive, self._send)

    @property
    def error(self) -> HindiSTTError | None:
        """What the access log will say of it."""
        return self.state.error


async def forever(*_: object) -> Any:
    """What a client does that stays, or that does not read."""
    await asyncio.Event().wait()


def test_all_events_are_sent_and_all_is_closed() -> None:
    sent: list[Message] = []

    async def take(message: Message) -> None:
        sent.append(message)

    exchange = Exchange(forever, take)
    asyncio.run(exchange.run(3))
    assert [message["type"] for message in sent] == ["http.response.start"] + ["http.response.body"] * 4
    assert [message["more_body"] for message in sent[1:]] == [True, True, True, False]
    headers = dict(sent[0]["headers"])
    assert headers[b"content-type"].startswith(b"text/event-stream")
    assert b"content-length" not in headers
    numbers = [json.loads(part.removeprefix(b"data: ")) for message in sent[1:-1] for part in [message["body"].strip()]]
    assert numbers == [{"number": 0}, {"number": 1}, {"number": 2}]
    assert exchange.closed == ["events", "resources"]
    assert exchange.error is None


def test_a_client_that_has_gone_ends_the_events() -> None:
    gone = asyncio.Event()
    taken = 0

    async def take(message: Message) -> None:
        nonlocal taken
        taken += 1
        if taken == 3:
            gone.set()
        await asyncio.sleep(0)

    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    exchange = Exchange(receive, take)
    asyncio.run(exchange.run(100_000))
    assert taken < 1_000
    assert exchange.closed == ["events", "resources"]
    assert exchange.error is not None
    assert exchange.error.code == "client_closed_request"


def test_a_client_that_does_not_read_ends_the_events() -> None:
    sent: list[Message] = []

    async def take(message: Message) -> None:
        sent.append(message)
        if len(sent) == 3:
            await forever()

    exchange = Exchange(forever, take)
    asyncio.run(exchange.run(100_000))
    assert len(sent) == 3
    assert exchange.closed == ["events", "resources"]
    assert exchange.error is not None
    assert "did not read" in exchange.error.message


def test_a_cancelled_answer_closes_what_it_needs() -> None:
    sending = asyncio.Event()

    async def never_sent(_: Message) -> None:
        sending.set()
        await forever()

    exchange = Exchange(forever, never_sent)

    async def run() -> None:
        task = asyncio.create_task(exchange.run(5))
        await sending.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert exchange.closed == ["events", "resources"]


def answers(server: Server) -> bool:
    """Whether it takes new connections within a second."""
    try:
        return httpx.get(f"{server.url}/livez", timeout=1).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.slow
def test_a_server_that_is_stopped_finishes_its_answers(tmp_path: Path) -> None:
    """The recording is still arriving when the signal comes."""
    sentence = np.append(speech("family.flac"), np.zeros(RATE * 6 // 10, np.int16))
    samples = np.resize(sentence, 50 * RATE).astype("<i2").tobytes()
    part = len(samples) * 8 // 10
    server = Server(tmp_path, HINDI_STT_UPLOAD_TIMEOUT_S="20")
    try:
        server.wait_until_ready()
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            connection.sendall(
                b"POST /transcribe?stream=true HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Type: audio/L16;rate=16000;endianness=little-endian\r\n"
                b"Content-Length: %d\r\n\r\n" % len(samples) + samples[:part]
            )
            received = b""
            while b"transcript.text.delta" not in received:
                received += some(connection)
            server.process.terminate()
            assert eventually(lambda: not answers(server), 20)
            connection.sendall(samples[part:])
            while b"transcript.text.done" not in received:
                received += some(connection)
    finally:
        status = server.stop()
    assert status == 0


def some(connection: socket.socket) -> bytes:
    """What has come; never nothing."""
    received = connection.recv(2**16)
    assert received, "the server has closed"
    return received
