"""Coroutines from code that has no event loop: one loop for each thread, since making one takes half a millisecond."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["run_in_own_loop"]

T = TypeVar("T")


class _Loop:
    """The event loop of one thread, closed when the thread ends."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # the interpreter may be ending
            self.runner.close()


class _Loops(threading.local):
    def __init__(self) -> None:
        self.own = _Loop()


_loops = _Loops()


def run_in_own_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in this thread's own event loop.

    Args:
        work: The coroutine.

    Returns:
        What it returns.

    Raises:
        RuntimeError: An event loop is running in this thread.
    """
    return _loops.own.runner.run(work)
