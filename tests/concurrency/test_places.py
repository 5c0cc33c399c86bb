"""Realtime connections and slow uploads: one client never holds all places, and idle ones give way."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Iterator

import pytest
from websockets.sync.client import ClientConnection, connect

from hindi_stt.concurrency.places import NoPlace, Places
from tests.support.guarded import Guarded
from tests.support.realtime import closed, receive
from tests.support.responses import eventually
from tests.support.wav import tone, wav

BOUND = 8
OWN = 6


class Idle:
    """A holder. idle_s: how long it has been silent."""

    def __init__(self, idle_s: float) -> None:
        self.idle_s = idle_s
        self.ended = False

    def end(self) -> None:
        self.ended = True


@pytest.fixture
def places() -> Iterator[tuple[Places[Idle], contextlib.ExitStack]]:
    with contextlib.ExitStack() as stack:
        yield Places(BOUND, OWN, lambda holder: holder.idle_s, Idle.end), stack


def fill(places: Places[Idle], stack: contextlib.ExitStack, client: str, *idle_s: float) -> list[Idle]:
    holders = [Idle(seconds) for seconds in idle_s]
    for holder in holders:
        places.check(client)
        stack.enter_context(places.held(client, holder))
    return holders


def test_a_share_is_reserved_for_other_clients(places: tuple[Places[Idle], contextlib.ExitStack]) -> None:
    fill(*places, "busy", *[0.0] * OWN)
    with pytest.raises(NoPlace) as caught:
        places[0].check("busy")
    assert caught.value.own
    fill(*places, "other", 0.0, 0.0)


def test_the_idlest_upload_of_the_client_with_most_is_evicted(
    places: tuple[Places[Idle], contextlib.ExitStack],
) -> None:
    many = fill(*places, "busy", 0.0, 9.0, 60.0, 8.0, 0.0, 0.0)
    few = fill(*places, "other", 500.0, 0.0)
    fill(*places, "third", 0.0)
    assert [holder.ended for holder in many] == [False, False, True, False, False, False]
    assert not any(holder.ended for holder in few)


def test_an_active_upload_keeps_its_place(places: tuple[Places[Idle], contextlib.ExitStack]) -> None:
    fill(*places, "busy", *[1.0] * OWN)
    fill(*places, "other", 0.0, 0.0)
    with pytest.raises(NoPlace) as caught:
        places[0].check("third")
    assert not caught.value.own


def test_a_finished_upload_frees_its_place(places: tuple[Places[Idle], contextlib.ExitStack]) -> None:
    for _ in range(3):
        with contextlib.ExitStack() as stack:
            fill(places[0], stack, "busy", *[0.0] * OWN)


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    running = Guarded(
        tmp_path_factory.mktemp("crowded"),
        HINDI_STT_REALTIME_CONNECTIONS=str(BOUND),
        HINDI_STT_STREAMED_UPLOADS=str(BOUND),
        HINDI_STT_MAX_UPLOADS_PER_CLIENT="100",
    )
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def realtime(server: Guarded, key: str, stack: contextlib.ExitStack) -> ClientConnection:
    url = f"ws://127.0.0.1:{server.port}/v1/realtime?intent=transcription"
    headers = {"Authorization": f"Bearer {key}"}
    return stack.enter_context(connect(url, additional_headers=headers, open_timeout=20, close_timeout=5))


@pytest.mark.api
def test_realtime_connections_of_one_key(crowded: Guarded) -> None:
    busy, other, third = (crowded.new_key(name) for name in ("busy", "other", "third"))
    with contextlib.ExitStack() as stack:
        held = [realtime(crowded, busy, stack) for _ in range(OWN)]
        assert {receive(ws)["type"] for ws in held} == {"session.created"}
        assert closed(realtime(crowded, busy, stack))[1:] == (1013, "too_many_connections")
        assert [receive(realtime(crowded, other, stack))["type"] for _ in range(BOUND - OWN)] == ["session.created"] * 2
        assert closed(realtime(crowded, third, stack))[1:] == (1013, "too_many_connections")
        time.sleep(5.5)
        assert receive(realtime(crowded, third, stack))["type"] == "session.created"
        assert closed(held[0])[1:] == (1013, "session_idle")


def slow_upload(server: Guarded, key: str, content: bytes, stack: contextlib.ExitStack) -> socket.socket:
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
    head = f"POST /transcribe?stream=true HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
    head += f"Content-Type: audio/wav\r\nContent-Length: {len(content)}\r\n\r\n"
    connection.sendall(head.encode() + content[: len(content) // 2])
    return connection


def answered(connections: list[socket.socket]) -> list[socket.socket]:
    """Those on which something has come."""
    return select.select(connections, [], [], 0)[0]


def answer(connection: socket.socket, within_s: float) -> bytes:
    connection.settimeout(within_s)
    try:
        return connection.recv(65_536)
    except TimeoutError:
        return b""


@pytest.mark.api
def test_slow_uploads_of_one_key(crowded: Guarded) -> None:
    busy, other = crowded.new_key("busy"), crowded.new_key("other")
    content = wav(tone(2.0))
    with contextlib.ExitStack() as stack:
        held = [slow_upload(crowded, busy, content, stack) for _ in range(OWN + 4)]
        assert eventually(lambda: len(answered(held)) >= 4)
        time.sleep(1.0)  # in which no other is answered
        refused = answered(held)
        assert len(refused) == 4
        assert all(connection.recv(65_536).startswith(b"HTTP/1.1 429") for connection in refused)
        neighbour = slow_upload(crowded, other, content, stack)
        neighbour.sendall(content[len(content) // 2 :])
        assert answer(neighbour, 60.0).startswith(b"HTTP/1.1 200")


@pytest.mark.api
def test_an_idle_upload_gives_up_its_place(crowded: Guarded) -> None:
    content = wav(tone(2.0))
    with contextlib.ExitStack() as stack:
        held = [
            slow_upload(crowded, crowded.new_key(name), content, stack)
            for name in ("first", "first", "first", "first", "second", "second", "second", "second")
        ]
        third = crowded.new_key("third")
        assert answer(slow_upload(crowded, third, content, stack), 60.0).startswith(b"HTTP/1.1 429")
        time.sleep(5.5)  # until the others are idle
        neighbour = slow_upload(crowded, third, content, stack)
        neighbour.sendall(content[len(content) // 2 :])
        assert answer(neighbour, 60.0).startswith(b"HTTP/1.1 200")
        assert [answer(connection, 1.0)[:12] for connection in held].count(b"HTTP/1.1 408") == 1
