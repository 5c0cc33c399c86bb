"""Writes the events of a worker's calls to a Redis that may go away and come back, with or without its data."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from hindi_stt.protocols.calls.feed import ENDED, KEPT_S, MAX_EVENTS, STARTED, CallEvent

__all__ = ["HEARTBEAT_EXPIRES_S", "HEARTBEAT_S", "CallKeys", "RedisWriter"]

log = logging.getLogger("hindi_stt")

HEARTBEAT_S: Final = 10.0
"""How often a worker says that its calls are live."""
HEARTBEAT_EXPIRES_S: Final = 45.0
"""How long a call counts as live without that."""
_PREFIX: Final = "hindi_stt_calls"
_MAX_PARTIALS: Final = 8
_KEPT_S: Final = int(KEPT_S)
# Events that wait: while Redis is away, the lasting ones of a hundred calls for some minutes.
_MAX_WAITING: Final = 5_000
_MAX_BATCH: Final = 100
_RETRY_S: Final = 1.0
_CLOSE_S: Final = 2.0
# A call begins without an id that is known to be its own rather than late.
_RESERVE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class CallKeys:
    """The keys of a call.

    Args:
        owner: Whose it is.
        call_id: Its id.
    """

    owner: str
    call_id: str

    @property
    def live(self) -> str:
        """The sorted set of the owner's live calls."""
        return f"{_PREFIX}:{self.owner}"

    @property
    def first(self) -> str:
        """The first event."""
        return f"{_PREFIX}:{self.owner}:{self.call_id}:first"

    @property
    def lasting(self) -> str:
        """The stream of lasting events."""
        return f"{_PREFIX}:{self.owner}:{self.call_id}:lasting"

    @property
    def partials(self) -> str:
        """The stream of partials."""
        return f"{_PREFIX}:{self.owner}:{self.call_id}:partials"


@dataclass(slots=True)
class _Live:
    """A live call: its first event as JSON, and how many lasting ones it has had."""

    first: str
    n_lasting: int = 0


@dataclass(frozen=True, slots=True)
class _Item:
    """An event to write. number: of the lasting ones; None for a partial."""

    keys: CallKeys
    event: CallEvent
    number: int | None


class RedisWriter:
    """Writes events in order. Needs a running event loop.

    Args:
        redis: A client of `redis.asyncio`.
        lost: Is called for each event that Redis did not take.
    """

    def __init__(self, redis: Any, lost: Callable[[], None]) -> None:
        self._redis = redis
        self._lost = lost
        self._live: dict[CallKeys, _Live] = {}
        self._queue: asyncio.Queue[_Item] = asyncio.Queue(_MAX_WAITING)
        self._writing: list[_Item] = []
        self._answers = True
        self._tasks = [asyncio.get_running_loop().create_task(work) for work in (self._write(), self._beat())]

    async def reserve(self, keys: CallKeys) -> bool:
        """Take the id of a call; see `CallFeed.reserve`."""
        if not self._answers:
            return True
        try:
            async with asyncio.timeout(_RESERVE_S):
                now_s = time.time()
                if await self._redis.zadd(keys.live, {keys.call_id: now_s}, nx=True):
                    return True
                heartbeat = await self._redis.zscore(keys.live, keys.call_id)
                if heartbeat is not None and float(heartbeat) > now_s - HEARTBEAT_EXPIRES_S:
                    return False
                await self._redis.zadd(keys.live, {keys.call_id: now_s})
                return True
        except Exception as error:  # noqa: BLE001  # a call is taken whatever happens to its events
            self._note(answers=False, reason=str(error))
            return True

    async def release(self, keys: CallKeys) -> None:
        """Give the id of a call back that does not begin."""
        with contextlib.suppress(Exception):  # it counts as ended soon
            async with asyncio.timeout(_RESERVE_S):
                await self._redis.zrem(keys.live, keys.call_id)

    def begin(self, keys: CallKeys, event: CallEvent) -> None:
        """Begin a call.

        Args:
            keys: Of the call.
            event: Its first event.
        """
        self._live[keys] = _Live(json.dumps(event, ensure_ascii=False))
        self.put(keys, event, lasting=True)

    def put(self, keys: CallKeys, event: CallEvent, *, lasting: bool) -> None:
        """Add an event. While Redis does not answer, partials are not kept: they are of no use when it answers again.

        Args:
            keys: Of the call; nothing happens where it is not live.
            event: The event.
            lasting: Whether it is kept for who comes later; otherwise it is a partial.
        """
        call = self._live.get(keys)
        if call is None:
            return
        number = call.n_lasting if lasting else None
        call.n_lasting += lasting
        if self._queue.full() or not (lasting or self._answers):
            self._lost()
        else:
            self._queue.put_nowait(_Item(keys, event, number))
        if event["type"] == ENDED:
            del self._live[keys]

    async def close(self) -> None:
        """Write what waits, if Redis answers, and end."""
        self._tasks[1].cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S if self._answers else 0):
                await self._queue.join()
        self._tasks[0].cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for _ in range(len(self._writing) + self._queue.qsize()):
            self._lost()

    async def _write(self) -> None:
        while True:
            self._writing = [await self._queue.get()]
            while not self._queue.empty() and len(self._writing) < _MAX_BATCH:
                self._writing.append(self._queue.get_nowait())
            n_taken = len(self._writing)
            while self._writing and not await self._written():  # noqa: ASYNC110  # it is another process's
                await asyncio.sleep(_RETRY_S)
            for _ in range(n_taken):
                self._queue.task_done()

    async def _written(self) -> bool:
        """Whether nothing of what is being written is left to be tried again."""
        try:
            if not self._answers:
                await self._tell_live()
            await self._write_all(self._writing)
        except Exception as error:  # noqa: BLE001  # whatever it is, later events are written
            self._note(answers=False, reason=str(error))
            for item in self._writing:
                if item.number is None:
                    self._lost()
            self._writing = [item for item in self._writing if item.number is not None]
            return False
        self._note(answers=True)
        self._writing = []
        return True

    async def _write_all(self, items: list[_Item]) -> None:
        """Write events; raises where Redis does not answer, and counts what it refuses."""
        from redis.exceptions import ResponseError

        n_commands = []
        async with self._redis.pipeline(transaction=False) as commands:
            for item in items:
                before = len(commands)
                self._add(commands, item)
                n_commands.append(len(commands) - before)
            results = await commands.execute(raise_on_error=False)
        for n in n_commands:
            answers, results = results[:n], results[n:]
            errors = [answer for answer in answers if isinstance(answer, Exception)]
            if any(not isinstance(error, ResponseError) for error in errors):
                raise next(error for error in errors if not isinstance(error, ResponseError))
            if errors:
                log.warning("the Redis of calls refuses an event: %s", errors[0])
                self._lost()

    def _add(self, commands: Any, item: _Item) -> None:
        """Add the commands that write an event."""
        keys, event = item.keys, item.event
        body = {"event": json.dumps(event, ensure_ascii=False)}
        if item.number is None:
            commands.xadd(keys.partials, body, maxlen=_MAX_PARTIALS)
            commands.expire(keys.partials, _KEPT_S)
            return
        if event["type"] == STARTED:
            commands.delete(keys.lasting, keys.partials)
            commands.set(keys.first, body["event"], ex=_KEPT_S)
        commands.xadd(keys.lasting, body | {"n": str(item.number)}, maxlen=MAX_EVENTS, approximate=True)
        commands.expire(keys.lasting, _KEPT_S)
        if event["type"] == ENDED:
            commands.zrem(keys.live, keys.call_id)
            commands.expire(keys.first, _KEPT_S)
        else:
            commands.zadd(keys.live, {keys.call_id: time.time()})

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S if self._answers else _RETRY_S)
            try:
                await self._tell_live()
                self._note(answers=True)
            except Exception as error:  # noqa: BLE001  # whatever it is, it is tried again
                self._note(answers=False, reason=str(error))

    async def _tell_live(self) -> None:
        """Say that this worker's calls are live, also to a Redis that has lost what it held."""
        async with self._redis.pipeline(transaction=False) as commands:
            for keys, call in self._live.items():
                commands.zadd(keys.live, {keys.call_id: time.time()})
                commands.expire(keys.live, _KEPT_S)
                commands.set(keys.first, call.first, ex=_KEPT_S)
                commands.expire(keys.lasting, _KEPT_S)
            await commands.execute()

    def _note(self, *, answers: bool, reason: str = "") -> None:
        if answers != self._answers:
            log.warning("the Redis of calls %s", "answers again" if answers else f"does not answer: {reason}")
        self._answers = answers
