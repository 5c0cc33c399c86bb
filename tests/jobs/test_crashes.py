"""Two thousand clips while workers are killed and the Redis restarts; a server killed after its 202; many workers."""

from __future__ import annotations

import concurrent.futures
import io
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest

from hindi_stt.errors import WorkerLost
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.jobs.claims import Claims
from hindi_stt.jobs.records import JobRecords, NewFile, NewJob
from hindi_stt.jobs.tables import connect
from hindi_stt.transcription.pipeline import Pipeline
from tests.conftest import DATA
from tests.support.redis_server import RedisServer
from tests.support.server import Server
from tests.support.synthesis import speak
from tests.support.wav import wav

MODULES_UNDER_TEST = (
    "hindi_stt/jobs/claims.py",
    "hindi_stt/jobs/maintenance.py",
)

pytestmark = pytest.mark.jobs

N_CLIPS, N_JOBS, N_WORDS = 2000, 10, 60
KILL_EVERY_S = (4.0, 8.0)


def clips() -> list[bytes]:
    """Two spoken numbers each, no two the same."""
    words = []
    for i in range(N_WORDS):
        with wave.open(io.BytesIO(speak(str(i), i))) as file:
            rate = file.getframerate()
            word = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 2**15
        loud = np.flatnonzero(np.abs(word) > 0.01)
        words.append(word[loud[0] : loud[-1] + rate // 20])
    pairs = random.Random(8).sample([(a, b) for a in range(N_WORDS) for b in range(N_WORDS)], N_CLIPS)
    return [wav(np.concatenate([words[a], words[b]]), rate) for a, b in pairs]


def workers_of(server: Server) -> list[psutil.Process]:
    children = psutil.Process(server.process.pid).children(recursive=True)
    return [child for child in children if "hindi_stt.cli.jobs" in _words(child)]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


class Killer(threading.Thread):
    """kill -9 for one worker or another, every few seconds, if something was heard since the last time.

    heard: files, as others tell; count: how often it has killed.
    """

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._end = threading.Event()
        self._random = random.Random(9)
        self.heard = self.count = 0

    def run(self) -> None:
        heard = 0
        while not self._end.wait(self._random.uniform(*KILL_EVERY_S)):
            if self.heard > heard and (found := workers_of(self._server)):
                heard = self.heard
                self._random.choice(found).kill()
                self.count += 1

    def end(self) -> None:
        self._end.set()
        self.join()


def test_every_clip_once(tmp_path: Path, pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    redis = RedisServer(tmp_path, durable=True)
    server = Server(
        tmp_path,
        HINDI_STT_JOBS_DIR=str(tmp_path / "jobs"),
        HINDI_STT_JOBS_QUEUE_URL=redis.url,
        HINDI_STT_JOBS_WORKERS="2",
        HINDI_STT_JOBS_LEASE_S="3",
    )
    try:
        server.wait_until_ready()
        recordings = clips()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            texts = list(pool.map(lambda clip: pipeline.transcribe(clip, acoustic).text, recordings))
        _every_clip_once(server, redis, recordings, texts)
    finally:
        server.stop()
        redis.stop()


def _every_clip_once(server: Server, redis: RedisServer, recordings: list[bytes], texts: list[str]) -> None:
    with httpx.Client(base_url=server.url, timeout=120) as client:

        def direct(clip: bytes) -> str:
            return client.post("/transcribe", files={"file": clip}).json()["text"]

        assert [direct(clip) for clip in recordings[::20]] == texts[::20]
        assert len(set(texts)) > N_CLIPS / 4  # they do say different things

        killer = Killer(server)
        killer.start()
        start, share = time.monotonic(), N_CLIPS // N_JOBS
        ids = []
        for first in range(0, N_CLIPS, share):
            files = [("file", (f"{i}.wav", recordings[i])) for i in range(first, first + share)]
            answer = client.post("/v1/jobs", files=files)
            assert answer.status_code == 202, answer.text
            ids.append(answer.json()["id"])
        ended, restarted = 0, False
        while ended < N_JOBS:
            assert time.monotonic() < start + 1800
            time.sleep(1)
            states = [client.get(f"/v1/jobs/{job_id}", params={"limit": 1}).json() for job_id in ids]
            ended = sum(state["state"] == "done" for state in states)
            killer.heard = done = sum(state["files"]["done"] for state in states)
            if not restarted and done > N_CLIPS / 3:
                restarted = True
                redis.kill()
                time.sleep(2)
                redis.start()
        killer.end()
        elapsed_s = time.monotonic() - start

        heard: dict[str, str] = {}
        for job_id in ids:
            lines = [json.loads(line) for line in client.get(f"/v1/jobs/{job_id}/results").text.splitlines()]
            assert [line["position"] for line in lines] == list(range(share))
            for line in lines:
                assert line["file"] not in heard
                heard[line["file"]] = line["result"]["text"]
    assert heard == {f"{i}.wav": text for i, text in enumerate(texts)}
    taken_over = server.log.count("go to another worker")
    print(f"{N_CLIPS} clips in {elapsed_s:.0f} s, {killer.count} workers killed, {taken_over} recoveries")
    assert restarted
    assert killer.count >= 5
    assert taken_over


def test_killed(tmp_path: Path) -> None:
    """Every process at once, after the 202; the next server finishes what the first has taken."""
    jobs = {"HINDI_STT_JOBS_DIR": str(tmp_path / "jobs"), "HINDI_STT_JOBS_LEASE_S": "2"}
    (tmp_path / "1").mkdir()
    first = Server(tmp_path / "1", **jobs)
    try:
        first.wait_until_ready()
        files = [("file", (f"{i}.flac", (DATA / "family.flac").read_bytes())) for i in range(50)]
        job = httpx.post(f"{first.url}/v1/jobs", files=files, timeout=60).json()
    finally:
        main = psutil.Process(first.process.pid)
        for process in (main, *main.children(recursive=True)):  # BentoML's have process groups of their own
            process.kill()
        first.process.wait()
    (tmp_path / "2").mkdir()
    second = Server(tmp_path / "2", **jobs)
    try:
        second.wait_until_ready()
        deadline = time.monotonic() + 120
        while (found := httpx.get(f"{second.url}/v1/jobs/{job['id']}").json())["state"] != "done":
            assert time.monotonic() < deadline
            time.sleep(0.5)
        assert found["files"] == {"total": 50, "done": 50, "failed": 0, "cancelled": 0}
    finally:
        second.stop()


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[str]:
    """A URL of a PostgreSQL that runs for this test."""
    if (initdb := shutil.which("initdb")) is None or (binary := shutil.which("postgres")) is None:
        pytest.skip("there is no PostgreSQL server (Debian: apt-get install postgresql)")
    data = tmp_path / "postgres"
    # It refuses to run as root.
    user = {"user": "nobody"} if os.getuid() == 0 else {}
    data.mkdir()
    if user:
        for folder in (tmp_path.parent.parent, tmp_path.parent, tmp_path):
            folder.chmod(0o755)
        shutil.chown(data, "nobody")
    subprocess.run([initdb, "-D", data, "-A", "trust", "-U", "test"], check=True, capture_output=True, cwd="/", **user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [binary, "-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-k", str(data)]
    with (tmp_path / "postgres.log").open("w") as log:
        process = subprocess.Popen(command, cwd="/", stdout=log, stderr=log, **user)
    try:
        deadline = time.monotonic() + 20
        while "ready to accept connections" not in (tmp_path / "postgres.log").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield f"postgresql+psycopg://test@127.0.0.1:{port}/postgres"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_records_under_many_workers(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Eight threads claim and end; some let go of their claims; each file ends once, each job is closed once."""
    url = f"sqlite:///{tmp_path / 'jobs.db'}" if database == "sqlite" else request.getfixturevalue("postgres")
    engine = connect(url)
    records, claims = JobRecords(engine, max_waiting=10_000), Claims(engine, lease_s=1.0, tries=1000)
    hook = {"webhook_url": "https://example.com/", "webhook_secret": "whsec_"}
    ids = [records.create(NewJob("somebody", "{}", [NewFile(f"{i}") for i in range(50)], **hook)) for _ in range(6)]
    records.cancel(ids[5])
    won: list[tuple[str, int]] = []

    def work(seed: int) -> None:
        chance = random.Random(seed)
        own = connect(url)
        mine = Claims(own, lease_s=1.0, tries=1000)
        idle = 0
        while idle < 15:
            claim = mine.claim()
            if claim is None:
                mine.recover()
                idle += 1
                time.sleep(0.1)
                continue
            idle = 0
            if chance.random() < 0.1:
                continue  # a worker that was killed
            if chance.random() < 0.05:
                time.sleep(1.2)  # one that was thought to be
                mine.recover()
            if mine.finish(claim, "{}", 1.0, "model"):
                won.append((claim.job_id, claim.position))
        own.dispose()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == sorted((job_id, i) for job_id in ids[:5] for i in range(50))
    for job_id in ids[:5]:
        job = records.job(job_id, "somebody")
        assert (job["state"], job["n_done"], job["n_failed"], job["n_cancelled"]) == ("done", 50, 0, 0)
    assert records.job(ids[5], "somebody")["n_cancelled"] == 50
    due = claims.due_webhooks(100)
    assert {job["id"] for job in due} == set(ids)
    assert [claims.take_webhook(due[0], 5) for _ in range(2)] == [True, False]
    records.close()


def test_a_file_that_ends_its_workers(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'jobs.db'}")
    records, claims = JobRecords(engine, max_waiting=10), Claims(engine, lease_s=0.05, tries=3)
    job_id = records.create(NewJob("somebody", "{}", [NewFile("bomb")]))
    for _ in range(3):
        assert claims.claim()
        time.sleep(0.1)
        claims.recover()
    assert claims.claim() is None
    (row,) = records.files(job_id, after=-1, limit=10)
    assert (row["state"], row["error_code"]) == ("failed", WorkerLost.code)
    assert records.job(job_id, "somebody")["state"] == "done"
    records.close()
