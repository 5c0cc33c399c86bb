"""Runs several tasks concurrently, and cancels them together."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

__all__ = ["cancel_and_wait", "run_together"]

T = TypeVar("T")


async def run_together(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Run several coroutines concurrently.

    Unlike with `asyncio.gather`, where one raises or the caller is cancelled the others are cancelled and have ended
    when this returns: what they use may be closed then.

    Args:
        works: Coroutines to run as tasks.

    Returns:
        Their results, in their order.

    Raises:
        Exception: Whatever the first of them raises.
    """
    tasks = [asyncio.create_task(work) for work in works]
    try:
        return await asyncio.gather(*tasks)
    finally:
        await cancel_and_wait(*tasks)


async def cancel_and_wait(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel tasks and wait until they have ended; their errors are dropped.

    Args:
        *tasks: The tasks; None and ended tasks are ignored.
    """
    there = [task for task in tasks if task is not None]
    for task in there:
        task.cancel()
    await asyncio.gather(*there, return_exceptions=True)
