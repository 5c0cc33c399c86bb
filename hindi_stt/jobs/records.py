"""Jobs as they are made, looked at, cancelled and deleted: every method is one transaction.

Longer than 300 lines: the transactions share their statements and are read together.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Engine, RowMapping, and_, case, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from hindi_stt.errors import HindiSTTError, JobNotFound, TooManyJobs
from hindi_stt.jobs.stored import check_stored
from hindi_stt.jobs.tables import OPEN, close_if_ended, files, job_audio, jobs, uploads, waiting_files, when_finished

__all__ = ["JobRecords", "NewFile", "NewJob"]

_INSERT_AT_ONCE: Final = 1000
# Old builds of SQLite take 999 parameters in a statement.
_ASK_AT_ONCE: Final = 500
_DAY_S: Final = 86_400.0


def _new_id() -> str:
    """32 hexadecimal digits that begin with the time, so that a folder without a row shows its age."""
    return f"{int(time.time()):08x}{secrets.token_hex(12)}"


def _made_s(job_id: str) -> float:
    try:
        return int(job_id[:8], 16)
    except ValueError:
        return time.time()


@dataclass(frozen=True, slots=True)
class NewFile:
    """One file of a job that is made.

    Attributes:
        name: The sender's name of it.
        reference: URL of its audio; empty if it is in the store of audio.
        raw: Form of headerless audio as JSON; empty where the file has a header.
        error: Why it has failed already.
    """

    name: str
    reference: str = ""
    raw: str = ""
    error: HindiSTTError | None = None


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be created.

    Attributes:
        owner: Name of the client.
        options: JSON that the worker parses.
        files: Its recordings.
        id: Its id.
        request_key: Equal for requests that are repeated; None for none.
        webhook_url: Where its end is reported; empty for none.
        webhook_secret: Key of the webhook's signature.
        uploads: Ids of the resumable uploads that it uses.
        audio_bytes: Total size of its recordings.
    """

    owner: str
    options: str
    files: Sequence[NewFile]
    id: str = field(default_factory=_new_id)
    request_key: str | None = None
    webhook_url: str = ""
    webhook_secret: str = ""
    uploads: Sequence[str] = ()
    audio_bytes: int = 0


class JobRecords:
    """The records of one database.

    Args:
        engine: The database of jobs.
        max_waiting: Most files of one owner that have not ended.
        max_bytes: Most bytes that are stored for one owner.
    """

    def __init__(self, engine: Engine, *, max_waiting: int, max_bytes: int = 2**62) -> None:
        self._engine = engine
        self._max_bytes = max_bytes
        self._max_waiting = max_waiting

    def create(self, job: NewJob) -> str:
        """Write a job and its files.

        Args:
            job: The job.

        Returns:
            Its id, or that of the job which the same request created before.

        Raises:
            TooManyJobs: Too many files of its owner would wait.
            TooMuchStored: Too many bytes of its owner would be stored.
            JobNotFound: The job that the same request had created was deleted meanwhile.
            IntegrityError: The database refuses the row for another reason than a repeated request.
        """
        try:
            return self.made_before(job.owner, job.request_key) or self._insert(job)
        except IntegrityError:
            if job.request_key is None:
                raise
            # The same request has been sent twice at the same time.
            before = self.made_before(job.owner, job.request_key)
        if before is None:
            raise JobNotFound("The job of the same request was deleted meanwhile.")
        return before

    def _insert(self, job: NewJob) -> str:
        row = _job_row(job)
        with self._engine.begin() as connection:
            self._check_waiting(connection, job.owner, len(job.files))
            check_stored(connection, job.owner, job.audio_bytes, self._max_bytes, without=job.uploads)
            for start in range(0, len(job.files), _INSERT_AT_ONCE):
                part = enumerate(job.files[start : start + _INSERT_AT_ONCE], start)
                connection.execute(insert(files), [_file_row(job.id, i, file) for i, file in part])
            connection.execute(insert(jobs), row)
            if job.audio_bytes:
                connection.execute(insert(job_audio), {"job_id": job.id, "n_bytes": job.audio_bytes})
            connection.execute(delete(uploads).where(uploads.c.id.in_(job.uploads)))
            close_if_ended(connection, [job.id])
        return job.id

    def create_done(self, job: NewJob, result: str, duration_s: float, model: str) -> str:
        """Write a job whose only file has a transcript already, since it was recognised while it was recorded.

        Args:
            job: The job, with one file.
            result: The transcript as JSON.
            duration_s: Duration of the recording in seconds.
            model: Tag of the model.

        Returns:
            Its id.
        """
        row = _job_row(job)
        finished = row["created"]
        due = finished if job.webhook_url else None
        row |= {"state": "done", "n_done": 1, "finished": finished, "webhook_due": due}
        done = {"state": "done", "tries": 1, "heard_s": duration_s, "total_s": duration_s, "result": result}
        with self._engine.begin() as connection:
            connection.execute(insert(files), _file_row(job.id, 0, job.files[0]) | done | {"model": model})
            connection.execute(insert(jobs), row)
        return job.id

    def check_bounds(self, owner: str, n_files: int, n_bytes: int) -> None:
        """Make sure that a job would be taken, before it is read.

        Args:
            owner: Name of the client.
            n_files: Least number of its files.
            n_bytes: Their bytes.

        Raises:
            TooManyJobs: Too many files of its owner would wait.
            TooMuchStored: Too many bytes of its owner would be stored.
        """
        with self._engine.connect() as connection:
            self._check_waiting(connection, owner, n_files)
            check_stored(connection, owner, n_bytes, self._max_bytes)

    def _check_waiting(self, connection: Connection, owner: str, n_files: int) -> None:
        ahead = select(func.sum(waiting_files())).where(jobs.c.owner == owner, jobs.c.state.in_(OPEN))
        n_waiting = (connection.execute(ahead).scalar() or 0) + n_files
        if n_waiting > self._max_waiting:
            raise TooManyJobs(f"{n_waiting} files would be waiting; the limit is {self._max_waiting}.")

    def made_before(self, owner: str, request_key: str | None) -> str | None:
        """Find the job that the same request has made.

        Args:
            owner: Name of the client.
            request_key: The request's Idempotency-Key, None where it has none.

        Returns:
            The job's id, None where there is none.
        """
        if request_key is None:
            return None
        same = select(jobs.c.id).where(jobs.c.owner == owner, jobs.c.request_key == request_key)
        with self._engine.connect() as connection:
            return connection.execute(same).scalar()

    def job(self, job_id: str, owner: str) -> RowMapping:
        """Find the row of a job.

        Args:
            job_id: The job's id.
            owner: Name of the client.

        Returns:
            The row of the table `jobs`.

        Raises:
            JobNotFound: There is none with this id, or it belongs to another owner.
        """
        with self._engine.connect() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job_id, jobs.c.owner == owner)).mappings().first()
        if row is None:
            raise JobNotFound(f"{owner} has no job {job_id[:64]!r}.")
        return row

    def files(self, job_id: str, *, after: int, limit: int, results: bool = False) -> Sequence[RowMapping]:
        """List files of a job, in order.

        Args:
            job_id: The job.
            after: The position before the first of them; -1: from the first file on.
            limit: How many at most.
            results: Whether the rows have the transcripts.

        Returns:
            Rows of the files.
        """
        columns = [column for column in files.c if results or column is not files.c.result]
        rows = select(*columns).where(files.c.job_id == job_id, files.c.position > after)
        with self._engine.connect() as connection:
            return connection.execute(rows.order_by(files.c.position).limit(limit)).mappings().all()

    def heard_s(self, job_id: str) -> tuple[float, float | None]:
        """Sum up the progress of a job's files.

        Returns:
            Seconds that are transcribed, and seconds in all; None for the latter where it is not known of every file.
        """
        unknown = func.sum(case((and_(files.c.total_s.is_(None), files.c.state.in_(OPEN)), 1), else_=0))
        sums = select(func.sum(files.c.heard_s), func.sum(files.c.total_s), unknown).where(files.c.job_id == job_id)
        with self._engine.connect() as connection:
            heard_s, total_s, n_unknown = connection.execute(sums).one()
        return heard_s or 0.0, None if n_unknown else total_s or 0.0

    def of_owner(self, owner: str, *, before: float, limit: int) -> Sequence[RowMapping]:
        """List the jobs of an owner, the newest first.

        Args:
            owner: Name of the client.
            before: Only those made before this time, in seconds since 1970.
            limit: How many at most.

        Returns:
            Rows of the jobs.
        """
        rows = select(jobs).where(jobs.c.owner == owner, jobs.c.created < before)
        with self._engine.connect() as connection:
            return connection.execute(rows.order_by(jobs.c.created.desc()).limit(limit)).mappings().all()

    def newest(self, limit: int) -> Sequence[RowMapping]:
        """List the jobs of all owners, the newest first."""
        with self._engine.connect() as connection:
            return connection.execute(select(jobs).order_by(jobs.c.created.desc()).limit(limit)).mappings().all()

    def cancel(self, job_id: str) -> None:
        """Cancel the files that have not ended. A worker that is at one notices when it next renews its lease."""
        with self._engine.begin() as connection:
            n = connection.execute(
                update(files)
                .where(files.c.job_id == job_id, files.c.state.in_(OPEN))
                .values(state="cancelled", claim="")
            ).rowcount
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id, jobs.c.state.in_(OPEN))
                .values(state="cancelled", n_cancelled=jobs.c.n_cancelled + n, **when_finished())
            )

    def delete(self, job_id: str) -> None:
        """Delete a job with its files and transcripts, whatever its state."""
        with self._engine.begin() as connection:
            connection.execute(delete(files).where(files.c.job_id == job_id))
            connection.execute(delete(jobs).where(jobs.c.id == job_id))
            connection.execute(delete(job_audio).where(job_audio.c.job_id == job_id))

    def finished_before(self, limit_s: float, limit: int) -> Sequence[str]:
        """List the ids of jobs that ended before a time and have no webhook left to send.

        Args:
            limit_s: The time, in seconds since 1970.
            limit: Largest number of ids.

        Returns:
            The ids.
        """
        old = select(jobs.c.id).where(jobs.c.finished < limit_s, jobs.c.webhook_due.is_(None)).limit(limit)
        with self._engine.connect() as connection:
            return connection.execute(old).scalars().all()

    def without_need_of_audio(self, ids: Iterable[str]) -> list[str]:
        """List those of the ids whose job has ended, or was never written though its id is a day old."""
        asked = list(set(ids))
        known: dict[str, str] = {}
        with self._engine.connect() as connection:
            for start in range(0, len(asked), _ASK_AT_ONCE):
                some = jobs.c.id.in_(asked[start : start + _ASK_AT_ONCE])
                rows = connection.execute(select(jobs.c.id, jobs.c.state).where(some))
                known |= {row.id: row.state for row in rows}
        return [i for i in asked if (known[i] not in OPEN if i in known else _made_s(i) < time.time() - _DAY_S)]

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()


def _job_row(job: NewJob) -> dict[str, Any]:
    now = time.time()
    return {
        "id": job.id,
        "owner": job.owner,
        "request_key": job.request_key,
        "state": "queued",
        "created": now,
        "served": now,
        "options": job.options,
        "n_files": len(job.files),
        "n_done": 0,
        "n_failed": sum(file.error is not None for file in job.files),
        "n_cancelled": 0,
        "webhook_url": job.webhook_url,
        "webhook_secret": job.webhook_secret,
        "webhook_tries": 0,
    }


def _file_row(job_id: str, position: int, file: NewFile) -> dict[str, Any]:
    error = file.error
    return {
        "job_id": job_id,
        "position": position,
        "name": file.name,
        "reference": file.reference,
        "raw": file.raw,
        "state": "failed" if error else "queued",
        "claim": "",
        "lease": 0.0,
        "tries": 0,
        "heard_s": 0.0,
        "model": "",
        "error_code": error.code if error else "",
        "error_message": error.message if error else "",
    }
