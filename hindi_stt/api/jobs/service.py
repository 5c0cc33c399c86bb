"""The state that requests about jobs share in one API worker."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import BinaryIO, Final, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request

from hindi_stt.access.limits import Client
from hindi_stt.api.error_responses import state_of
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.concurrency.threads import run_to_end
from hindi_stt.errors import HindiSTTError, JobsUnavailable
from hindi_stt.jobs.backend import Backend
from hindi_stt.jobs.records import NewJob
from hindi_stt.jobs.wakeups import Wakeups
from hindi_stt.settings import Settings

__all__ = ["JobService", "owner_of"]

T = TypeVar("T")

# Whose jobs are whose is known by keys alone.
_EVERYBODY: Final = "everybody"


def owner_of(client: Client, settings: Settings) -> str:
    """Say whose the jobs of a client are.

    Args:
        client: The client.
        settings: The server's.

    Returns:
        The name of its key; the same name for everybody where there are no keys.
    """
    return client.name if settings.key_file else _EVERYBODY


class JobService:
    """The jobs of one API worker.

    Args:
        backend: Their database and folders.
        wakeups: Wakes workers when there are new files.
        recognizer: Parses options, and holds the settings.
    """

    def __init__(self, backend: Backend, wakeups: Wakeups, recognizer: Recognizer) -> None:
        self.backend = backend
        self.records = backend.records
        self.recognizer = recognizer
        self.settings = recognizer.settings
        self._wakeups = wakeups

    def owner(self, request: Request) -> str:
        """Whose jobs the request is about."""
        return owner_of(state_of(request).client, self.settings)

    async def ask(self, work: Callable[[], T]) -> T:
        """Run work on the database and the disk outside the event loop; see `run_to_end`.

        Args:
            work: The work.

        Returns:
            Its result.

        Raises:
            JobsUnavailable: The database does not answer.
        """
        try:
            return await run_to_end(work)
        except SQLAlchemyError as error:
            raise JobsUnavailable("The database of jobs does not answer.") from error

    async def create(self, job: NewJob, audio: Iterable[tuple[int, BinaryIO]]) -> str:
        """Create a job; when this returns, the job and its audio are durable.

        Args:
            job: The job.
            audio: Positions of files in the job, and their recordings.

        Returns:
            The job's id, or that of the job which the same request created before.
        """

        def keep() -> str:
            n_bytes = n = 0
            try:
                for position, file in audio:
                    n_bytes += self.backend.audio.put(job.id, position, file)
                    n += 1
                if n:
                    self.backend.audio.settle(job.id)
                job_id = self.records.create(replace(job, audio_bytes=n_bytes))
            except (HindiSTTError, OSError):  # refused; where the database does not answer, the row may be there
                self.backend.audio.delete(job.id)
                raise
            if job_id != job.id:  # the same request has been here before
                self.backend.audio.delete(job.id)
            self._wakeups.notify(len(job.files))
            return job_id

        return await self.ask(keep)

    async def close(self) -> None:
        """Close the database."""
        await run_to_end(self.records.close)
