"""Events of calls over a Redis: any of several API workers passes on what one of them hears."""

from __future__ import annotations

import contextlib
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
from tests.support.wav import wav

pytestmark = pytest.mark.slow

CALL = "CA88888888888888888888888888888888"
# Each is another connection, which the kernel gives to one of the workers.
LISTENERS = 8
N_STREAMS = 6


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    running = RedisServer(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def server(tmp_path: Path, redis: RedisServer) -> Iterator[Server]:
    running = Server(tmp_path, HINDI_STT_PROTOCOLS="exotel", HINDI_STT_API_WORKERS="3", HINDI_STT_CALLS_URL=redis.url)
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def test_every_worker_knows_a_call(server: Server) -> None:
    messages = list(exotel_call(speech("rain.flac"), RATE, call_id=CALL))
    with connect(address(server)) as ws:
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


def test_streams_of_one_call_have_ids_of_their_own_wherever_they_are(server: Server) -> None:
    """The kernel gives them to different workers."""
    messages = list(exotel_call(speech("rain.flac"), RATE, call_id=CALL))
    wanted = {CALL, *(f"{CALL}.{n}" for n in range(2, N_STREAMS + 1))}
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(connect(address(server))) for _ in range(N_STREAMS)]
        for ws in streams:
            for message in messages[:2]:
                ws.send(message)
        assert eventually(lambda: {call["call"] for call in live(server)} == wanted)
        for ws in streams:
            for message in messages[2:]:
                ws.send(message)
            list(ws)
    for call_id in wanted:
        kinds = [event["type"] for event in events(server, call_id)]
        assert kinds[0] == "call.started"
        assert kinds.count("call.started") == kinds.count("call.ended") == 1
        assert "final" in kinds


@pytest.mark.parametrize("outage", ["killed", "suspended"])
def test_a_redis_that_goes_away_while_a_call_runs(server: Server, redis: RedisServer, outage: str) -> None:
    samples = speech("rain.flac")
    messages = list(exotel_call(samples, RATE, call_id=CALL))
    with connect(address(server)) as ws:
        for message in messages[:2]:
            ws.send(message)
        assert eventually(lambda: [call["call"] for call in live(server)] == [CALL])
        redis.kill() if outage == "killed" else redis.suspend()
        for message in messages[2:-1]:
            ws.send(message)
        assert eventually(lambda: "the Redis of calls does not answer" in server.log)
        assert httpx.get(f"{server.url}/v1/calls", timeout=30).json()["error"]["code"] == "calls_unavailable"
        redis.start() if outage == "killed" else redis.resume()
        assert eventually(lambda: [call["call"] for call in live(server)] == [CALL])
        ws.send(messages[-1])
        list(ws)
    found = events(server)
    assert found[0]["type"] == "call.started"
    assert [event["type"] for event in found].count("call.started") == 1
    assert found[-1]["type"] == "call.ended"
    finals = [event["text"] for event in found if event["type"] == "final"]
    assert " ".join(finals) == server.transcribe(wav(samples)).json()["text"]


def address(server: Server) -> str:
    return f"ws://127.0.0.1:{server.port}/v1/telephony/exotel"


def live(server: Server) -> list[dict[str, str]]:
    answer = httpx.get(f"{server.url}/v1/calls", timeout=30)
    found: list[dict[str, str]] = answer.json()["data"] if answer.status_code == 200 else []
    return found


def events(server: Server, call_id: str = CALL) -> list[dict[str, str]]:
    """The events of a call. A worker whose Redis does not answer in time says so, and is asked again."""
    found: list[dict[str, str]] = []

    def read() -> bool:
        with httpx.stream("GET", f"{server.url}/v1/calls/{call_id}/events", timeout=60) as answer:
            if answer.status_code == 503:
                return False
            assert answer.status_code == 200, answer.read()
            found[:] = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: ")]
            return True

    assert eventually(read)
    return found
