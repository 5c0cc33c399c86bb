"""hindi-stt jobs: a list of what the database has, and workers that end as they should."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hindi_stt.bundle.manifest import EMBEDDED
from hindi_stt.cli.main import main
from hindi_stt.jobs.records import JobRecords, NewFile, NewJob
from hindi_stt.jobs.tables import connect
from hindi_stt.settings import get_settings

OPTIONS = (
    '{"options":{"text":{"numerals":"off","script":"devanagari","punctuation":"off","mask":[],"nukta":"keep",'
    '"nasals":"keep"},"decoding":{"decoder":"auto","language_model":"","hotwords":[]}},"split":false,"warnings":[]}'
)


def write_jobs(folder: Path, *owners: str) -> list[str]:
    """One job of two files for each owner, the oldest first; returns their ids."""
    records = JobRecords(connect(f"sqlite:///{folder / 'jobs.db'}"), max_waiting=100)
    ids = []
    for owner in owners:
        job = NewJob(owner, OPTIONS, [NewFile("a.wav", "https://example.com/a.wav"), NewFile("b.wav", "file:///b.wav")])
        ids.append(records.create(job))
        time.sleep(0.01)  # their times differ
    records.close()
    return ids


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that the settings name."""
    monkeypatch.setenv("HINDI_STT_JOBS_DIR", str(tmp_path))
    get_settings.cache_clear()
    yield tmp_path
    get_settings.cache_clear()


def test_the_newest_first(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ids = write_jobs(folder, "ann", "bob", "ann")
    before = time.time()
    assert main(["jobs", "list"]) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows] == ids[::-1]
    assert [row[1] for row in rows] == ["ann", "bob", "ann"]
    assert all(row[2:6] == ["queued", "2", "0", "0"] for row in rows)
    made = time.strptime(rows[0][6], "%Y-%m-%dT%H:%M:%SZ")
    assert before - 60 < time.mktime(made) - time.timezone <= before + 60
    assert main(["jobs", "list", "--limit", "1"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_without_a_folder_of_jobs(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HINDI_STT_JOBS_DIR")
    assert main(["jobs", "list"]) == 1
    assert "[jobs_off]" in capsys.readouterr().err
    assert main(["jobs", "work"]) == 1
    assert "HINDI_STT_JOBS_DIR" in capsys.readouterr().err


@pytest.mark.slow
def test_a_workers_start_error_is_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hindi_stt.cli.jobs", "--bundle", str(tmp_path / "nothing")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HINDI_STT_")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("job worker: HINDI_STT_JOBS_DIR is empty.")
    environment["HINDI_STT_JOBS_DIR"] = str(tmp_path)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("job worker: ")
    assert str(tmp_path / "nothing") in done.stderr
    assert "Traceback" not in done.stderr


def state(folder: Path, job_id: str) -> str:
    records = JobRecords(connect(f"sqlite:///{folder / 'jobs.db'}"), max_waiting=100)
    try:
        return str(next(job["state"] for job in records.newest(10) if job["id"] == job_id))
    finally:
        records.close()


def wait_until_ended(folder: Path, job_id: str) -> None:
    deadline_s = time.monotonic() + 300
    while state(folder, job_id) in {"queued", "running"}:
        assert time.monotonic() < deadline_s
        time.sleep(0.1)


@pytest.mark.slow
def test_a_worker_at_a_shell_works_until_sigterm(tmp_path: Path) -> None:
    """References to hosts and files that are not allowed: each file fails by itself, and the worker goes on."""
    (job_id,) = write_jobs(tmp_path, "ann")
    environment = os.environ | {"HINDI_STT_JOBS_DIR": str(tmp_path), "HINDI_STT_MODEL": str(EMBEDDED)}
    command = [str(Path(sys.executable).with_name("hindi-stt")), "jobs", "work"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as worker:
        try:
            wait_until_ended(tmp_path, job_id)
            assert worker.poll() is None
        finally:
            worker.send_signal(signal.SIGTERM)
            _, said = worker.communicate(timeout=300)
    assert worker.returncode == 0, said


PARENT = """
import subprocess, sys, time
worker = subprocess.Popen([sys.executable, "-m", "hindi_stt.cli.jobs", "--bundle", sys.argv[1]])
print(worker.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.slow
def test_a_worker_ends_with_the_server_that_started_it(tmp_path: Path) -> None:
    (job_id,) = write_jobs(tmp_path, "ann")
    environment = os.environ | {"HINDI_STT_JOBS_DIR": str(tmp_path)}
    command = [sys.executable, "-c", PARENT, str(EMBEDDED)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        try:
            pid = int(parent.stdout.readline())
            wait_until_ended(tmp_path, job_id)  # it is at work
        finally:
            parent.kill()
    deadline_s = time.monotonic() + 300
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split():
        assert time.monotonic() < deadline_s
        time.sleep(0.1)
