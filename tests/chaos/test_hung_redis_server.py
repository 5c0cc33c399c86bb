"""A server whose Redis takes connections and does not answer: audio is transcribed, captions are told to come again."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from tests.chaos.parts import CLIP, status_of
from tests.support.realtime import RAIN, append, receive, session
from tests.support.redis_server import RedisServer
from tests.support.responses import is_error
from tests.support.server import Server

pytestmark = pytest.mark.chaos

# A request that waited for the Redis would take two seconds for each of its calls.
REQUESTS, MEDIAN_S = 12, 1.5


def read_all(ws: ClientConnection) -> None:
    while True:
        event = receive(ws)
        if event["type"] == "error":
            assert event["error"]["code"] == "limits_unavailable"


def test_a_cache_that_hangs(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    redis = RedisServer(tmp_path)
    server = Server(tmp_path_factory.mktemp("cache"), HINDI_STT_CACHE_URL=redis.url)
    try:
        server.wait_until_ready()
        expected = server.transcribe(CLIP).json()["text"]
        redis.suspend()
        elapsed_s = []
        for _ in range(REQUESTS):
            start = time.monotonic()
            assert server.transcribe(CLIP).json()["text"] == expected
            elapsed_s.append(time.monotonic() - start)
        median_s = statistics.median(elapsed_s)
        print(f"cache hung: p50 {median_s * 1000:.0f} ms, longest {max(elapsed_s) * 1000:.0f} ms")
        assert median_s < MEDIAN_S
        assert status_of(server) == "healthy"
    finally:
        redis.resume()
        server.stop()
        redis.stop()


def test_limits_that_hang(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    redis = RedisServer(tmp_path)
    limits = {"HINDI_STT_REQUESTS_PER_MINUTE": "1000", "HINDI_STT_AUDIO_S_PER_HOUR": "3600"}
    server = Server(tmp_path_factory.mktemp("limits"), HINDI_STT_LIMITS_URL=redis.url, **limits)
    try:
        server.wait_until_ready()
        with session(server) as ws:
            append(ws, RAIN[:1600])
            redis.suspend()
            append(ws, RAIN[1600:3200])
            with pytest.raises(ConnectionClosed) as closed:
                read_all(ws)
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1013, "limits_unavailable")
        is_error(server.transcribe(CLIP), 503, "limits_unavailable")
    finally:
        redis.resume()
        server.stop()
        redis.stop()
