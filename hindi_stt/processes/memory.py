"""Memory that a process has freed and the C library keeps."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import time
from typing import Final

from hindi_stt.concurrency.background_tasks import repeating_task

__all__ = ["MemoryReturn", "map_large_blocks", "return_free_memory"]

_INTERVAL_S: Final = 5.0
# Of the CPU time since the last time: a process that did nothing has freed nothing.
_LEAST_CPU_S: Final = 0.25
# M_MMAP_THRESHOLD of malloc.h, and the size from which a block is mapped by itself.
_MMAP_THRESHOLD: Final = -3
_LARGE_BLOCK: Final = 512 * 1024


def map_large_blocks() -> None:
    """Let each block of 512 KiB and more be mapped by itself, so that the system has it back as soon as it is freed.

    For a process whose requests hold audio for a moment. glibc begins so, but raises the size to that of the largest
    block that was ever freed, up to 32 MiB; audio then lies in the heaps of its threads, which keep it.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGE_BLOCK)


def return_free_memory() -> None:
    """Give the system back what the C library holds free between blocks in use: glibc does so at the heap's end only.

    For after work that needs much memory once, such as loading a model. Other C libraries have no such function.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _collect_and_return() -> None:
    """Free what only refers to itself, and return what is free.

    Python's collector counts objects, not bytes: a request leaves some fifty in cycles, which hold its audio, and it
    would look at them after a hundred requests. It visits nothing that was there at the start (`processes.garbage`).
    """
    gc.collect()
    return_free_memory()


class MemoryReturn:
    """Frees memory every few seconds in which the process has worked: 5 to 20 milliseconds each time, in a thread.

    What requests have freed lies between what others hold, and glibc would keep as much as most requests took at once.
    """

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._cpu_s = 0.0

    def start(self) -> None:
        """Start; needs a running event loop, and ends with it."""
        self._task = repeating_task("the return of free memory", self._return_once, _INTERVAL_S)

    async def _return_once(self) -> None:
        if time.process_time() - self._cpu_s >= _LEAST_CPU_S:
            await asyncio.to_thread(_collect_and_return)
            self._cpu_s = time.process_time()
