"""Files of jobs and their workers: claimed, renewed, ended, recovered; every method is one transaction.

Exactly once: a worker owns a file by a claim, and ends it by an update that asks for that claim. A worker that lost the
claim, because its lease ran out or the job was cancelled or deleted, changes nothing. Rows of files come before the row
of their job in every transaction, so that two of them never wait for each other.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, RowMapping, and_, case, select, update

from hindi_stt.errors import HindiSTTError, WorkerLost
from hindi_stt.jobs.tables import OPEN, close_if_ended, files, jobs

__all__ = ["Claim", "Claims"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A file that one worker has for itself until its lease runs out.

    Attributes:
        id: Id of the claim.
        job_id: The job that the file belongs to.
        position: Position of the file in the job, from 0.
        owner: Name of the client.
        reference: URL of the audio; empty if it is in the store of audio.
        raw: Form of headerless audio as JSON; empty where the file has a header.
        options: `JobOptions` as JSON.
    """

    id: str
    job_id: str
    position: int
    owner: str
    reference: str
    raw: str
    options: str


class Claims:
    """Claims on the files of one database.

    Args:
        engine: The database of jobs.
        lease_s: Seconds for which a claim holds without being renewed.
        tries: How often a file may be claimed before it has failed.
    """

    def __init__(self, engine: Engine, *, lease_s: float, tries: int) -> None:
        self._engine = engine
        self._lease_s = lease_s
        self._tries = tries

    def claim(self) -> Claim | None:
        """Claim the next file of the job that has waited longest for its turn.

        Returns:
            The claim; None where no file waits.
        """
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

    def renew(self, claim: Claim, heard_s: float, total_s: float | None) -> bool:
        """Extend the lease of a claim, and note the progress.

        Args:
            claim: The worker's claim.
            heard_s: Seconds of the recording that are transcribed.
            total_s: Its duration in seconds; None if unknown.

        Returns:
            Whether the worker still has the claim.
        """
        now = {"lease": time.time() + self._lease_s, "heard_s": heard_s, "total_s": total_s}
        with self._engine.begin() as connection:
            return bool(connection.execute(update(files).where(_held(claim)).values(**now)).rowcount)

    def finish(self, claim: Claim, result: str, duration_s: float, model: str) -> bool:
        """Write the transcript of a file.

        Args:
            claim: The worker's claim.
            result: The transcript as JSON.
            duration_s: Duration of the recording in seconds.
            model: Tag of the model.

        Returns:
            Whether it was written: False where the claim is lost.
        """
        return self._end(claim, "done", result=result, heard_s=duration_s, total_s=duration_s, model=model)

    def fail(self, claim: Claim, error: HindiSTTError) -> bool:
        """Write why a file has no transcript.

        Args:
            claim: The worker's claim.
            error: Why.

        Returns:
            Whether it was written: False where the claim is lost.
        """
        return self._end(claim, "failed", error_code=error.code, error_message=error.message, heard_s=0.0)

    def _end(self, claim: Claim, state: str, **values: Any) -> bool:
        with self._engine.begin() as connection:
            ended = update(files).where(_held(claim)).values(state=state, claim="", **values)
            if not connection.execute(ended).rowcount:
                return False
            count = jobs.c[f"n_{state}"]
            connection.execute(update(jobs).where(jobs.c.id == claim.job_id).values({count: count + 1}))
            close_if_ended(connection, [claim.job_id])
        return True

    def release(self, claim: Claim) -> None:
        """Queue a claimed file again, as if it had not been tried."""
        back = {"state": "queued", "claim": "", "tries": files.c.tries - 1, "heard_s": 0.0}
        with self._engine.begin() as connection:
            connection.execute(update(files).where(_held(claim)).values(**back))

    def recover(self) -> int:
        """Queue files again whose leases have run out, or let them fail where they were tried too often.

        Returns:
            How many files there were.
        """
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
            close_if_ended(connection, counts)
        return n + sum(counts.values())

    def due_webhooks(self, limit: int, *, skip: int = 0) -> Sequence[RowMapping]:
        """List the jobs whose webhook is to be sent now, those that have waited longest first.

        Args:
            limit: How many at most.
            skip: How many to leave out at the beginning.

        Returns:
            Rows of the jobs.
        """
        due = select(jobs).where(jobs.c.webhook_due <= time.time()).order_by(jobs.c.webhook_due, jobs.c.id)
        with self._engine.connect() as connection:
            return connection.execute(due.limit(limit).offset(skip)).mappings().all()

    def take_webhook(self, job: RowMapping, next_s: float | None) -> bool:
        """Begin one try to send a webhook.

        Args:
            job: Row of the job, as `due_webhooks` returned it.
            next_s: Seconds until the next try is due; None: there is none.

        Returns:
            Whether this process has the try: False where another one has begun it.
        """
        values = {
            "webhook_due": None if next_s is None else time.time() + next_s,
            "webhook_tries": job["webhook_tries"] + 1,
        }
        same = and_(
            jobs.c.id == job["id"], jobs.c.webhook_tries == job["webhook_tries"], jobs.c.webhook_due.is_not(None)
        )
        with self._engine.begin() as connection:
            return bool(connection.execute(update(jobs).where(same).values(**values)).rowcount)

    def result(self, job_id: str) -> str | None:
        """Return the transcript of a job's first file as JSON, None where there is none."""
        first = select(files.c.result).where(files.c.job_id == job_id, files.c.position == 0)
        with self._engine.connect() as connection:
            return connection.execute(first).scalar()

    def webhook_told(self, job_id: str) -> None:
        """Note that a webhook was taken: there is no further try."""
        with self._engine.begin() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(webhook_due=None))


def _held(claim: Claim) -> Any:
    same = (files.c.job_id == claim.job_id, files.c.position == claim.position, files.c.claim == claim.id)
    return and_(*same, files.c.state == "running")


def _running(state: Any) -> Any:
    """A job that was cancelled meanwhile stays so."""
    return case((state == "queued", "running"), else_=state)
