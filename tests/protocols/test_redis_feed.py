"""Feeds over a Redis that several workers share, that goes away and comes back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from hindi_stt.errors import CallsUnavailable
from hindi_stt.protocols.calls import redis_feed, redis_writer
from hindi_stt.protocols.calls.feed import CallFeed
from hindi_stt.protocols.calls.redis_feed import RedisFeed
from tests.support.feeds import CALL, ENDED, OWNER, STARTED, all_of, final, listed, run
from tests.support.redis_server import RedisServer

MODULES_UNDER_TEST = ("hindi_stt/protocols/calls/redis_feed.py", "hindi_stt/protocols/calls/redis_writer.py")


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    running = RedisServer(tmp_path_factory.mktemp("redis"))
    yield running
    running.stop()


def test_an_id_is_one_calls_only_among_workers(redis: RedisServer) -> None:
    async def work(feed: CallFeed) -> None:
        other = RedisFeed(redis.url)
        assert await feed.reserve(OWNER, CALL)
        assert not await other.reserve(OWNER, CALL)
        await feed.release(OWNER, CALL)
        assert await other.reserve(OWNER, CALL)
        await other.release(OWNER, CALL)
        await other.close()

    run(lambda: RedisFeed(redis.url), work)


def test_an_id_of_a_worker_that_has_died_is_free(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(feed: CallFeed) -> None:
        assert await feed.reserve(OWNER, CALL)
        monkeypatch.setattr(redis_writer, "HEARTBEAT_EXPIRES_S", -1.0)
        assert await feed.reserve(OWNER, CALL)
        await feed.release(OWNER, CALL)

    run(lambda: RedisFeed(redis.url), work)


def test_a_call_whose_worker_has_died_ends_for_who_follows_it(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(feed: CallFeed) -> None:
        feed.begin(OWNER, CALL, STARTED)
        await listed(feed, 1)
        monkeypatch.setattr(redis_feed, "_LEAST_QUIET_S", 0.0)
        monkeypatch.setattr(redis_feed, "HEARTBEAT_EXPIRES_S", -1.0)
        assert await all_of(feed) == [STARTED, {**ENDED, "reason": "lost"}]
        feed.publish(OWNER, CALL, ENDED, lasting=True)

    run(lambda: RedisFeed(redis.url), work)


def test_a_redis_that_does_not_answer_loses_events_and_no_call(tmp_path: Path) -> None:
    async def work(feed: CallFeed) -> None:
        with pytest.raises(CallsUnavailable):
            await feed.calls(OWNER)
        assert await feed.reserve(OWNER, CALL)
        feed.begin(OWNER, CALL, STARTED)
        assert not lost

    lost: list[int] = []
    server = RedisServer(tmp_path)
    server.stop()
    run(lambda: RedisFeed(server.url, lambda: lost.append(1)), work)
    assert len(lost) == 1


def test_a_call_survives_a_redis_that_comes_back_without_its_data(tmp_path: Path) -> None:
    async def work(feed: CallFeed) -> None:
        assert await feed.reserve(OWNER, CALL)
        feed.begin(OWNER, CALL, STARTED)
        feed.publish(OWNER, CALL, final(1), lasting=True)
        await listed(feed, 1)
        server.kill()
        feed.publish(OWNER, CALL, final(2), lasting=True)
        while not lost:  # until the outage is known, which a partial is not kept for
            feed.publish(OWNER, CALL, {"type": "partial"}, lasting=False)
            await asyncio.sleep(0.02)
        feed.publish(OWNER, CALL, final(3), lasting=True)
        server.start()
        with contextlib.suppress(CallsUnavailable):
            await feed.calls(OWNER)
        assert await listed(feed, 1) == [STARTED]
        feed.publish(OWNER, CALL, ENDED, lasting=True)
        # The first final went with the data; its words are in the transcript.
        assert await all_of(feed) == [STARTED, final(2), final(3), ENDED]
        assert await listed(feed, 0) == []

    lost: list[int] = []
    server = RedisServer(tmp_path)
    try:
        run(lambda: RedisFeed(server.url, lambda: lost.append(1)), work)
    finally:
        server.stop()


def test_what_a_redis_refuses_is_lost_and_holds_up_nothing(redis: RedisServer) -> None:
    async def work(feed: CallFeed) -> None:
        async with Redis.from_url(redis.url) as client:
            keys = redis_writer.CallKeys(OWNER, CALL)
            feed.begin(OWNER, CALL, STARTED)
            await listed(feed, 1)
            await client.delete(keys.lasting)
            await client.set(keys.lasting, "no stream")
            feed.publish(OWNER, CALL, final(1), lasting=True)
            while not lost:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            await client.delete(keys.lasting)
            feed.publish(OWNER, CALL, ENDED, lasting=True)
            assert await all_of(feed) == [STARTED, ENDED]
            assert lost == [1]

    lost: list[int] = []
    run(lambda: RedisFeed(redis.url, lambda: lost.append(1)), work)


def test_two_workers_share_a_redis(redis: RedisServer) -> None:
    async def work(feed: CallFeed) -> None:
        other = RedisFeed(redis.url)
        feed.begin(OWNER, CALL, STARTED)
        assert await listed(other, 1) == [STARTED]
        feed.publish(OWNER, CALL, ENDED, lasting=True)
        assert await all_of(other) == [STARTED, ENDED]
        await other.close()

    run(lambda: RedisFeed(redis.url), work)
