"""Order of shutdown: the runner answers until every API worker has ended.

What: lock files and signal handlers in addition to BentoML's, and another address of the runner in its map. Why:
BentoML ends all processes of a server at once, and deletes the runner's socket file first, while recordings still have
segments that are not at the runner yet. So an API worker holds a shared lock for as long as it lives, whatever ends it;
the runner ends when it gets the lock for itself; and an API worker reaches the socket by a descriptor, which outlives
the file. Realtime connections get their last events before uvicorn, which would not wait for them, closes them.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import unquote, urlsplit

from hindi_stt.bentoml_compat.runtime_dir import runtime_dir
from hindi_stt.concurrency.file_locks import try_lock
from hindi_stt.processes.runtime_folder import API_WORKERS_LOCK

__all__ = ["before_sigterm", "end_after_api_workers", "keep_runner"]

_POLL_S: Final = 0.1


def keep_runner() -> None:
    """Keep the runner running and within reach while this process lives; for an API worker, before its first call."""
    from bentoml.container import BentoMLContainer

    fcntl.flock(_open(), fcntl.LOCK_SH)
    if sys.platform == "linux":
        addresses: dict[str, str] = BentoMLContainer.remote_runner_mapping.get()
        for runner, address in addresses.items():
            url = urlsplit(address)
            if url.scheme == "file":
                addresses[runner] = f"file:///proc/self/fd/{os.open(unquote(url.path), os.O_PATH)}"


def end_after_api_workers() -> None:
    """Have SIGTERM wait until no API worker lives; for the runner, in its event loop."""

    async def wait() -> None:
        lock = _open()
        while not try_lock(lock):  # noqa: ASYNC110  # the event is another process's end
            await asyncio.sleep(_POLL_S)

    before_sigterm(wait)


def before_sigterm(work: Callable[[], Awaitable[None]]) -> None:
    """Do some work when SIGTERM comes, and then what would have been done without; to be called in the event loop.

    Args:
        work: Begun once, however often the signal comes.
    """
    loop = asyncio.get_running_loop()
    previous = signal.getsignal(signal.SIGTERM)
    begun: list[asyncio.Task[None]] = []

    async def finish() -> None:
        try:
            await work()
        finally:
            if callable(previous):
                previous(signal.SIGTERM, None)

    def begin() -> None:
        if not begun:  # a supervisor may ask twice
            begun.append(loop.create_task(finish()))

    signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(begin))


def _open() -> int:
    """Open the server's lock file, until the process ends."""
    return os.open(runtime_dir() / API_WORKERS_LOCK, os.O_CREAT | os.O_RDWR, 0o600)
