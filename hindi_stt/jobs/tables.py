"""The tables of jobs, and the engine that reaches them: SQLite or PostgreSQL.

Times are seconds since 1970. A file is `queued`, `running` under a claim with a lease, and then `done`, `failed` or
`cancelled`; a job is `queued`, `running`, and then `done` (every file has ended) or `cancelled`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    case,
    event,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from hindi_stt.errors import JobsUnavailable
from hindi_stt.storage.database import first_line, make_engine

__all__ = [
    "OPEN",
    "close_if_ended",
    "connect",
    "files",
    "job_audio",
    "jobs",
    "uploads",
    "waiting_files",
    "when_finished",
]

OPEN: Final = ("queued", "running")

# How long a writer waits for another: SQLite has one at a time.
_BUSY_S: Final = 30

_metadata = MetaData()

jobs = Table(
    "jobs",
    _metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("request_key", String(128)),
    Column("state", String(16), nullable=False),
    Column("created", Float, nullable=False),
    Column("served", Float, nullable=False),
    Column("finished", Float),
    Column("options", Text, nullable=False),
    Column("n_files", Integer, nullable=False),
    Column("n_done", Integer, nullable=False),
    Column("n_failed", Integer, nullable=False),
    Column("n_cancelled", Integer, nullable=False),
    Column("webhook_url", Text, nullable=False),
    Column("webhook_secret", Text, nullable=False),
    Column("webhook_due", Float, index=True),
    Column("webhook_tries", Integer, nullable=False),
    UniqueConstraint("owner", "request_key"),
    Index("jobs_by_owner", "owner", "created"),
    Index("jobs_by_turn", "state", "served"),
)

files = Table(
    "job_files",
    _metadata,
    Column("job_id", String(32), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("raw", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("claim", String(32), nullable=False),
    Column("lease", Float, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("total_s", Float),
    Column("heard_s", Float, nullable=False),
    Column("model", String(128), nullable=False),
    Column("result", Text),
    Column("error_code", String(64), nullable=False),
    Column("error_message", Text, nullable=False),
    Index("job_files_by_state", "job_id", "state", "position"),
    Index("job_files_by_lease", "state", "lease"),
)

# Since version 0.1: jobs that are too old are looked for every minute.
_ADDED_INDEXES: Final = (Index("jobs_by_end", jobs.c.finished),)

uploads = Table(
    "job_uploads",
    _metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("created", Float, nullable=False),
)

# Bytes of a job's audio, for those that were made since this table is there.
job_audio = Table(
    "job_audio",
    _metadata,
    Column("job_id", String(32), primary_key=True),
    Column("n_bytes", BigInteger, nullable=False),
)


def connect(url: str) -> Engine:
    """Connect to the database of jobs, and make its tables where they are missing.

    Args:
        url: URL of the database in SQLAlchemy's form.

    Returns:
        An engine; a commit is on the disk when it returns.

    Raises:
        JobsUnavailable: The database cannot be used.
    """
    try:
        sqlite = make_url(url).get_backend_name() == "sqlite"
        # IMMEDIATE: a transaction that will write waits for its turn at its begin, not in its middle.
        arguments = {"timeout": _BUSY_S, "isolation_level": "IMMEDIATE"} if sqlite else {}
        engine = make_engine(url, connect_args=arguments, pool_pre_ping=not sqlite)
        if sqlite:
            event.listen(engine, "connect", _durable)
        _metadata.create_all(engine)
        _make_indexes(engine)
    except (SQLAlchemyError, ImportError) as error:
        raise JobsUnavailable(f"The database of jobs cannot be used: {first_line(error)}.") from error
    return engine


def _make_indexes(engine: Engine) -> None:
    """Add the indexes that tables of earlier versions do not have."""
    for index in _ADDED_INDEXES:
        try:
            index.create(engine, checkfirst=True)
        except SQLAlchemyError:  # another process has just made it, or else it is missing still
            index.create(engine, checkfirst=True)


def _durable(connection: Connection, _: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]  # the driver's connection
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def waiting_files() -> Any:
    """Files of a job that have not ended."""
    return jobs.c.n_files - jobs.c.n_done - jobs.c.n_failed - jobs.c.n_cancelled


def when_finished() -> dict[str, Any]:
    """Return the columns, other than its state, that a job's end changes."""
    now = time.time()
    return {"finished": now, "webhook_due": case((jobs.c.webhook_url == "", None), else_=now)}


def close_if_ended(connection: Connection, job_ids: Iterable[str]) -> None:
    """Close the jobs whose files have all ended. Each job is closed once, because the update selects open jobs only.

    Args:
        connection: A connection in a transaction.
        job_ids: Ids of the jobs to check.
    """
    ended = and_(jobs.c.id.in_(list(job_ids)), jobs.c.state.in_(OPEN), waiting_files() == 0)
    connection.execute(update(jobs).where(ended).values(state="done", **when_finished()))
