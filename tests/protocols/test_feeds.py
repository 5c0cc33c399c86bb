"""Feeds of calls, in this process and over a real Redis: the same behaviour."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import weakref
from collections.abc import Iterator

import pytest
from redis import Redis

from hindi_stt.errors import CallNotFound, CallsUnavailable, SlowReader
from hindi_stt.protocols.calls import feed as feeds
from hindi_stt.protocols.calls.feed import CallFeed, MemoryFeed
from hindi_stt.protocols.calls.redis_feed import RedisFeed
from tests.support.feeds import CALL, ENDED, OWNER, STARTED, Make, all_of, final, listed, run
from tests.support.redis_server import RedisServer

MODULES_UNDER_TEST = ("hindi_stt/protocols/calls/feed.py",)


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
    with Redis.from_url(url) as client:
        client.flushall()  # other tests leave calls that have not ended
    return lambda: RedisFeed(url)


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
