"""The events of calls in a Redis, so that a listener may ask any API worker, of any server.

A call is two streams, of lasting events and of the latest partials, and its first event by itself, with a time after
which Redis forgets them. A sorted set for each owner has the calls that are live, with the time when their worker was
last heard of.

While Redis does not answer, lasting events wait (`redis_writer`). A Redis that has lost what it held is told again
which calls are live.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any, Final

from hindi_stt.errors import CallNotFound, CallsUnavailable
from hindi_stt.protocols.calls.feed import ENDED, TICK_S, CallEvent
from hindi_stt.protocols.calls.redis_writer import HEARTBEAT_EXPIRES_S, HEARTBEAT_S, CallKeys, RedisWriter
from hindi_stt.storage.redis_pool import connection_pool

__all__ = ["RedisFeed"]

_BLOCK_MS: Final = 1_000
_MAX_FOLLOWERS: Final = 256
# A live call's worker is heard of again so soon after Redis has come back.
_LEAST_QUIET_S: Final = 1.5 * HEARTBEAT_S


class RedisFeed:
    """The calls of all workers that share a Redis.

    Args:
        url: Redis://… or rediss://….
        lost: Is called for each event that Redis did not take.
    """

    def __init__(self, url: str, lost: Callable[[], None] = lambda: None) -> None:
        from redis.asyncio import Redis

        self._pools = [connection_pool(url), connection_pool(url, max_connections=_MAX_FOLLOWERS)]
        self._writer = RedisWriter(Redis(connection_pool=self._pools[0]), lost)
        # Any: its annotations hold every form that answers may have.
        self._reading: Any = Redis(connection_pool=self._pools[1])
        self._closing = False

    async def reserve(self, owner: str, call_id: str) -> bool:
        """See `CallFeed.reserve`; True where Redis does not answer."""
        return await self._writer.reserve(CallKeys(owner, call_id))

    async def release(self, owner: str, call_id: str) -> None:
        """See `CallFeed.release`."""
        await self._writer.release(CallKeys(owner, call_id))

    def begin(self, owner: str, call_id: str, event: CallEvent) -> None:
        """See `CallFeed.begin`."""
        self._writer.begin(CallKeys(owner, call_id), event)

    def publish(self, owner: str, call_id: str, event: CallEvent, *, lasting: bool) -> None:
        """See `CallFeed.publish`."""
        self._writer.put(CallKeys(owner, call_id), event, lasting=lasting)

    async def calls(self, owner: str) -> list[CallEvent]:
        """See CallFeed; raises CallsUnavailable where Redis does not answer."""
        live = CallKeys(owner, "").live
        with _unavailable():
            ids = await self._reading.zrangebyscore(live, time.time() - HEARTBEAT_EXPIRES_S, "+inf")
            keys = [CallKeys(owner, call_id.decode()).first for call_id in ids]
            first = await self._reading.mget(keys) if keys else []
        return sorted((json.loads(event) for event in first if event), key=lambda event: float(event.get("time", 0)))

    async def follow(self, owner: str, call_id: str) -> AsyncGenerator[CallEvent | None]:
        """See `CallFeed.follow`; raises CallsUnavailable where Redis does not answer."""
        keys = CallKeys(owner, call_id)
        with _unavailable():
            first = await self._reading.get(keys.first)
            if first is None and not await self._reading.exists(keys.lasting):
                raise CallNotFound(f"{owner} has no call {call_id[:64]!r}.")
            latest = await self._reading.xrevrange(keys.partials, count=1)
        seen = {keys.lasting: b"0", keys.partials: latest[0][0] if latest else b"0"}
        quiet_since_s = ticked_s = time.monotonic()
        unread = _Unread(keys.lasting)
        if first is not None:  # a Redis that has lost its data may have later events only
            unread.number = 0
            yield json.loads(first)
        while not self._closing:
            with _unavailable():
                answer = await self._reading.xread(seen, count=100, block=_BLOCK_MS)
                if not answer and await self._died(keys, time.monotonic() - quiet_since_s):
                    yield {"type": ENDED, "call": call_id, "reason": "lost"}
                    return
            for event in unread.of(answer, seen):
                yield event
                if event["type"] == ENDED:
                    return
            now_s = time.monotonic()
            if answer:
                quiet_since_s = ticked_s = now_s
            elif now_s - ticked_s > TICK_S:
                ticked_s = now_s
                yield None

    async def close(self) -> None:
        """See CallFeed; what waits to be written is written before."""
        self._closing = True
        await self._writer.close()
        for pool in self._pools:
            await pool.aclose()

    async def _died(self, keys: CallKeys, quiet_s: float) -> bool:
        """Whether the worker of a call has not been heard of for too long; quiet_s: seconds since the last event."""
        if quiet_s < _LEAST_QUIET_S:
            return False
        heartbeat = await self._reading.zscore(keys.live, keys.call_id)
        if heartbeat is None:
            return quiet_s > HEARTBEAT_EXPIRES_S
        return float(heartbeat) < time.time() - HEARTBEAT_EXPIRES_S


class _Unread:
    """The events of an answer that were not read before; one may be twice in Redis, which took it and did not say so.

    Args:
        lasting: The stream of lasting events.
    """

    def __init__(self, lasting: str) -> None:
        self._lasting = lasting
        self.number = -1

    def of(self, answer: list[Any], seen: dict[str, bytes]) -> Iterator[dict[str, Any]]:
        """Yield events, and note how far each stream has been read."""
        for stream, entries in answer:
            name = stream.decode()
            for entry_id, fields in entries:
                seen[name] = entry_id
                if name == self._lasting:
                    number = int(fields.get(b"n", self.number + 1))
                    if number <= self.number:
                        continue
                    self.number = number
                yield json.loads(fields[b"event"])


class _unavailable(contextlib.AbstractContextManager[None]):  # noqa: N801  # used as a function
    """Failures of Redis as CallsUnavailable."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from redis.exceptions import RedisError

        if isinstance(error, RedisError | OSError):
            raise CallsUnavailable("The Redis of calls does not answer.") from error
