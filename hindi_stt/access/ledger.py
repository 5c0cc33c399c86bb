"""The ledger of usage: a row for each POST request and realtime connection, without texts; in SQLite or PostgreSQL."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from sqlalchemy import (
    Column,
    DateTime,
    Engine,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    case,
    func,
    insert,
    select,
)
from sqlalchemy.exc import IntegrityError, ProgrammingError, SQLAlchemyError

from hindi_stt.errors import LedgerUnavailable
from hindi_stt.settings import shown
from hindi_stt.storage.database import first_line, make_engine

__all__ = ["Entry", "Ledger", "Sums", "read_sums"]

log = logging.getLogger("hindi_stt")

_NAME: Final = 64
_PATH: Final = 128
_BATCH: Final = 256
_QUEUE: Final = 10_000
_CLOSE_S: Final = 10.0

_metadata = MetaData()
_usage = Table(
    "usage",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("time", DateTime(timezone=True), nullable=False, index=True),
    Column("client", String(_NAME), nullable=False),
    Column("path", String(_PATH), nullable=False),
    Column("model", String(128), nullable=False),
    Column("status", Integer, nullable=False),
    Column("audio_s", Float, nullable=False),
    Column("latency_s", Float, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One request, or one realtime connection, with status 101 where it ended well.

    Attributes:
        time: Time of its end, with a time zone.
        client: Name of its key, or its address.
        path: Path of the request.
        model: Tag of the model.
        status: HTTP status.
        audio_s: Seconds of audio that were transcribed.
        latency_s: Seconds from its first byte to the last of its answer.
    """

    time: datetime
    client: str
    path: str
    model: str
    status: int
    audio_s: float
    latency_s: float


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over requests.

    Attributes:
        group: The client, model or day that they share.
        requests: How many there are.
        failed: How many of them have a status of 400 or more.
        audio_s: Seconds of audio that were transcribed.
    """

    group: str
    requests: int
    failed: int
    audio_s: float


class Ledger:
    """Writes entries from a thread of its own, so that no request waits for the database.

    A database elsewhere that does not answer is no reason not to serve: an entry that cannot be written is lost, and
    the log says so. The table is made before the first entry that can be written.

    Args:
        url: URL of the database in SQLAlchemy's form.

    Raises:
        LedgerUnavailable: The URL is invalid, its driver is not installed, or it is a file that cannot be written.
    """

    def __init__(self, url: str) -> None:
        try:
            # A database that was restarted is connected to again, instead of losing the first rows.
            self._engine = make_engine(url, pool_pre_ping=True)
            if self._engine.dialect.name == "sqlite":  # a file is on this machine, or the URL is wrong
                _make_table(self._engine)
        except (SQLAlchemyError, ImportError) as error:
            raise LedgerUnavailable(f"HINDI_STT_USAGE_URL cannot be used: {first_line(error)}.") from error
        self._has_table = self._engine.dialect.name == "sqlite"
        self._entries: queue.Queue[Entry | None] = queue.Queue(_QUEUE)
        self._thread = threading.Thread(target=self._write_all, name="ledger", daemon=True)
        self._thread.start()

    def note(self, client: str, path: str, model: str, status: int, audio_s: float, latency_s: float) -> None:
        """Record a request that has just ended.

        Args:
            client: Name of the client.
            path: Path of the URL.
            model: Tag of the model.
            status: HTTP status of the answer.
            audio_s: Seconds of audio transcribed.
            latency_s: Seconds from the request to the answer.
        """
        self.add(Entry(datetime.now(UTC), client[:_NAME], path[:_PATH], model, status, audio_s, latency_s))

    def add(self, entry: Entry) -> None:
        """Note a request; returns at once."""
        try:
            self._entries.put_nowait(entry)
        except queue.Full:
            log.error("usage of %s is lost: the database does not keep up", entry.client)  # noqa: TRY400

    def close(self) -> None:
        """Write the remaining entries and stop."""
        self._entries.put(None)
        self._thread.join(_CLOSE_S)
        self._engine.dispose()

    def _write_all(self) -> None:
        if not self._has_table:  # here, since a database that takes connections and never answers must not hold a start
            self._try_to_make_table()
        while (entry := self._entries.get()) is not None:
            batch = [entry]
            while len(batch) < _BATCH and not self._entries.empty():
                following = self._entries.get()
                if following is None:
                    self._entries.put(None)
                    break
                batch.append(following)
            self._write(batch)

    def _write(self, batch: Sequence[Entry]) -> None:
        if not self._has_table and not self._try_to_make_table():
            log.error("usage of %d requests is lost: the database does not answer", len(batch))
            return
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(_usage), [asdict(entry) for entry in batch])
        except SQLAlchemyError as error:
            log.error("usage of %d requests is lost: %s", len(batch), first_line(error))  # noqa: TRY400

    def _try_to_make_table(self) -> bool:
        try:
            _make_table(self._engine)
        except SQLAlchemyError as error:
            log.error("HINDI_STT_USAGE_URL cannot be reached: %s", first_line(error))  # noqa: TRY400  # its stack says no more
            return False
        self._has_table = True
        return True


def _make_table(engine: Engine) -> None:
    try:
        _metadata.create_all(engine)
    except (IntegrityError, ProgrammingError):  # another worker has just made it
        _metadata.create_all(engine)


def read_sums(url: str, by: Literal["client", "model", "day"], since: datetime | None = None) -> list[Sums]:
    """Sum up usage by group.

    Args:
        url: The database, as SQLAlchemy takes it.
        by: How entries are grouped; days are in UTC.
        since: Only what came from then on, with a time zone; None: everything.

    Returns:
        The sums, in the order of the groups.

    Raises:
        LedgerUnavailable: The database cannot be read.
    """
    try:
        engine = make_engine(url)
    except (SQLAlchemyError, ImportError) as error:
        raise LedgerUnavailable(f"{shown(url)} cannot be read: {first_line(error)}.") from error
    # PostgreSQL would take the day of its own time zone; SQLite holds no zone.
    time = func.timezone("UTC", _usage.c.time) if engine.dialect.name == "postgresql" else _usage.c.time
    group = func.date(time) if by == "day" else _usage.c[by]
    failed = func.sum(case((_usage.c.status >= 400, 1), else_=0))
    query = select(group, func.count(), failed, func.sum(_usage.c.audio_s)).group_by(group).order_by(group)
    if since is not None:
        query = query.where(_usage.c.time >= since)
    try:
        with engine.connect() as connection:
            rows = [Sums(str(name), n, int(bad), float(audio_s)) for name, n, bad, audio_s in connection.execute(query)]
    except SQLAlchemyError as error:
        raise LedgerUnavailable(f"{shown(url)} cannot be read: {first_line(error)}.") from error
    finally:
        engine.dispose()
    return rows
