"""The database of jobs is away when a server starts: it transcribes, says so in its health, and takes jobs later."""

from __future__ import annotations

import contextlib
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.chaos.parts import CLIP, status_of, wait_for, workers_of
from tests.support.postgresql_server import PostgreSQL
from tests.support.server import Server

pytestmark = pytest.mark.chaos


def jobs_of(server: Server) -> dict[str, str]:
    report: dict[str, str] = httpx.get(f"{server.url}/health", timeout=5).json()["jobs"]
    return report


def create_job(server: Server) -> httpx.Response:
    return httpx.post(f"{server.url}/v1/jobs", files={"file": ("a.wav", CLIP)}, timeout=60)


def refusal_of(server: Server) -> tuple[int, str]:
    answer = create_job(server)
    return answer.status_code, answer.json()["error"]["code"]


def workers(server: Server) -> set[psutil.Process]:
    return set(workers_of(server, "hindi_stt"))


@contextlib.contextmanager
def stopped_database() -> Iterator[PostgreSQL]:
    """The test starts it, and stops it again."""
    with tempfile.TemporaryDirectory() as folder:  # another user has to reach it
        Path(folder).chmod(0o755)
        database = PostgreSQL(Path(folder))
        database.stop()
        yield database


@contextlib.contextmanager
def serving(folder: Path, jobs_url: str, usage_url: str) -> Iterator[Server]:
    server = Server(
        folder, HINDI_STT_JOBS_DIR=str(folder / "jobs"), HINDI_STT_JOBS_URL=jobs_url, HINDI_STT_USAGE_URL=usage_url
    )
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.stop()


def test_a_database_that_comes_later(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("later")
    with stopped_database() as database, serving(folder, database.url, database.url) as server:
        assert server.transcribe(CLIP).status_code == 200
        assert status_of(server) == "healthy"
        report = jobs_of(server)
        assert report["status"] == "unavailable"
        assert "connection" in report["error"]
        assert refusal_of(server) == (503, "jobs_unavailable")
        before = workers(server)
        database.start()
        wait_for(lambda: jobs_of(server)["status"] == "healthy", 30, "jobs are open")
        created = create_job(server)
        assert created.status_code in {201, 202}, created.text
        path = f"/v1/jobs/{created.json()['id']}"
        wait_for(lambda: httpx.get(server.url + path).json()["state"] == "done", 60, "the job is done")
        assert workers(server) == before
        database.stop()


def test_a_database_that_takes_connections_and_never_answers(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("hung")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql+psycopg://x@127.0.0.1:{silent.getsockname()[1]}/x"
        with serving(folder, url, url) as server:
            assert server.transcribe(CLIP).status_code == 200
            assert jobs_of(server)["status"] == "unavailable"
            assert refusal_of(server) == (503, "jobs_unavailable")
            assert server.stop() == 0, "the thread that waits for the database does not hold the end"
