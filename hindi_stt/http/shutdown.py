"""SIGTERM, but first: BentoML stops API and runner at once, and uvicorn closes WebSockets without asking."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Final

__all__ = ["LastRequest", "before_sigterm"]

# The API's canary comes every half second: a runner that has not seen it for so long is on its own.
_ALONE_S: Final = 1.2
_LONGEST_S: Final = 25.0


def before_sigterm(work: Callable[[], Awaitable[None]]) -> None:
    """Do the work when the signal comes, and then what would have been done without; call it in the event loop."""
    loop = asyncio.get_running_loop()
    usual = signal.getsignal(signal.SIGTERM)
    begun: list[asyncio.Future[None]] = []

    async def finish() -> None:
        try:
            await work()
        finally:
            if callable(usual):
                usual(signal.SIGTERM, None)

    def begin(_: int, __: FrameType | None) -> None:
        if not begun:  # a supervisor may ask twice
            begun.append(asyncio.run_coroutine_threadsafe(finish(), loop))  # type: ignore[arg-type]

    signal.signal(signal.SIGTERM, begin)


class LastRequest:
    """When a runner was last asked for something."""

    def __init__(self) -> None:
        self._at_s = time.monotonic()

    def note(self) -> None:
        """Now."""
        self._at_s = time.monotonic()

    async def wait_until_alone(self) -> None:
        """Until nobody asks any more."""
        end_s = time.monotonic() + _LONGEST_S
        while (rest_s := min(end_s, self._at_s + _ALONE_S) - time.monotonic()) > 0:  # noqa: ASYNC110  # it is time that is waited for
            await asyncio.sleep(rest_s)
