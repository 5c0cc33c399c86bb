"""Opens the database and the store of jobs in the background of the server's start, and retries until they answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final

import anyio
import anyio.to_thread

from hindi_stt.api.jobs.service import JobService
from hindi_stt.errors import HindiSTTError, JobsUnavailable
from hindi_stt.observability.request_context import log

__all__ = ["JobOpening"]

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 10.0
# A server that is ready takes jobs, too, unless their database is slower than this.
_START_WAITS_S: Final = 2.0
_UNANSWERED: Final = "The database of jobs has not answered yet."


class JobOpening:
    """The jobs of one API worker, as soon as their database answers; transcription does not wait for it.

    Args:
        open_jobs: Opens them; called in a thread. It raises HindiSTTError if it cannot.
        opened: Called once in the event loop, when they are open.
    """

    def __init__(self, open_jobs: Callable[[], JobService], opened: Callable[[], None] = lambda: None) -> None:
        self._open_jobs = open_jobs
        self._opened = opened
        self._jobs: JobService | None = None
        self._error = _UNANSWERED
        self._task: asyncio.Task[None] | None = None

    @property
    def jobs(self) -> JobService:
        """Return the jobs.

        Returns:
            The worker's jobs.

        Raises:
            JobsUnavailable: Their database does not answer yet.
        """
        if self._jobs is None:
            raise JobsUnavailable("The database of jobs does not answer.", retry_after_s=1)
        return self._jobs

    def report(self) -> dict[str, Any]:
        """For the body of GET /health: `status`, "healthy" or "unavailable", and in the second case `error`."""
        if self._jobs is not None:
            return {"status": "healthy"}
        return {"status": "unavailable", "error": self._error}

    async def start(self) -> None:
        """Begin to open them; returns when they are open, and otherwise after two seconds."""
        self._task = asyncio.create_task(self._open())
        await asyncio.wait([self._task], timeout=_START_WAITS_S)

    async def stop(self) -> None:
        """Close the database."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._jobs is not None:
            await self._jobs.close()

    async def _open(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                # A thread of its own: a database that takes connections and never answers must not hold a shared one.
                self._jobs = await anyio.to_thread.run_sync(
                    self._open_jobs, limiter=anyio.CapacityLimiter(1), abandon_on_cancel=True
                )
            except (HindiSTTError, OSError) as error:
                self._note_failure(error)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            else:
                self._opened()
                return

    def _note_failure(self, error: HindiSTTError | OSError) -> None:
        # Only the first line: the driver's further lines repeat the statement.
        reason = (error.message if isinstance(error, HindiSTTError) else str(error)).partition("\n")[0]
        if reason != self._error:
            log.error("jobs cannot be opened, and are tried again: %s", reason)
        self._error = reason
