"""The usage ledger in a PostgreSQL: the same sums, days of UTC, several workers, and a database that is restarted."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hindi_stt.access.ledger import Entry, Ledger, read_sums
from hindi_stt.errors import LedgerUnavailable
from tests.conftest import DATA
from tests.support.guarded import Guarded
from tests.support.ledger import check_sums
from tests.support.postgresql_server import PostgreSQL
from tests.support.responses import eventually
from tests.support.server import Server

pytestmark = pytest.mark.api


@pytest.fixture
def database() -> Iterator[PostgreSQL]:
    # The folder has to be one that another user reaches.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        running = PostgreSQL(Path(folder))
        try:
            yield running
        finally:
            running.stop()


def test_sums(database: PostgreSQL, capsys: pytest.CaptureFixture[str]) -> None:
    check_sums(database.url, capsys)


def test_a_restart_loses_no_rows(database: PostgreSQL) -> None:
    def note(ledger: Ledger) -> None:
        ledger.add(Entry(datetime(2026, 3, 1, tzinfo=UTC), "clinic", "/transcribe", "m:1", 200, 1.5, 0.1))

    def written() -> list[int]:
        with contextlib.suppress(LedgerUnavailable):  # a ledger makes its table in the background
            return [sums.requests for sums in read_sums(database.url, "client")]
        return []

    ledger = Ledger(database.url)
    note(ledger)
    assert eventually(lambda: written() == [1])
    database.stop()
    with pytest.raises(LedgerUnavailable):
        read_sums(database.url, "client")
    database.start()
    note(ledger)
    ledger.close()
    assert [sums.requests for sums in read_sums(database.url, "client")] == [2]


def test_through_a_server_of_several_workers(database: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> None:
    server = Guarded(tmp_path_factory.mktemp("workers"), HINDI_STT_USAGE_URL=database.url, HINDI_STT_API_WORKERS="4")
    try:
        server.wait_until_ready()
        content = (DATA / "rain.flac").read_bytes()
        key = server.new_key("accounted")
        assert [server.post(key, content).status_code for _ in range(8)] == [200] * 8
        assert eventually(lambda: [sums.requests for sums in read_sums(database.url, "client")] == [8])
        (sums,) = read_sums(database.url, "client")
        assert (sums.group, sums.failed) == ("accounted", 0)
        assert sums.audio_s == pytest.approx(8 * 2.128, abs=0.1)
    finally:
        server.stop()


def test_a_database_that_is_down_delays_no_request(
    database: PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The server starts and answers without it, and writes what happens once it is there."""
    database.stop()
    running = Server(tmp_path_factory.mktemp("s"), HINDI_STT_USAGE_URL=database.url)
    content = (DATA / "rain.flac").read_bytes()
    try:
        running.wait_until_ready()
        assert running.transcribe(content).status_code == 200
        assert eventually(lambda: "HINDI_STT_USAGE_URL cannot be reached" in running.log)
        assert eventually(lambda: "usage of 1 requests is lost" in running.log)
        database.start()
        assert running.transcribe(content).status_code == 200
        assert eventually(lambda: _rows(database.url) == 1)
    finally:
        running.stop()


def _rows(url: str) -> int:
    try:
        return sum(found.requests for found in read_sums(url, "client"))
    except LedgerUnavailable:  # the table is not there yet
        return 0
