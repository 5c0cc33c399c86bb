"""Webhooks side by side, and what is done every minute, however many jobs there are."""

from __future__ import annotations

import socket
import sqlite3
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from hindi_stt.jobs.claims import Claims
from hindi_stt.jobs.deliveries import Deliveries
from hindi_stt.jobs.records import JobRecords, NewFile, NewJob
from hindi_stt.jobs.tables import connect
from hindi_stt.safe_fetch import Network
from tests.support.responses import eventually

SECRET = "whsec_" + b64encode(b"x" * 32).decode()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = connect(f"sqlite:///{tmp_path / 'jobs.db'}")
    yield made
    made.dispose()


def finished_job(records: JobRecords, url: str) -> str:
    """A job that has ended, whose webhook is due."""
    job = NewJob("clinic", "{}", [NewFile("a")], webhook_url=url, webhook_secret=SECRET)
    records.create(job)
    records.cancel(job.id)
    return job.id


@pytest.mark.slow
def test_an_unreachable_receiver_delays_no_other(engine: Engine) -> None:
    """A hundred and fifty webhooks of a host that takes connections and says nothing, and then one of another's."""
    came: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(self.headers["webhook-id"])
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    alive = ThreadingHTTPServer(("127.0.0.3", 0), Handler)
    threading.Thread(target=alive.serve_forever, daemon=True).start()
    records, claims = JobRecords(engine, max_waiting=1000), Claims(engine, lease_s=60, tries=3)
    with socket.create_server(("127.0.0.2", 0)) as dead:
        deliveries = Deliveries(claims, Network("127.0.0.0/8"))
        for _ in range(150):
            finished_job(records, f"http://127.0.0.2:{dead.getsockname()[1]}/hook")
        wanted = finished_job(records, f"http://127.0.0.3:{alive.server_port}/hook")
        deliveries.start_due()
        assert eventually(lambda: came == [f"msg_{wanted}"])
        # Those of the dead host have had no answer yet: what is promised is that nobody waits for them.
        assert deliveries._by_host["127.0.0.2"] == 2
        deliveries.start_due()
        assert deliveries._by_host["127.0.0.2"] == 2
        assert len(claims.due_webhooks(1000)) == 148
    alive.shutdown()
    alive.server_close()


@pytest.mark.slow
@pytest.mark.long
def test_the_table_of_jobs_is_not_read_whole(engine: Engine) -> None:
    """What is asked every minute names ids, or goes by an index."""
    records = JobRecords(engine, max_waiting=10_000)
    ids = [finished_job(records, "") for _ in range(3)]
    for _ in range(1200):
        records.create(NewJob("clinic", "{}", [NewFile("a")]))
    statements: list[tuple[str, object]] = []
    fetched: list[int] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        statements.append((statement, parameters))

    assert sorted(records.without_need_of_audio([*ids, "0" * 32])) == sorted([*ids, "0" * 32])
    records.finished_before(time.time() + 1, 100)
    event.remove(engine, "before_cursor_execute", note)
    assert statements
    for statement, parameters in statements:
        with engine.connect() as connection:
            plan = connection.exec_driver_sql(f"explain query plan {statement}", parameters).all()
            fetched.append(len(connection.exec_driver_sql(statement, parameters).all()))
        assert not [step for step in plan if "SCAN jobs" in str(step)], plan
    assert max(fetched) <= 3


def test_a_database_of_an_earlier_version_gets_the_index(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    connect(f"sqlite:///{path}").dispose()
    with sqlite3.connect(path) as connection:
        connection.execute("drop index jobs_by_end")
    for _ in range(2):
        connect(f"sqlite:///{path}").dispose()
    names = {name for (name,) in connection.execute("select name from sqlite_master where type = 'index'")}
    connection.close()
    assert "jobs_by_end" in names
