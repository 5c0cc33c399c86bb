"""Rate limits of a client: requests a minute, seconds of audio an hour; in this process, or in Redis for several."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final, Literal

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError

from hindi_stt.errors import LimitsUnavailable, RateLimited
from hindi_stt.storage.circuit_breaker import CircuitBreaker, NoAnswer
from hindi_stt.storage.redis_pool import connection_pool

__all__ = ["Client", "RateLimits"]

_MS: Final = 1000
_SHORTEST_WAIT_S: Final = 0.001
# A Redis of one's own answers in a millisecond; a request must not wait for one that hangs.
_BUDGET_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class Client:
    """The client for which a request is counted.

    Attributes:
        name: Name of a key, or an address where there are no keys.
        requests_per_minute: Limit, 0 for none.
        audio_s_per_hour: Limit in seconds of audio, 0 for none.
        key_id: Id of its key, empty where there are no keys.
    """

    name: str
    requests_per_minute: int = 0
    audio_s_per_hour: float = 0.0
    key_id: str = ""


class RateLimits:
    """Counts in sliding windows.

    Args:
        url: Redis://… or rediss://…; empty: in this process alone.
        without_redis: Behaviour while that Redis does not answer: "refuse" clients with limits, or "count" in
            this process alone.
    """

    def __init__(self, url: str = "", without_redis: Literal["refuse", "count"] = "refuse") -> None:
        self._pool = connection_pool(url) if url else None
        storage = (
            RedisStorage(
                f"async+{url}",
                wrap_exceptions=True,
                implementation="redispy",
                key_prefix="hindi_stt",
                connection_pool=self._pool,  # type: ignore[arg-type]  # declared for plain values only
            )
            if self._pool
            else MemoryStorage()
        )
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._breaker = CircuitBreaker("the Redis of the rate limits", _BUDGET_S, (StorageError,)) if url else None
        self._spare = SlidingWindowCounterRateLimiter(MemoryStorage()) if without_redis == "count" else None

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self._pool:
            await self._pool.aclose()

    async def count_request(self, client: Client) -> None:
        """Count a request.

        Raises:
            RateLimited: It is above the client's limit, and is not counted.
            LimitsUnavailable: Redis does not answer.
        """
        if limit := client.requests_per_minute:
            item = RateLimitItemPerMinute(limit, namespace="requests")
            await self._count(item, client, 1, f"{limit} requests a minute")

    async def count_audio(self, client: Client, duration_s: float) -> None:
        """Count seconds of audio against the client's hourly limit.

        Args:
            client: The client.
            duration_s: Seconds of audio.

        Raises:
            RateLimited: The limit would be exceeded; the seconds are not counted.
            LimitsUnavailable: Redis does not answer.
        """
        limit_s, cost = client.audio_s_per_hour, round(duration_s * _MS)
        if limit_s and cost:
            item = RateLimitItemPerHour(max(1, round(limit_s * _MS)), namespace="audio_ms")
            await self._count(item, client, cost, f"{limit_s:g} s of audio an hour")

    async def _count(self, item: RateLimitItem, client: Client, cost: int, limit: str) -> None:
        if self._breaker is None:
            wait_s = await _wait_s(self._limiter, item, client, cost)
        else:
            try:
                wait_s = await self._breaker.call(lambda: _wait_s(self._limiter, item, client, cost))
            except NoAnswer as error:
                if self._spare is None:
                    message = "The store of the rate limits does not answer."
                    raise LimitsUnavailable(message, retry_after_s=1) from error
                wait_s = await _wait_s(self._spare, item, client, cost)
        if wait_s is not None:
            raise RateLimited(f"{client.name} has reached the limit of {limit}.", retry_after_s=wait_s)


async def _wait_s(
    limiter: SlidingWindowCounterRateLimiter, item: RateLimitItem, client: Client, cost: int
) -> float | None:
    """Count a use; return None within the limit, else the seconds until it may be allowed again."""
    if await limiter.hit(item, client.name, cost=cost):
        return None
    reset_s, _ = await limiter.get_window_stats(item, client.name)
    return max(reset_s - time.time(), _SHORTEST_WAIT_S)  # the window may have ended since it was asked for
