"""Counts the bytes that a client has stored for jobs, and checks the bound on them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from hindi_stt.errors import TooMuchStored
from hindi_stt.jobs.tables import OPEN, job_audio, jobs, uploads

__all__ = ["check_stored"]


def check_stored(connection: Connection, owner: str, n_bytes: int, bound: int, *, without: Sequence[str] = ()) -> None:
    """Make sure that a client may store more.

    Args:
        connection: A connection to the database of jobs.
        owner: The client.
        n_bytes: How much more.
        bound: Bound on the total, in bytes.
        without: Ids of uploads that no longer count.

    Raises:
        TooMuchStored: The bound would be exceeded.
    """
    begun = select(func.sum(uploads.c.length)).where(uploads.c.owner == owner, uploads.c.id.not_in(list(without)))
    kept = (
        select(func.sum(job_audio.c.n_bytes))
        .join(jobs, jobs.c.id == job_audio.c.job_id)
        .where(jobs.c.owner == owner, jobs.c.state.in_(OPEN))
    )
    stored = sum(int(connection.execute(one).scalar() or 0) for one in (begun, kept))
    if stored + n_bytes > bound:
        raise TooMuchStored(f"{owner} has {stored} bytes stored and may store {bound}, too few for {n_bytes} more.")
