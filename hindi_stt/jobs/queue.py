"""The queue that wakes workers: huey, in SQLite or in Redis.

An order says "hear the next file" and not which: the records decide that. An order that is lost, with a worker that was
killed or a Redis that forgot it, is put in again by `top_up`; one too many finds nothing to do.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from huey import RedisHuey, SqliteHuey
from huey.consumer import Consumer
from huey.registry import Message
from huey.serializer import Serializer
from redis import ConnectionPool
from redis.exceptions import RedisError

__all__ = ["JobQueue"]

log = logging.getLogger("hindi_stt")

_NAME: Final = "hindi_stt_jobs"
# Orders that wait at a time: enough for the workers of many machines, however many files there are.
_MOST: Final = 64
_LONGEST_SLEEP_S: Final = 1.0
_TIMEOUT_S: Final = 5.0


class _Json(Serializer):  # type: ignore[misc]  # huey has no types
    """Orders as JSON: the default, pickle, would run what somebody else has written into the Redis."""

    def _serialize(self, data: Message) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> Message:
        return Message(*json.loads(data))


class JobQueue:
    """url: redis://…; empty: `queue.db` in the folder. hear_next: what an order asks for; only workers need it."""

    def __init__(self, url: str, folder: Path, hear_next: Callable[[], None] = lambda: None) -> None:
        common: dict[str, Any] = {"results": False, "serializer": _Json()}
        if url:
            pool = ConnectionPool.from_url(url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S)
            self._huey = RedisHuey(_NAME, connection_pool=pool, **common)
        else:
            self._huey = SqliteHuey(_NAME, filename=str(folder / "queue.db"), fsync=False, **common)

        def order() -> None:
            hear_next()

        self._order = self._huey.task(name="hear_next")(order)

    def wake(self, n: int = 1) -> None:
        """Put in so many orders; where the queue cannot be reached, `top_up` does it later."""
        try:
            for _ in range(n):
                self._order()
        except (RedisError, sqlite3.Error, OSError) as error:
            log.warning("the queue of jobs does not answer: %s", error)

    def top_up(self, n_waiting: int) -> None:
        """As many orders as files wait, up to a bound."""
        try:
            n = min(n_waiting, _MOST) - self._huey.pending_count()
        except (RedisError, sqlite3.Error, OSError) as error:
            log.warning("the queue of jobs does not answer: %s", error)
            return
        self.wake(n)

    def work(self) -> None:
        """Carry out orders until a signal ends it; in the process's main thread."""
        logging.getLogger("huey.consumer").addFilter(_in_one_line)
        Consumer(self._huey, workers=1, periodic=False, max_delay=_LONGEST_SLEEP_S, scheduler_interval=60).run()


def _in_one_line(record: logging.LogRecord) -> bool:
    """A Redis that is away for a while need not fill the log with tracebacks."""
    if record.exc_info and isinstance(record.exc_info[1], RedisError):
        record.msg, record.exc_info = f"{record.msg}: {record.exc_info[1]}", None
    return True
