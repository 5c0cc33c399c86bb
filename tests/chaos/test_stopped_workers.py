"""Workers that hang instead of dying: noticed, said in the health, killed and replaced; and how soon a dead one is."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator

import httpx
import psutil
import pytest

from tests.chaos.parts import BACK_WITHIN_S, CLIP, wait_for, workers_of
from tests.conftest import DATA
from tests.support.server import Server

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("stopped")
    running = Server(
        folder,
        HINDI_STT_API_WORKERS="2",
        HINDI_STT_JOBS_DIR=str(folder / "jobs"),
        HINDI_STT_JOBS_LEASE_S="2",
    )
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def api_workers(server: Server) -> set[int]:
    return {process.pid for process in workers_of(server, "hindi_stt")}


def job_workers(server: Server) -> set[int]:
    found = set()
    for child in psutil.Process(server.process.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # or a zombie
            if "hindi_stt.cli.jobs" in child.cmdline():
                found.add(child.pid)
    return found


def silent(server: Server, kind: str) -> int:
    processes: dict[str, dict[str, int]] = httpx.get(f"{server.url}/health", timeout=2).json()["processes"]
    return processes[kind]["silent"]


def test_a_killed_api_worker_is_replaced_at_once(server: Server) -> None:
    """Three times: before, the supervisor looked every ten seconds, and once could be soon by chance."""
    for _ in range(3):
        before = api_workers(server)
        killed = min(before)
        os.kill(killed, signal.SIGKILL)
        start = time.monotonic()
        wait_for(lambda: bool(api_workers(server) - before), 8, "another process is started")  # noqa: B023
        wait_for(lambda: _reports(server) == 2, BACK_WITHIN_S, "it serves")
        print(f"API worker back {time.monotonic() - start:.1f} s after its death")


def _reports(server: Server) -> int:
    """How many API workers have begun to serve."""
    processes = httpx.get(f"{server.url}/health", timeout=2).json()["processes"]
    return processes["api"]["running"] if not processes["api"]["silent"] else 0


def test_a_stopped_api_worker(server: Server) -> None:
    before = api_workers(server)
    stopped = min(before)
    os.kill(stopped, signal.SIGSTOP)
    start = time.monotonic()
    wait_for(lambda: silent(server, "api") == 1, 10, "health says so")
    wait_for(lambda: stopped not in api_workers(server), 30, "it is killed")
    wait_for(lambda: len(api_workers(server)) == 2 and _reports(server) == 2, BACK_WITHIN_S, "another one serves")
    print(f"stopped API worker: another one serves after {time.monotonic() - start:.1f} s")
    assert "killed the API worker" in server.log
    assert server.transcribe(CLIP).status_code == 200


def test_a_stopped_job_worker(server: Server) -> None:
    wait_for(lambda: len(job_workers(server)) == 1, BACK_WITHIN_S, "a job worker")
    clips = [("files", (f"{i}.flac", (DATA / "rain.flac").read_bytes())) for i in range(20)]
    created = httpx.post(f"{server.url}/v1/jobs", files=[("file", part) for _, part in clips], timeout=60)
    assert created.status_code in {201, 202}, created.text
    url = f"{server.url}/v1/jobs/{created.json()['id']}"
    (stopped,) = job_workers(server)
    os.kill(stopped, signal.SIGSTOP)
    wait_for(lambda: silent(server, "job") == 1, 10, "health says so")
    wait_for(lambda: not job_workers(server) <= {stopped}, BACK_WITHIN_S, "another one is started")
    wait_for(lambda: httpx.get(url).json()["state"] == "done", 90, "the job is done")
    assert "killed the job worker" in server.log
