"""Job workers beside a server: started with it, started again when they end, ended with it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import sys
from pathlib import Path
from typing import Final

from hindi_stt.concurrency.background_tasks import lasting_task
from hindi_stt.concurrency.surviving import Surviving
from hindi_stt.processes.watchdog import Watchdog

__all__ = ["Workers"]

log = logging.getLogger("hindi_stt")

_POLL_S: Final = 1.0
_PAUSE_S: Final = 1.0
_END_S: Final = 5.0


class Workers:
    """Of the API workers of one server, the one that holds the lock has the job workers. bundle: the model's folder."""

    def __init__(self, n: int, lock: Path, bundle: Path) -> None:
        self._n = n
        self._lock = lock
        self._command = [sys.executable, "-m", "hindi_stt.cli.jobs", "--bundle", str(bundle)]
        self._processes: set[asyncio.subprocess.Process] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._keep())

    async def stop(self) -> None:
        """End them; what they were at waits for the next."""
        if self._task is not None:
            self._task.cancel()
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        for process in self._processes:
            try:
                async with asyncio.timeout(_END_S):
                    await process.wait()
            except TimeoutError:
                process.kill()

    async def _keep(self) -> None:
        lock_file = None
        surviving = Surviving("the start of job workers")
        while lock_file is None:
            with surviving.round():
                lock_file = self._lock.open("w")  # a name on a tmpfs
            if lock_file is None:
                await asyncio.sleep(_PAUSE_S)
        with lock_file as lock:
            while not _taken(lock.fileno()):  # noqa: ASYNC110  # the event is another process's end
                await asyncio.sleep(_POLL_S)
            watchdog = Watchdog(lambda pid: log.error("killed the job worker %d, which hung", pid), "job")
            watching = lasting_task("the watch over the job workers", watchdog.watch)
            try:
                await asyncio.gather(*(self._keep_one() for _ in range(self._n)))
            finally:
                watching.cancel()

    async def _keep_one(self) -> None:
        surviving = Surviving("the start of a job worker")
        while True:
            with surviving.round():
                process = await asyncio.create_subprocess_exec(*self._command)
                self._processes.add(process)
                log.warning("a job worker has ended (%d) and is started again", await process.wait())
                self._processes.discard(process)
            await asyncio.sleep(_PAUSE_S)


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
