"""Transcripts kept in a Redis that several replicas share; see hindi_stt.http.cache."""

from __future__ import annotations

from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hindi_stt.access.redis_pool import connection_pool
from hindi_stt.http.requests import log

__all__ = ["RedisStore"]

_PREFIX: Final = "hindi_stt:transcript:"


class RedisStore:
    """While the Redis does not answer, nothing is found."""

    def __init__(self, url: str, ttl_s: float) -> None:
        self._pool = connection_pool(url)
        self._redis = Redis(connection_pool=self._pool)
        self._ttl_ms = round(ttl_s * 1000)

    async def get(self, key: str) -> bytes | None:
        """The value, or None."""
        try:
            value = await self._redis.get(_PREFIX + key)
        except RedisError as error:
            log.warning("the cache does not answer: %s", error)
            return None
        return value.encode() if isinstance(value, str) else value

    async def put(self, key: str, value: bytes) -> None:
        """Keep it until its time is over."""
        try:
            await self._redis.set(_PREFIX + key, value, px=self._ttl_ms)
        except RedisError as error:
            log.warning("the cache takes nothing: %s", error)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._pool.aclose()
