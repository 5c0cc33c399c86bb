"""Run several works side by side, none of which outlives the others' failure."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

__all__ = ["run_together"]

T = TypeVar("T")


async def run_together(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Run them side by side.

    Unlike with `asyncio.gather`, where one raises or the caller is cancelled the others are cancelled and have ended
    when this returns: what they use may be closed then.

    Args:
        works: To be run as tasks.

    Returns:
        Their results, in their order.

    Raises:
        Exception: Whatever the first of them raises.
    """
    tasks = [asyncio.create_task(work) for work in works]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
