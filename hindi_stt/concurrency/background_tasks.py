"""Background work that goes on for as long as a process lives: what fails is logged and tried again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from hindi_stt.observability.repeated_errors import RepeatedErrors

__all__ = ["repeat", "repeating_task"]

log = logging.getLogger("hindi_stt")

_PAUSE_S: Final = 1.0


async def repeat(what: str, work: Callable[[], Awaitable[None]], pause_s: float = _PAUSE_S) -> None:
    """Run work again and again until this coroutine is cancelled.

    Whatever work raises is logged, once a minute for each kind of error, and does not end the repetition. An OSError
    (no descriptors, no memory for a process, a full disk) is logged without its stack: its cause is outside of here.

    Args:
        what: Name of the work, for the log.
        work: One round.
        pause_s: Seconds between the end of a round, failed or not, and the start of the next.
    """
    errors = RepeatedErrors()
    while True:
        try:
            await work()
        except OSError as error:
            reason = str(error) or type(error).__name__
            errors.log(error, "%s failed, and is tried again: %s", what, reason, stack=False)
        except Exception as error:
            errors.log(error, "%s failed, and is tried again", what)
        await asyncio.sleep(pause_s)


def repeating_task(what: str, work: Callable[[], Awaitable[None]], pause_s: float = _PAUSE_S) -> asyncio.Task[None]:
    """Start a task that repeats work; see `repeat`.

    Args:
        what: Name of the work, for the log, and of the task.
        work: One round.
        pause_s: Seconds between two rounds.

    Returns:
        The task, to be cancelled at the end.
    """
    return asyncio.create_task(repeat(what, work, pause_s), name=what)
