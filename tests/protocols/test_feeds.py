"""Feeds of calls, in this process and over a real Redis: the same behaviour."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import weakref
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from hindi_stt.errors import CallNotFound, CallsUnavailable, SlowReader
from hindi_stt.protocols.calls import feed as feeds
from hindi_stt.protocols.calls import redis_writer
from hindi_stt.protocols.calls.feed import CallFeed, MemoryFeed
from hindi_stt.protocols.calls.redis_feed import RedisFeed
from tests.support.redis_server import RedisServer

MODULES_UNDER_TEST = (
    "hindi_stt/protocols/calls/feed.py",
    "hindi_stt/protocols/calls/redis_feed.py",
    "hindi_stt/protocols/calls/redis_writer.py",
)

Make = Callable[[], CallFeed]
OWNER, CALL = "desk", "CA1"
STARTED = {"type": "call.started", "call": CALL, "time": 1.0}
ENDED = {"type": "call.ended", "call": CALL}


def final(n: int) -> dict[str, Any]:
    return {"type": "final", "call": CALL, "text": f"{n}"}


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    running = RedisServer(tmp_path_factory.mktemp("redis"))
    yield running
    running.stop()


@pytest.fixture(params=["memory", "redis"])
def make(request: pytest.FixtureRequest) -> Make:
    if request.param == "memory":
        return MemoryFeed
    url = request.getfixturevalue("redis").url
    return lambda: RedisFeed(url)


def run(make: Make, work: Callable[[CallFeed], Awaitable[None]]) -> None:
    async def bounded() -> None:
        feed = make()
        try:
            async with asyncio.timeout(60):
                await work(feed)
        finally:
            await feed.close()

    asyncio.run(bounded())


async def all_of(feed: CallFeed) -> list[Any]:
    return [event async for event in feed.follow(OWNER, CALL) if event is not None]


async def listed(feed: CallFeed, n: int) -> list[Any]:
    while len(found := list(await feed.calls(OWNER))) != n:  # noqa: ASYNC110  # it is another process's
        await asyncio.sleep(0.02)
    return found


def test_early_and_late_listeners_get_the_same_events(make: Make) -> None:
    async def work(feed: CallFeed) -> None:
        feed.begin(OWNER, CALL, STARTED)
        assert await listed(feed, 1) == [STARTED]
        early = asyncio.create_task(all_of(feed))
        for n in range(20):
            feed.publish(OWNER, CALL, final(n), lasting=True)
        feed.publish(OWNER, CALL, ENDED, lasting=True)
        wanted = [STARTED, *map(final, range(20)), ENDED]
        assert await early == wanted
        assert await all_of(feed) == wanted
        assert await listed(feed, 0) == []

    run(make, work)


def test_partials_are_for_those_who_listen(make: Make) -> None:
    async def work(feed: CallFeed) -> None:
        feed.begin(OWNER, CALL, STARTED)
        await listed(feed, 1)
        partial = {"type": "partial", "call": CALL, "text": "न"}
        following = feed.follow(OWNER, CALL)
        assert await anext(following) == STARTED
        feed.publish(OWNER, CALL, partial, lasting=False)
        assert await anext(following) == partial
        await following.aclose()
        feed.publish(OWNER, CALL, ENDED, lasting=True)
        await listed(feed, 0)
        assert await all_of(feed) == [STARTED, ENDED]

    run(make, work)


def test_a_call_that_is_not_there_or_of_another_owner(make: Make) -> None:
    async def work(feed: CallFeed) -> None:
        feed.begin(OWNER, CALL, STARTED)
        await listed(feed, 1)
        for owner, call in (("front", CALL), (OWNER, "CA2")):
            with pytest.raises(CallNotFound):
                await anext(feed.follow(owner, call))
        assert await feed.calls("front") == []
        feed.publish(OWNER, CALL, ENDED, lasting=True)
        await listed(feed, 0)

    run(make, work)


def test_a_feed_that_is_closed_ends_those_who_listen(make: Make) -> None:
    async def work(feed: CallFeed) -> None:
        feed.begin(OWNER, CALL, STARTED)
        await listed(feed, 1)
        following = feed.follow(OWNER, CALL)
        assert await anext(following) == STARTED
        rest = asyncio.create_task(anext(following))
        await asyncio.sleep(0)
        await feed.close()
        with pytest.raises((StopAsyncIteration, CallsUnavailable)):
            await rest

    run(make, work)


def test_a_listener_that_is_too_slow_is_told() -> None:
    async def work(feed: CallFeed) -> None:
        feed.begin(OWNER, CALL, STARTED)
        following = feed.follow(OWNER, CALL)
        assert await anext(following) == STARTED
        for n in range(1_500):
            feed.publish(OWNER, CALL, final(n), lasting=True)
        with pytest.raises(SlowReader):
            async for _ in following:
                pass

    run(MemoryFeed, work)


def test_two_workers_share_a_redis(redis: RedisServer) -> None:
    async def work(feed: CallFeed) -> None:
        other = RedisFeed(redis.url)
        feed.begin(OWNER, CALL, STARTED)
        assert await listed(other, 1) == [STARTED]
        feed.publish(OWNER, CALL, ENDED, lasting=True)
        assert await all_of(other) == [STARTED, ENDED]
        await other.close()

    run(lambda: RedisFeed(redis.url), work)


def test_an_id_is_one_calls_only(make: Make) -> None:
    async def work(feed: CallFeed) -> None:
        assert await feed.reserve(OWNER, CALL)
        assert not await feed.reserve(OWNER, CALL)
        assert await feed.reserve("front", CALL)
        await feed.release(OWNER, CALL)
        await feed.release("front", CALL)
        assert await feed.reserve(OWNER, CALL)
        feed.begin(OWNER, CALL, STARTED)
        await listed(feed, 1)
        assert not await feed.reserve(OWNER, CALL)
        feed.publish(OWNER, CALL, ENDED, lasting=True)
        await listed(feed, 0)
        assert await feed.reserve(OWNER, CALL)
        await feed.release(OWNER, CALL)

    run(make, work)


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


def test_only_so_many_ended_calls_are_kept() -> None:
    async def work(feed: CallFeed) -> None:
        for n in range(70):
            feed.begin(OWNER, f"CA{n}", STARTED)
            feed.publish(OWNER, f"CA{n}", ENDED, lasting=True)
        with pytest.raises(CallNotFound):
            await anext(feed.follow(OWNER, "CA0"))
        assert await anext(feed.follow(OWNER, "CA69")) == STARTED

    run(MemoryFeed, work)


def test_long_calls_that_have_ended_make_room_for_each_other() -> None:
    """Of five calls of two hours the last two are kept, whatever else has ended since."""

    async def work(feed: CallFeed) -> None:
        for n in range(5):
            feed.begin(OWNER, f"CA{n}", STARTED)
            for i in range(4_900):
                feed.publish(OWNER, f"CA{n}", final(i), lasting=True)
            feed.publish(OWNER, f"CA{n}", ENDED, lasting=True)
        for n in range(3):
            with pytest.raises(CallNotFound):
                await anext(feed.follow(OWNER, f"CA{n}"))
        for n in (3, 4):
            assert await anext(feed.follow(OWNER, f"CA{n}")) == STARTED

    run(MemoryFeed, work)


def test_a_call_that_has_ended_is_kept_for_some_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """And then forgotten, also where no other call ends; one that goes on is kept."""
    monkeypatch.setattr(feeds, "KEPT_S", 0.2)

    async def work(feed: CallFeed) -> None:
        for call in (CALL, "CA2"):
            feed.begin(OWNER, call, STARTED)
        feed.publish(OWNER, CALL, ENDED, lasting=True)
        assert await all_of(feed) == [STARTED, ENDED]
        assert isinstance(feed, MemoryFeed)
        while len(feed._calls) > 1:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        with pytest.raises(CallNotFound):
            await all_of(feed)
        assert await anext(feed.follow(OWNER, "CA2")) == STARTED
        for call in ("CA2", "CA3"):
            feed.begin(OWNER, call, STARTED)
            feed.publish(OWNER, call, ENDED, lasting=True)
        while feed._calls:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    run(MemoryFeed, work)


def test_calls_that_have_ended_hold_nothing_of_their_connections() -> None:
    class Connection:
        pass

    current: contextvars.ContextVar[Connection] = contextvars.ContextVar("current")
    held: weakref.WeakSet[Connection] = weakref.WeakSet()

    async def work(feed: CallFeed) -> None:
        async def serve(call: str) -> None:
            current.set(Connection())
            held.add(current.get())
            feed.begin(OWNER, call, STARTED)
            feed.publish(OWNER, call, ENDED, lasting=True)

        for n in range(3):
            await asyncio.create_task(serve(f"CA{n}"))
        await asyncio.sleep(0)  # this step holds the last task
        gc.collect()
        assert not held
        assert await feed.calls(OWNER) == []

    run(MemoryFeed, work)
