"""A Redis that takes connections and does not answer: what it may cost, and what clients are told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hindi_stt.access.limits import Client, RateLimits
from hindi_stt.errors import LimitsUnavailable, RateLimited
from hindi_stt.storage.circuit_breaker import CircuitBreaker, NoAnswer
from hindi_stt.transcription.redis_cache import RedisStore
from tests.support.redis_server import RedisServer

MODULES_UNDER_TEST = (
    "hindi_stt/storage/redis_pool.py",
    "hindi_stt/transcription/redis_cache.py",
)

# The calls of a burst, each of which would wait for seconds without a bound: far more than all may take together.
CALLS, BURST_S = 100, 15.0


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    running = RedisServer(tmp_path)
    try:
        yield running
    finally:
        running.resume()
        running.stop()


def test_a_cache(redis: RedisServer) -> None:
    async def use() -> None:
        store = RedisStore(redis.url, 60)
        await store.put("a", b"before")
        redis.suspend()
        start = time.monotonic()
        assert [await store.get("a") for _ in range(CALLS)] == [None] * CALLS
        await store.put("b", b"lost")
        assert time.monotonic() - start < BURST_S
        redis.resume()
        deadline = time.monotonic() + 20
        while await store.get("a") is None:
            assert time.monotonic() < deadline, "it is asked again when it answers again"
            await asyncio.sleep(0.05)
        assert await store.get("a") == b"before"
        await store.close()

    asyncio.run(use())


def test_limits_refuse_soon(redis: RedisServer) -> None:
    async def use() -> None:
        limits, client = RateLimits(redis.url), Client("clinic", requests_per_minute=100)
        await limits.count_request(client)
        redis.suspend()
        start = time.monotonic()
        for _ in range(CALLS):
            with pytest.raises(LimitsUnavailable):
                await limits.count_request(client)
        assert time.monotonic() - start < BURST_S
        await limits.count_request(Client("without limits"))
        redis.resume()
        deadline = time.monotonic() + 20
        while True:
            try:
                await limits.count_request(client)
                break
            except LimitsUnavailable:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.05)
        await limits.close()

    asyncio.run(use())


def test_limits_that_are_counted_here_meanwhile(redis: RedisServer) -> None:
    async def use() -> None:
        limits, client = RateLimits(redis.url, "count"), Client("clinic", requests_per_minute=2)
        redis.suspend()
        await limits.count_request(client)
        await limits.count_request(client)
        with pytest.raises(RateLimited):
            await limits.count_request(client)
        await limits.close()

    asyncio.run(use())


@pytest.mark.slow
def test_one_call_tries_again_and_the_others_wait_for_it() -> None:
    calls: list[bool] = []
    answers = False

    async def work() -> bool:
        calls.append(True)
        if not answers:
            await asyncio.sleep(60)
        return answers

    async def use() -> None:
        nonlocal answers
        breaker = CircuitBreaker("it", 0.02, ())
        for _ in range(10):
            with pytest.raises(NoAnswer):
                await breaker.call(work)
        assert len(calls) == 3
        await asyncio.sleep(1.1)  # the first pause
        results = await asyncio.gather(*(breaker.call(work) for _ in range(5)), return_exceptions=True)
        assert all(isinstance(result, NoAnswer) for result in results)
        assert len(calls) == 4
        answers = True
        await asyncio.sleep(2.1)  # the second, twice as long
        assert await breaker.call(work)
        assert await breaker.call(work)

    asyncio.run(use())


def test_an_error_of_the_caller_is_no_failure() -> None:
    async def wrong() -> None:
        raise KeyError("x")

    async def use() -> None:
        breaker = CircuitBreaker("it", 1, ())
        for _ in range(5):
            with pytest.raises(KeyError):
                await breaker.call(wrong)

    asyncio.run(use())
