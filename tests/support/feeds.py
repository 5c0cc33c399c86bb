"""Feeds of calls under test, and what goes through them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from hindi_stt.protocols.calls.feed import CallFeed

Make = Callable[[], CallFeed]
OWNER, CALL = "desk", "CA1"
STARTED = {"type": "call.started", "call": CALL, "time": 1.0}
ENDED = {"type": "call.ended", "call": CALL}


def final(n: int) -> dict[str, Any]:
    return {"type": "final", "call": CALL, "text": f"{n}"}


def run(make: Make, work: Callable[[CallFeed], Awaitable[None]]) -> None:
    async def bounded() -> None:
        feed = make()
        try:
            async with asyncio.timeout(60):
                await work(feed)
        finally:
            await feed.close()

    asyncio.run(bounded())


async def all_of(feed: CallFeed) -> list[Any]:
    return [event async for event in feed.follow(OWNER, CALL) if event is not None]


async def listed(feed: CallFeed, n: int) -> list[Any]:
    while len(found := list(await feed.calls(OWNER))) != n:  # noqa: ASYNC110  # it is another process's
        await asyncio.sleep(0.02)
    return found
