"""Wakes idle job workers when files wait.

The records are the queue: a worker that has nothing to do looks into them again after a pause. With a Redis, which the
workers of several machines share, the pause ends as soon as a job arrives. A message says "look again", and not at
which file: one that gets lost costs a pause, and one too many a look.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["Wakeups"]

log = logging.getLogger("hindi_stt")

_KEY: Final = "hindi_stt_jobs.wakeups"
# Messages that wait at a time: enough for the workers of many machines, however many files there are.
_MAX_MESSAGES: Final = 64
_PAUSE_S: Final = 0.5
# Before version 6, Redis takes whole seconds.
_REDIS_PAUSE_S: Final = 1
_TIMEOUT_S: Final = 5.0


class Wakeups:
    """The pauses of idle workers, and what ends them.

    Args:
        redis_url: Redis://… or rediss://…; empty: pauses end by themselves only.
    """

    def __init__(self, redis_url: str) -> None:
        self._redis = _connected(redis_url) if redis_url else None
        self._answers = True

    def notify(self, n_files: int) -> None:
        """Say that files wait.

        Args:
            n_files: How many; so many idle workers look for one.
        """
        if self._redis is not None:
            self._ask(partial(_push, self._redis, min(n_files, _MAX_MESSAGES)))

    def wait(self) -> None:
        """Return when a file may be waiting: after a message, or a pause."""
        if self._redis is None or not self._ask(partial(self._redis.blpop, [_KEY], timeout=_REDIS_PAUSE_S)):
            time.sleep(_PAUSE_S)

    def _ask(self, command: Callable[[], object]) -> bool:
        """Send a command to the Redis; whether it answered."""
        from redis.exceptions import RedisError

        try:
            command()
        except (RedisError, OSError) as error:
            if self._answers:
                log.warning("the Redis that wakes job workers does not answer: %s", error)
            self._answers = False
            return False
        if not self._answers:
            log.warning("the Redis that wakes job workers answers again")
        self._answers = True
        return True


def _push(redis: Redis, n: int) -> None:
    with redis.pipeline() as commands:
        commands.rpush(_KEY, *[b""] * n)
        commands.ltrim(_KEY, -_MAX_MESSAGES, -1)
        commands.execute()


def _connected(url: str) -> Redis:
    from redis import Redis  # half a second, of which most servers have no use

    return Redis.from_url(url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S)
