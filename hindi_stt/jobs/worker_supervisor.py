"""Supervises the job workers of a server: starts them with it, restarts those that end, and stops them with it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from pathlib import Path
from typing import Final

from hindi_stt.concurrency.background_tasks import repeat, repeating_task
from hindi_stt.concurrency.file_locks import try_lock
from hindi_stt.processes.watchdog import Watchdog

__all__ = ["Workers"]

log = logging.getLogger("hindi_stt")

_LOCK: Final = "job-workers.lock"
_POLL_S: Final = 1.0
_END_S: Final = 5.0


class Workers:
    """The job workers of one server, started by the one of its API workers that holds the lock.

    Args:
        n: How many.
        folder: Runtime folder of the server, with the lock file and the workers' heartbeats.
        bundle: Folder of the model.
    """

    def __init__(self, n: int, folder: Path, bundle: Path) -> None:
        self._n = n
        self._folder = folder
        self._command = [sys.executable, "-m", "hindi_stt.cli.jobs", "--bundle", str(bundle)]
        self._processes: set[asyncio.subprocess.Process] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._task = repeating_task("the start of job workers", self._keep)

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
        with (self._folder / _LOCK).open("w") as lock:
            while not try_lock(lock.fileno()):  # noqa: ASYNC110  # the event is another process's end
                await asyncio.sleep(_POLL_S)
            watchdog = Watchdog(self._folder, "job", lambda pid: log.error("killed the job worker %d, which hung", pid))
            watching = asyncio.create_task(watchdog.watch(), name="the watch over the job workers")
            try:
                await asyncio.gather(*(repeat("the start of a job worker", self._run_one) for _ in range(self._n)))
            finally:
                watching.cancel()

    async def _run_one(self) -> None:
        process = await asyncio.create_subprocess_exec(*self._command)
        self._processes.add(process)
        log.warning("a job worker has ended (%d) and is started again", await process.wait())
        self._processes.discard(process)
