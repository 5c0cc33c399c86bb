"""Tasks that watch something for as long as a process lives: one that ends is logged and started again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from hindi_stt.observability.repeated_errors import RepeatedErrors

__all__ = ["lasting_task"]

log = logging.getLogger("hindi_stt")

_PAUSE_S: Final = 1.0


def lasting_task(what: str, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
    """Start work that is meant to go on until it is cancelled.

    Args:
        what: It does, for the log.
        work: Begun in a new task, and again a second after it has raised or returned.

    Returns:
        The task, to be cancelled at the end.
    """

    async def last() -> None:
        errors = RepeatedErrors()
        while True:
            try:
                await work()
                log.error("%s has ended, and is started again", what)
            except Exception as error:  # whatever it is, what is watched has to be watched on
                errors.log(error, "%s has failed, and is started again", what)
            await asyncio.sleep(_PAUSE_S)

    return asyncio.create_task(last(), name=what)
