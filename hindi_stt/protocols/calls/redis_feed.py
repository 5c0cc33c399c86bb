"""The events of calls in a Redis, so that a listener may ask any API worker, of any server.

A call is two streams, of lasting events and of the latest partials, with a time after which Redis forgets them. A
sorted set for each owner has the calls that are live, with the time when their worker was last heard of.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any, Final

from hindi_stt.errors import CallNotFound, CallsUnavailable
from hindi_stt.protocols.calls.feed import ENDED, KEPT_S, MAX_EVENTS, TICK_S, CallEvent
from hindi_stt.storage.redis_pool import connection_pool

__all__ = ["RedisFeed"]

log = logging.getLogger("hindi_stt")

_PREFIX: Final = "hindi_stt_calls"
_MAX_PARTIALS: Final = 8
# How often a worker renews its heartbeat, and after how long its calls count as ended without one.
_HEARTBEAT_S: Final = 10.0
_HEARTBEAT_EXPIRES_S: Final = 45.0
_KEPT_S: Final = int(KEPT_S)
_BLOCK_MS: Final = 1_000
_MAX_WAITING: Final = 5_000
_MAX_FOLLOWERS: Final = 256


class RedisFeed:
    """The calls of all workers that share a Redis.

    Args:
        url: Redis://… or rediss://….
        lost: Is called for each event that Redis did not take.
    """

    def __init__(self, url: str, lost: Callable[[], None] = lambda: None) -> None:
        from redis.asyncio import Redis

        self._pools = [connection_pool(url), connection_pool(url, max_connections=_MAX_FOLLOWERS)]
        # Any: its annotations hold every form that answers may have.
        self._writing: Any = Redis(connection_pool=self._pools[0])
        self._reading: Any = Redis(connection_pool=self._pools[1])
        self._lost = lost
        self._live: set[tuple[str, str]] = set()
        self._queue: asyncio.Queue[tuple[str, str, CallEvent, bool]] = asyncio.Queue(_MAX_WAITING)
        self._closing = False
        self._answers = True
        self._writer = asyncio.get_running_loop().create_task(self._write())
        self._beats = asyncio.get_running_loop().create_task(self._beat())

    def begin(self, owner: str, call_id: str, event: CallEvent) -> None:
        """See `CallFeed.begin`."""
        self._live.add((owner, call_id))
        self._put(owner, call_id, event, lasting=True)

    def publish(self, owner: str, call_id: str, event: CallEvent, *, lasting: bool) -> None:
        """See `CallFeed.publish`."""
        if event["type"] == ENDED:
            self._live.discard((owner, call_id))
        self._put(owner, call_id, event, lasting=lasting)

    def _put(self, owner: str, call_id: str, event: CallEvent, *, lasting: bool) -> None:
        try:
            self._queue.put_nowait((owner, call_id, event, lasting))
        except asyncio.QueueFull:
            self._lost()

    async def calls(self, owner: str) -> list[CallEvent]:
        """See CallFeed; raises CallsUnavailable where Redis does not answer."""
        with _unavailable():
            ids = await self._reading.zrangebyscore(f"{_PREFIX}:{owner}", time.time() - _HEARTBEAT_EXPIRES_S, "+inf")
            first = [await self._reading.xrange(_lasting(owner, call_id.decode()), count=1) for call_id in ids]
        found = [json.loads(entries[0][1][b"event"]) for entries in first if entries]
        return sorted(found, key=lambda event: float(event.get("time", 0)))

    async def follow(self, owner: str, call_id: str) -> AsyncGenerator[CallEvent | None]:
        """See `CallFeed.follow`; raises CallsUnavailable where Redis does not answer."""
        lasting, partials = _lasting(owner, call_id), _partials(owner, call_id)
        with _unavailable():
            if not await self._reading.exists(lasting):
                raise CallNotFound(f"{owner} has no call {call_id[:64]!r}.")
            latest = await self._reading.xrevrange(partials, count=1)
        seen = {lasting: b"0", partials: latest[0][0] if latest else b"0"}
        quiet_since_s = time.monotonic()
        while not self._closing:
            with _unavailable():
                answer = await self._reading.xread(dict(seen), count=100, block=_BLOCK_MS)
                if not answer and await self._died(owner, call_id):
                    yield {"type": ENDED, "call": call_id, "reason": "lost"}
                    return
            for name, entries in answer:
                for entry_id, fields in entries:
                    seen[name.decode()] = entry_id
                    event: dict[str, Any] = json.loads(fields[b"event"])
                    yield event
                    if event["type"] == ENDED:
                        return
            if answer:
                quiet_since_s = time.monotonic()
            elif time.monotonic() - quiet_since_s > TICK_S:
                quiet_since_s = time.monotonic()
                yield None

    async def close(self) -> None:
        """See CallFeed; what waits to be written is written before."""
        self._closing = True
        self._beats.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                await self._queue.join()
        self._writer.cancel()
        await asyncio.gather(self._writer, self._beats, return_exceptions=True)
        for pool in self._pools:
            await pool.aclose()

    async def _died(self, owner: str, call_id: str) -> bool:
        """Whether the worker of a call has not been heard of for too long."""
        heartbeat = await self._reading.zscore(f"{_PREFIX}:{owner}", call_id)
        return heartbeat is not None and float(heartbeat) < time.time() - _HEARTBEAT_EXPIRES_S

    async def _write(self) -> None:
        while True:
            items = [await self._queue.get()]
            while not self._queue.empty() and len(items) < 100:
                items.append(self._queue.get_nowait())
            try:
                await self._write_all(items)
                self._note(answers=True)
            except Exception as error:  # whatever it is, later events are written
                self._note(answers=False, reason=str(error))
                for _ in items:
                    self._lost()
            finally:
                for _ in items:
                    self._queue.task_done()

    async def _write_all(self, items: list[tuple[str, str, CallEvent, bool]]) -> None:
        async with self._writing.pipeline(transaction=False) as commands:
            for owner, call_id, event, lasting in items:
                stream = _lasting(owner, call_id) if lasting else _partials(owner, call_id)
                if event["type"] == "call.started":
                    commands.delete(stream, _partials(owner, call_id))
                bound = MAX_EVENTS if lasting else _MAX_PARTIALS
                body = {"event": json.dumps(event, ensure_ascii=False)}
                commands.xadd(stream, body, maxlen=bound, approximate=lasting)
                if event["type"] == ENDED:
                    commands.zrem(f"{_PREFIX}:{owner}", call_id)
                elif lasting:
                    commands.zadd(f"{_PREFIX}:{owner}", {call_id: time.time()})
                commands.expire(stream, _KEPT_S)
            await commands.execute()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(_HEARTBEAT_S)
            with contextlib.suppress(Exception):  # the writer reports it
                async with self._writing.pipeline(transaction=False) as commands:
                    for owner, call_id in self._live:
                        commands.zadd(f"{_PREFIX}:{owner}", {call_id: time.time()})
                        commands.expire(f"{_PREFIX}:{owner}", _KEPT_S)
                        commands.expire(_lasting(owner, call_id), _KEPT_S)
                    await commands.execute()

    def _note(self, *, answers: bool, reason: str = "") -> None:
        if answers != self._answers:
            log.warning("the Redis of calls %s", "answers again" if answers else f"does not answer: {reason}")
        self._answers = answers


def _lasting(owner: str, call_id: str) -> str:
    return f"{_PREFIX}:{owner}:{call_id}:lasting"


def _partials(owner: str, call_id: str) -> str:
    return f"{_PREFIX}:{owner}:{call_id}:partials"


class _unavailable(contextlib.AbstractContextManager[None]):  # noqa: N801  # used as a function
    """Failures of Redis as CallsUnavailable."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from redis.exceptions import RedisError

        if isinstance(error, RedisError | OSError):
            raise CallsUnavailable("The Redis of calls does not answer.") from error
