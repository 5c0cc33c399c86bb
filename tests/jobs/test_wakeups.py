"""Idle workers are woken over a real Redis, and go on without one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from hindi_stt.jobs import wakeups
from hindi_stt.jobs.wakeups import Wakeups
from tests.support.redis_server import RedisServer

LONG_S = 60


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    yield server
    server.stop()


def n_messages(server: RedisServer) -> int:
    with redis.Redis.from_url(server.url) as client:
        return sum(client.llen(key) for key in client.scan_iter())


def test_without_a_redis_a_pause_ends_by_itself() -> None:
    waker = Wakeups("")
    waker.notify(1)
    waker.wait()


def test_a_message_ends_a_pause(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups, "_REDIS_PAUSE_S", LONG_S)
    monkeypatch.setattr(wakeups, "_TIMEOUT_S", 2 * LONG_S)
    workers = [threading.Thread(target=Wakeups(server.url).wait, daemon=True) for _ in range(2)]
    for worker in workers:
        worker.start()
    Wakeups(server.url).notify(2)
    for worker in workers:
        worker.join(LONG_S / 2)
    assert not any(worker.is_alive() for worker in workers)
    assert n_messages(server) == 0


def test_a_pause_ends_without_a_message(server: RedisServer) -> None:
    Wakeups(server.url).wait()


def test_messages_are_bounded(server: RedisServer) -> None:
    waker = Wakeups(server.url)
    for n in (3, 10_000, 1):
        waker.notify(n)
    assert 3 < n_messages(server) < 100


def test_a_redis_that_is_away_is_named_once(server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    waker = Wakeups(server.url)
    waker.notify(1)
    server.kill()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            waker.notify(1)
        waker.wait()
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert "does not answer" in caplog.text
        server.start()
        waker.wait()
    assert "answers again" in caplog.text
    waker.notify(1)
    assert n_messages(server) == 1
