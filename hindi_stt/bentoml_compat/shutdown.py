"""Who ends last: the runner answers until every API worker is gone.

BentoML ends all processes of a server at once, and deletes the runner's socket file first. A recording that is still
being heard has segments that are not at the runner yet. So an API worker holds a shared lock for as long as it lives,
whatever ends it, and the runner ends when it gets the lock for itself; and an API worker reaches the socket by a
descriptor, which outlives the file. Realtime connections get their last words before uvicorn, which would not ask,
closes them.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from bentoml.container import BentoMLContainer

from hindi_stt.processes.runtime_folder import API_WORKERS_LOCK

__all__ = ["before_sigterm", "end_after_api_workers", "keep_runner"]

_POLL_S: Final = 0.1


def keep_runner() -> None:
    """Called in an API worker before its first call: the runner goes on, and is reached, while this process lives."""
    fcntl.flock(_open(), fcntl.LOCK_SH)
    if sys.platform == "linux":
        addresses: dict[str, str] = BentoMLContainer.remote_runner_mapping.get()
        for runner, address in addresses.items():
            url = urlsplit(address)
            if url.scheme == "file":
                addresses[runner] = f"file:///proc/self/fd/{os.open(unquote(url.path), os.O_PATH)}"


def end_after_api_workers() -> None:
    """Called in the runner, by its event loop: SIGTERM waits until no API worker lives."""

    async def wait() -> None:
        lock = _open()
        while not _is_free(lock):  # noqa: ASYNC110  # the event is another process's end
            await asyncio.sleep(_POLL_S)

    before_sigterm(wait)


def before_sigterm(work: Callable[[], Awaitable[None]]) -> None:
    """Do the work when the signal comes, and then what would have been done without; call it in the event loop."""
    loop = asyncio.get_running_loop()
    usual = signal.getsignal(signal.SIGTERM)
    begun: list[asyncio.Task[None]] = []

    async def finish() -> None:
        try:
            await work()
        finally:
            if callable(usual):
                usual(signal.SIGTERM, None)

    def begin() -> None:
        if not begun:  # a supervisor may ask twice
            begun.append(loop.create_task(finish()))

    signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(begin))


def _open() -> int:
    """The server's lock file, in the folder that its processes share; open until the process ends."""
    return os.open(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"], API_WORKERS_LOCK), os.O_CREAT | os.O_RDWR, 0o600)


def _is_free(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
