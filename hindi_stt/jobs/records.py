"""What is known of jobs, as one API worker or job worker changes it: every method is one transaction.

Exactly once: a worker owns a file by a claim, and ends it by an update that asks for that claim. Whoever lost the
claim, because its lease ran out or the job was cancelled or deleted, changes nothing. Rows of files come before the row
of their job in every transaction, so that two of them never wait for each other.
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Engine, RowMapping, and_, case, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from hindi_stt.errors import HindiSTTError, JobNotFound, TooManyJobs, WorkerLost
from hindi_stt.jobs.tables import OPEN, files, jobs, uploads

__all__ = ["Claim", "JobRecords", "NewFile", "NewJob"]

_INSERT_AT_ONCE: Final = 1000
_DAY_S: Final = 86_400.0


def _new_id() -> str:
    """32 hex digits, which begin with the time: audio without a row tells its age."""
    return f"{int(time.time()):08x}{secrets.token_hex(12)}"


def _made_s(job_id: str) -> float:
    try:
        return int(job_id[:8], 16)
    except ValueError:
        return time.time()


@dataclass(frozen=True, slots=True)
class NewFile:
    """reference: where its audio is; empty: in the store of audio. error: why it has failed already."""

    name: str
    reference: str = ""
    raw: str = ""
    error: HindiSTTError | None = None


@dataclass(frozen=True, slots=True)
class NewJob:
    """options: as the worker reads them; request_key: the same for a request sent again."""

    owner: str
    options: str
    files: Sequence[NewFile]
    id: str = field(default_factory=_new_id)
    request_key: str | None = None
    webhook_url: str = ""
    webhook_secret: str = ""
    uploads: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """A file that one worker has for itself until its lease runs out."""

    id: str
    job_id: str
    position: int
    owner: str
    reference: str
    raw: str
    options: str


class JobRecords:
    """lease_s: seconds for which a claim holds without a beat; tries: how often a file may be claimed."""

    def __init__(self, engine: Engine, *, lease_s: float, tries: int, max_waiting: int) -> None:
        self._engine = engine
        self._lease_s = lease_s
        self._tries = tries
        self._max_waiting = max_waiting

    # Made and looked at by the API.

    def create(self, job: NewJob) -> str:
        """Its id, or that of the job which the same request has made before. Raises TooManyJobs."""
        try:
            return self._by_request(job) or self._insert(job)
        except IntegrityError:  # the same request, at the same time
            before = self._by_request(job)
        if before is None:
            raise JobNotFound("The job of the same request was deleted meanwhile.")
        return before

    def _insert(self, job: NewJob) -> str:
        now = time.time()
        row = {
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
        with self._engine.begin() as connection:
            ahead = select(func.sum(_waiting())).where(jobs.c.owner == job.owner, jobs.c.state.in_(OPEN))
            n_waiting = (connection.execute(ahead).scalar() or 0) + len(job.files)
            if n_waiting > self._max_waiting:
                raise TooManyJobs(f"{n_waiting} files would be waiting, the bound is {self._max_waiting}.")
            for start in range(0, len(job.files), _INSERT_AT_ONCE):
                part = enumerate(job.files[start : start + _INSERT_AT_ONCE], start)
                connection.execute(insert(files), [_file_row(job.id, i, file) for i, file in part])
            connection.execute(insert(jobs), row)
            connection.execute(delete(uploads).where(uploads.c.id.in_(job.uploads)))
            _close_if_ended(connection, [job.id])
        return job.id

    def _by_request(self, job: NewJob) -> str | None:
        if job.request_key is None:
            return None
        same = select(jobs.c.id).where(jobs.c.owner == job.owner, jobs.c.request_key == job.request_key)
        with self._engine.connect() as connection:
            return connection.execute(same).scalar()

    def job(self, job_id: str, owner: str) -> RowMapping:
        """The job's row. Raises JobNotFound, for those of other owners too."""
        with self._engine.connect() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job_id, jobs.c.owner == owner)).mappings().first()
        if row is None:
            raise JobNotFound(f"There is no job {job_id[:64]!r} of {owner}.")
        return row

    def files(self, job_id: str, *, after: int, limit: int, results: bool = False) -> Sequence[RowMapping]:
        """The rows of the files behind a position (-1: from the first), in order; results: with their transcripts."""
        columns = [column for column in files.c if results or column is not files.c.result]
        rows = select(*columns).where(files.c.job_id == job_id, files.c.position > after)
        with self._engine.connect() as connection:
            return connection.execute(rows.order_by(files.c.position).limit(limit)).mappings().all()

    def heard_s(self, job_id: str) -> tuple[float, float | None]:
        """Seconds heard of all files that have not failed, and how many there are; None where that is not known."""
        unknown = func.sum(case((and_(files.c.total_s.is_(None), files.c.state.in_(OPEN)), 1), else_=0))
        sums = select(func.sum(files.c.heard_s), func.sum(files.c.total_s), unknown).where(files.c.job_id == job_id)
        with self._engine.connect() as connection:
            heard_s, total_s, n_unknown = connection.execute(sums).one()
        return heard_s or 0.0, None if n_unknown else total_s or 0.0

    def of_owner(self, owner: str, *, before: float, limit: int) -> Sequence[RowMapping]:
        """An owner's jobs made before a time, the newest first."""
        rows = select(jobs).where(jobs.c.owner == owner, jobs.c.created < before)
        with self._engine.connect() as connection:
            return connection.execute(rows.order_by(jobs.c.created.desc()).limit(limit)).mappings().all()

    def newest(self, limit: int) -> Sequence[RowMapping]:
        """Everybody's jobs, the newest first."""
        with self._engine.connect() as connection:
            return connection.execute(select(jobs).order_by(jobs.c.created.desc()).limit(limit)).mappings().all()

    def cancel(self, job_id: str) -> None:
        """End what has not ended; a worker that is at one of the files notices at its next beat."""
        with self._engine.begin() as connection:
            n = connection.execute(
                update(files)
                .where(files.c.job_id == job_id, files.c.state.in_(OPEN))
                .values(state="cancelled", claim="")
            ).rowcount
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id, jobs.c.state.in_(OPEN))
                .values(state="cancelled", n_cancelled=jobs.c.n_cancelled + n, **_finished())
            )

    def delete(self, job_id: str) -> None:
        """Forget it, whatever its state."""
        with self._engine.begin() as connection:
            connection.execute(delete(files).where(files.c.job_id == job_id))
            connection.execute(delete(jobs).where(jobs.c.id == job_id))

    # What workers do.

    def claim(self) -> Claim | None:
        """The next file of the job that has waited longest for its turn; None where none waits."""
        waits = select(files.c.position).where(files.c.job_id == jobs.c.id, files.c.state == "queued")
        turn = select(jobs.c.id, jobs.c.owner, jobs.c.options).where(jobs.c.state.in_(OPEN), waits.exists())
        while True:
            now, claim_id = time.time(), uuid.uuid4().hex
            with self._engine.begin() as connection:
                job = connection.execute(turn.order_by(jobs.c.served).limit(1)).first()
                if job is None:
                    return None
                first = select(files.c.position, files.c.reference, files.c.raw)
                first = first.where(files.c.job_id == job.id, files.c.state == "queued").order_by(files.c.position)
                file = connection.execute(first.limit(1)).first()
                if file is None:
                    continue
                mine = and_(files.c.job_id == job.id, files.c.position == file.position, files.c.state == "queued")
                taken = {"state": "running", "claim": claim_id, "lease": now + self._lease_s, "heard_s": 0.0}
                if connection.execute(update(files).where(mine).values(tries=files.c.tries + 1, **taken)).rowcount:
                    connection.execute(
                        update(jobs).where(jobs.c.id == job.id).values(served=now, state=_running(jobs.c.state))
                    )
                    return Claim(claim_id, job.id, file.position, job.owner, file.reference, file.raw, job.options)

    def beat(self, claim: Claim, heard_s: float, total_s: float | None) -> bool:
        """Hold on to a claim, and say how far it is; False where it is lost."""
        now = {"lease": time.time() + self._lease_s, "heard_s": heard_s, "total_s": total_s}
        with self._engine.begin() as connection:
            return bool(connection.execute(update(files).where(_held(claim)).values(**now)).rowcount)

    def finish(self, claim: Claim, result: str, duration_s: float, model: str) -> bool:
        """Write a file's transcript, unless the claim is lost. model: its tag."""
        return self._end(claim, "done", result=result, heard_s=duration_s, total_s=duration_s, model=model)

    def fail(self, claim: Claim, error: HindiSTTError) -> bool:
        """Write why a file has no transcript, unless the claim is lost."""
        return self._end(claim, "failed", error_code=error.code, error_message=error.message, heard_s=0.0)

    def _end(self, claim: Claim, state: str, **values: Any) -> bool:
        with self._engine.begin() as connection:
            ended = update(files).where(_held(claim)).values(state=state, claim="", **values)
            if not connection.execute(ended).rowcount:
                return False
            count = jobs.c[f"n_{state}"]
            connection.execute(update(jobs).where(jobs.c.id == claim.job_id).values({count: count + 1}))
            _close_if_ended(connection, [claim.job_id])
        return True

    def give_back(self, claim: Claim) -> None:
        """Let another worker have it, as if it had not been tried."""
        back = {"state": "queued", "claim": "", "tries": files.c.tries - 1, "heard_s": 0.0}
        with self._engine.begin() as connection:
            connection.execute(update(files).where(_held(claim)).values(**back))

    # What somebody has to do now and then.

    def recover(self) -> int:
        """Queue again what no worker holds any more, or fail it where it was tried too often; how many there were."""
        lost = and_(files.c.state == "running", files.c.lease < time.time())
        worn = and_(lost, files.c.tries >= self._tries)
        error = WorkerLost(f"{self._tries} workers have ended while they were at this file.")
        failed = {"state": "failed", "claim": "", "error_code": error.code, "error_message": error.message}
        with self._engine.begin() as connection:
            counts: dict[str, int] = {}
            for job_id, position in connection.execute(select(files.c.job_id, files.c.position).where(worn)).all():
                one = and_(files.c.job_id == job_id, files.c.position == position, worn)
                counts[job_id] = (
                    counts.get(job_id, 0) + connection.execute(update(files).where(one).values(failed)).rowcount
                )
            again = update(files).where(lost, files.c.tries < self._tries)
            n = connection.execute(again.values(state="queued", claim="", heard_s=0.0)).rowcount
            for job_id, n_failed in counts.items():
                more = {jobs.c.n_failed: jobs.c.n_failed + n_failed}
                connection.execute(update(jobs).where(jobs.c.id == job_id).values(more))
            _close_if_ended(connection, counts)
        return n + sum(counts.values())

    def n_waiting(self, limit: int) -> int:
        """Files that no worker has yet, counted up to a limit."""
        some = select(files.c.position).where(files.c.state == "queued").limit(limit).subquery()
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(some)).scalar() or 0

    def due_webhooks(self, limit: int) -> Sequence[RowMapping]:
        """Jobs whose webhook is to be told now."""
        due = select(jobs).where(jobs.c.webhook_due <= time.time()).order_by(jobs.c.webhook_due).limit(limit)
        with self._engine.connect() as connection:
            return connection.execute(due).mappings().all()

    def take_webhook(self, job: RowMapping, next_s: float | None) -> bool:
        """Begin one try to tell it, the next being due after so many seconds (None: never); False if another has."""
        values = {
            "webhook_due": None if next_s is None else time.time() + next_s,
            "webhook_tries": job["webhook_tries"] + 1,
        }
        same = and_(
            jobs.c.id == job["id"], jobs.c.webhook_tries == job["webhook_tries"], jobs.c.webhook_due.is_not(None)
        )
        with self._engine.begin() as connection:
            return bool(connection.execute(update(jobs).where(same).values(**values)).rowcount)

    def webhook_told(self, job_id: str) -> None:
        """No further try."""
        with self._engine.begin() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(webhook_due=None))

    def finished_before(self, limit_s: float, limit: int) -> Sequence[str]:
        """Ids of jobs that ended before a time and have nobody left to tell."""
        old = select(jobs.c.id).where(jobs.c.finished < limit_s, jobs.c.webhook_due.is_(None)).limit(limit)
        with self._engine.connect() as connection:
            return connection.execute(old).scalars().all()

    def without_need_of_audio(self, ids: Iterable[str]) -> list[str]:
        """Those of the ids whose job has ended, or was never written though its id is a day old."""
        asked = set(ids)
        with self._engine.connect() as connection:
            known = dict(connection.execute(select(jobs.c.id, jobs.c.state)).all())
        return [i for i in asked if (known[i] not in OPEN if i in known else _made_s(i) < time.time() - _DAY_S)]

    def close(self) -> None:
        """Let go of the connections."""
        self._engine.dispose()


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


def _held(claim: Claim) -> Any:
    same = (files.c.job_id == claim.job_id, files.c.position == claim.position, files.c.claim == claim.id)
    return and_(*same, files.c.state == "running")


def _waiting() -> Any:
    return jobs.c.n_files - jobs.c.n_done - jobs.c.n_failed - jobs.c.n_cancelled


def _running(state: Any) -> Any:
    """A job that was cancelled meanwhile stays so."""
    return case((state == "queued", "running"), else_=state)


def _finished() -> dict[str, Any]:
    now = time.time()
    return {"finished": now, "webhook_due": case((jobs.c.webhook_url == "", None), else_=now)}


def _close_if_ended(connection: Connection, job_ids: Iterable[str]) -> None:
    """Close the jobs whose files have all ended: once, since the update asks for an open job."""
    ended = and_(jobs.c.id.in_(list(job_ids)), jobs.c.state.in_(OPEN), _waiting() == 0)
    connection.execute(update(jobs).where(ended).values(state="done", **_finished()))
