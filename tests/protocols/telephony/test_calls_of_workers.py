"""Events of calls over a Redis: any of several API workers passes on what one of them hears."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from tests.support.redis_server import RedisServer
from tests.support.responses import eventually
from tests.support.server import Server
from tests.support.streams import RATE, speech
from tests.support.telephony import exotel_call

pytestmark = pytest.mark.slow

CALL = "CA88888888888888888888888888888888"
# Each is another connection, which the kernel gives to one of the workers.
LISTENERS = 8


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    redis = RedisServer(tmp_path)
    running = Server(tmp_path, HINDI_STT_PROTOCOLS="exotel", HINDI_STT_API_WORKERS="3", HINDI_STT_CALLS_URL=redis.url)
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()
        redis.stop()


def test_every_worker_knows_a_call(server: Server) -> None:
    messages = list(exotel_call(speech("rain.flac"), RATE, call_id=CALL))
    with connect(f"ws://127.0.0.1:{server.port}/v1/telephony/exotel") as ws:
        for message in messages[:2]:
            ws.send(message)
        for _ in range(LISTENERS):
            assert eventually(lambda: [call["call"] for call in live(server)] == [CALL])
        for message in messages[2:]:
            ws.send(message)
        list(ws)
    found = [events(server) for _ in range(LISTENERS)]
    assert found[0][-1]["type"] == "call.ended"
    assert "final" in [event["type"] for event in found[0]]
    assert all(one == found[0] for one in found)
    assert eventually(lambda: live(server) == [])


def live(server: Server) -> list[dict[str, str]]:
    found: list[dict[str, str]] = httpx.get(f"{server.url}/v1/calls", timeout=30).json()["data"]
    return found


def events(server: Server) -> list[dict[str, str]]:
    with httpx.stream("GET", f"{server.url}/v1/calls/{CALL}/events", timeout=60) as answer:
        return [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: ")]
