"""Transcripts kept in a Redis that several replicas share; see hindi_stt.transcription.result_cache."""

from __future__ import annotations

import contextlib
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hindi_stt.storage.circuit_breaker import CircuitBreaker, NoAnswer
from hindi_stt.storage.redis_pool import connection_pool

__all__ = ["RedisStore"]

_PREFIX: Final = "hindi_stt:transcript:"
# A recording takes about as long to transcribe: a cache that needs more is no gain.
_BUDGET_S: Final = 0.05


class RedisStore:
    """Stores transcripts in Redis.

    While Redis does not answer, nothing is found. A call takes at most 50 ms, and few calls are made then.

    Args:
        url: Redis's URL.
        ttl_s: Seconds for which an entry is kept.
    """

    def __init__(self, url: str, ttl_s: float) -> None:
        self._pool = connection_pool(url)
        self._redis = Redis(connection_pool=self._pool)
        self._ttl_ms = round(ttl_s * 1000)
        self._breaker = CircuitBreaker("the Redis of the cache", _BUDGET_S, (RedisError,))

    async def get(self, key: str) -> bytes | None:
        """The value, or None."""
        try:
            value = await self._breaker.call(lambda: self._redis.get(_PREFIX + key))
        except NoAnswer:
            return None
        return value.encode() if isinstance(value, str) else value

    async def put(self, key: str, value: bytes) -> None:
        """Store an entry for the time to live.

        Args:
            key: Its key.
            value: Its value.
        """
        with contextlib.suppress(NoAnswer):
            await self._breaker.call(lambda: self._redis.set(_PREFIX + key, value, px=self._ttl_ms))

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()
