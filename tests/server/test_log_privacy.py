"""Failures of databases, and what the log says of them: the error, and nothing that was spoken or is secret."""

from __future__ import annotations

import sqlite3
import tempfile
import traceback
from base64 import b64encode
from pathlib import Path

import httpx
import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from hindi_stt.jobs.tables import connect, jobs
from tests.conftest import DATA
from tests.support.guarded import Guarded
from tests.support.log_privacy import check_log
from tests.support.postgresql_server import PostgreSQL
from tests.support.responses import eventually

RAIN = (DATA / "rain.flac").read_bytes()
SECRET = "whsec_" + b64encode(b"0123456789abcdefghijklmnopq").decode()


@pytest.mark.parametrize(
    "line",
    [
        "parameters: ('बारिश हो रही है',)",
        r'{"text": "\u092c\u093e"}',
        "key stt_0123abcd_abcdefghijklmnopqrstuvwxyz",
        f"secret {SECRET}",
        "postgresql://user:password@host/name",
        "GET /v1/%E0%A4%AC%E0%A4%BE",
        "token ek_0123abcd_1790000000_0123456789abcdef0123456789abcdef",
    ],
)
def test_the_check_sees_what_is_private(line: str) -> None:
    with pytest.raises(AssertionError, match="private"):
        check_log(f"first\n{line}\nlast")


def _fail(database: Path, trigger: str) -> None:
    """Have the database refuse some writes from now on."""
    connection = sqlite3.connect(database, timeout=30)
    with connection:
        connection.execute(f"create trigger refuse_writes {trigger} begin select raise(abort, 'refused'); end")
    connection.close()


@pytest.mark.slow
def test_writes_that_fail(tmp_path: Path) -> None:
    """The transcript of a job, the secret of a webhook, and the name of a ledger's client are in refused statements."""
    server = Guarded(tmp_path)
    try:
        server.wait_until_ready()
        database = tmp_path / "jobs" / "jobs.db"
        assert eventually(database.exists)
        _fail(database, "before update on job_files when new.state = 'done'")
        headers = {"authorization": f"Bearer {server.key}"}
        form = {"webhook_url": "https://nowhere.invalid/", "webhook_secret": SECRET}
        accepted = httpx.post(f"{server.url}/v1/jobs", files={"file": RAIN}, data=form, headers=headers, timeout=60)
        assert accepted.status_code == 202
        assert eventually(lambda: "refused" in server.log), server.log
        connection = sqlite3.connect(database, timeout=30)
        with connection:
            connection.execute("drop trigger refuse_writes")
        connection.close()
        _fail(database, "before insert on jobs")
        refused = httpx.post(f"{server.url}/v1/jobs", files={"file": RAIN}, data=form, headers=headers, timeout=60)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "jobs_unavailable")
        assert "refused" not in refused.text
        _fail(tmp_path / "usage.db", "before insert on usage")
        assert server.post(server.key, RAIN).status_code == 200
        assert eventually(lambda: "usage of 1 requests is lost" in server.log), server.log
        assert "0123456789abcdefghijklmnopq" not in server.log
    finally:
        server.stop()  # which checks the log


def test_rows_in_errors_of_postgresql() -> None:
    """PostgreSQL itself puts the row at fault into its message."""
    # Not below pytest's folder, which is closed to the user that PostgreSQL runs as.
    with tempfile.TemporaryDirectory() as folder:
        text = _error_text(PostgreSQL(Path(folder)))
    assert "violates" in text
    check_log(text)
    assert SECRET not in text


def _error_text(postgresql: PostgreSQL) -> str:
    """All that the exception of a refused row could bring into a log."""
    try:
        engine = connect(postgresql.url)
        row = {"id": "1" * 32, "owner": "clinic", "state": "queued", "created": 0.0, "served": 0.0, "options": "{}"}
        row |= dict.fromkeys(("n_files", "n_done", "n_failed", "n_cancelled", "webhook_tries"), 0)
        row |= {"webhook_url": "https://nowhere.invalid/", "webhook_secret": SECRET}
        with engine.begin() as connection:
            connection.execute(insert(jobs), row)
        with pytest.raises(IntegrityError) as caught, engine.begin() as connection:
            connection.execute(insert(jobs), row | {"options": None})
        engine.dispose()
    finally:
        postgresql.stop()
    return "".join(traceback.format_exception(caught.value))
