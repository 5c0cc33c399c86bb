"""What a job worker does with the file in progress when a signal ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from hindi_stt.jobs.audio import AudioStore
from hindi_stt.jobs.records import JobRecords, NewFile, NewJob
from hindi_stt.jobs.tables import connect
from tests.support.server import ROOT

OPTIONS = (
    '{"options":{"text":{"numerals":"off","script":"devanagari","punctuation":"off","mask":[],"nukta":"keep",'
    '"nasals":"keep"},"decoding":{"decoder":"auto","language_model":"","hotwords":[]}},"split":false,"warnings":[]}'
)
# Of rain_16k.wav, one after the other: a worker is at it for some seconds.
N_TIMES = 200


class Job:
    """One long recording that waits in a folder of jobs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._records = JobRecords(connect(f"sqlite:///{folder / 'jobs.db'}"), max_waiting=10)
        new = NewJob("everybody", OPTIONS, [NewFile("long.wav")])
        self.id = new.id
        with wave.open(str(ROOT / "tests" / "data" / "rain_16k.wav")) as short:
            samples, form = short.readframes(short.getnframes()), short.getparams()
        with wave.open(str(folder / "long.wav"), "wb") as long:
            long.setparams(form)
            long.writeframes(samples * N_TIMES)
        audio = AudioStore(str(folder / "audio"))
        with (folder / "long.wav").open("rb") as file:
            audio.put(new.id, 0, file)
        audio.settle(new.id)
        self._records.create(new)

    def state(self) -> str:
        (row,) = self._records.files(self.id, after=-1, limit=1)
        return str(row["state"])

    def wait_for(self, state: str) -> None:
        deadline_s = time.monotonic() + 240
        while self.state() != state:
            assert time.monotonic() < deadline_s, self.state()
            time.sleep(0.05)

    def is_given_back_after(self, worker: subprocess.Popen[bytes], number: signal.Signals) -> bool:
        """Send a signal, and see for three seconds whether the file waits again."""
        worker.send_signal(number)
        deadline_s = time.monotonic() + 3
        while self.state() == "running" and time.monotonic() < deadline_s:
            time.sleep(0.05)
        return self.state() == "queued"

    def close(self) -> None:
        self._records.close()


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    job = Job(tmp_path)
    yield job
    job.close()


@pytest.fixture
def worker(job: Job) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"HINDI_STT_JOBS_DIR": str(job.folder), "HINDI_STT_JOBS_LEASE_S": "600"}
    command = [sys.executable, "-m", "hindi_stt.cli.jobs", "--bundle", str(ROOT / "hindi_stt" / "embedded")]
    worker = subprocess.Popen(command, env=environment)
    yield worker
    worker.kill()
    worker.wait()


@pytest.mark.slow
def test_sigterm_gives_the_file_back_at_once(job: Job, worker: subprocess.Popen[bytes]) -> None:
    """The lease is ten minutes, so that nothing else can have queued it again."""
    job.wait_for("running")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=300) == 0
    assert job.state() == "queued"


@pytest.mark.slow
def test_sigint_lets_the_file_be_finished(job: Job, worker: subprocess.Popen[bytes]) -> None:
    job.wait_for("running")
    worker.send_signal(signal.SIGINT)
    assert worker.wait(timeout=300) == 0
    assert job.state() == "done"


@pytest.mark.slow
def test_sigint_twice_gives_the_file_back(job: Job, worker: subprocess.Popen[bytes]) -> None:
    job.wait_for("running")
    worker.send_signal(signal.SIGINT)
    time.sleep(0.3)
    # Two that come together are one, and so are two that come while the worker, which yields to others, gets no core.
    assert any(job.is_given_back_after(worker, signal.SIGINT) for _ in range(20))
    assert worker.wait(timeout=300) == 0
    assert job.state() == "queued"
