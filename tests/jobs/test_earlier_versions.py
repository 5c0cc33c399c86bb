"""Jobs that version 0.1 has taken are done by this one.

`tests/jobs/data/*_0_1.sql` are the databases that a server of commit cc48e85 wrote for two requests, POST /v1/jobs with
rain.flac and family.flac, numerals=latin and punctuation=pauses, and with rain.flac alone; a worker of that commit
holds the first file, and has ended.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from hindi_stt.jobs.records import JobRecords
from hindi_stt.jobs.tables import connect
from hindi_stt.types import Transcript
from tests.support.guarded import DATA

MODULES_UNDER_TEST = (
    "hindi_stt/jobs/maintenance.py",
    "hindi_stt/jobs/tables.py",
)

OLD = Path(__file__).with_name("data")

TWO_FILES, ONE_FILE = "6b0b170c354be8337f213b629c173ddd", "6b0b170c44b36cbf0ad356f5658e009d"
RAIN = "आज सुबह से बारिश हो रही है"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("jobs", "queue"):
        with sqlite3.connect(tmp_path / f"{name}.db") as database:
            database.executescript((OLD / f"{name}_0_1.sql").read_text(encoding="utf-8"))
        database.close()
    for job, names in ((TWO_FILES, ("rain", "family")), (ONE_FILE, ("rain",))):
        for position, name in enumerate(names):
            (tmp_path / "audio" / job).mkdir(parents=True, exist_ok=True)
            shutil.copy(DATA / f"{name}.flac", tmp_path / "audio" / job / str(position))
    return tmp_path


@pytest.mark.slow
def test_jobs_of_0_1_are_done(folder: Path) -> None:
    """The one that waits, and the one whose worker has ended; the worker ends at SIGTERM."""
    environment = os.environ | {"HINDI_STT_JOBS_DIR": str(folder), "BENTOML_HOME": str(folder / "bentoml")}
    command = [sys.executable, "-m", "hindi_stt.cli.jobs", "--bundle", "hindi_stt/embedded"]
    records = JobRecords(connect(f"sqlite:///{folder / 'jobs.db'}"), max_waiting=10, max_bytes=10**9)
    deadline_s = time.monotonic() + 300
    worker = subprocess.Popen(command, cwd=DATA.parent.parent, env=environment)
    try:
        while {records.job(job, "everybody")["state"] for job in (TWO_FILES, ONE_FILE)} != {"done"}:
            assert time.monotonic() < deadline_s
            assert worker.poll() is None
            time.sleep(0.1)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=120) == 0
    finally:
        worker.kill()
        worker.wait()
    with sqlite3.connect(folder / "jobs.db") as database:
        rows = database.execute("SELECT state, tries, result FROM job_files ORDER BY job_id DESC, position").fetchall()
    database.close()
    assert [(state, tries) for state, tries, _ in rows] == [("done", 1), ("done", 2), ("done", 1)]
    texts = [TypeAdapter(Transcript).validate_json(result).text for _, _, result in rows]
    assert texts[0] == RAIN
    assert texts[1] == f"{RAIN}।"
    assert "परिवार में 4 लोग" in texts[2]
    records.close()
