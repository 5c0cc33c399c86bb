"""Two servers with one BENTOML_HOME, which is what two shells of one user have: neither disturbs the other."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.chaos.parts import CLIP, runner_of, status_of, wait_for
from tests.support.server import Server

pytestmark = pytest.mark.chaos

ENDS_WITHIN_S = 25.0


@contextlib.contextmanager
def two_servers(folder: Path, **settings: str) -> Iterator[tuple[Server, Server]]:
    """The second is started when the first has answered a request."""
    shared = {"BENTOML_HOME": str(folder / "home"), **settings}
    servers: list[Server] = []
    try:
        for name in ("first", "second"):
            (folder / name).mkdir()
            servers.append(Server(folder / name, **shared))
            servers[-1].wait_until_ready()
            assert servers[-1].transcribe(CLIP).status_code == 200
        yield servers[0], servers[1]
    finally:
        for server in servers:
            with contextlib.suppress(ProcessLookupError):
                server.stop()


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short path: the names of Unix sockets are bounded."""
    return tmp_path_factory.mktemp("two")


def requests_of(server: Server) -> int:
    stats: dict[str, int] = httpx.get(f"{server.url}/stats", timeout=10).json()
    return stats["requests"]


def test_counters_drain_and_runners_are_each_servers_own(folder: Path) -> None:
    with two_servers(folder) as (first, second):
        assert requests_of(first) == 1, "the first server's counters are gone"
        first.transcribe(CLIP)
        assert (requests_of(first), requests_of(second)) == (2, 1)

        runner = runner_of(second)
        answers: list[httpx.Response] = []
        ended = threading.Event()

        def ask() -> None:
            while not ended.is_set():
                answers.append(second.transcribe(CLIP))

        caller = threading.Thread(target=ask)
        caller.start()
        try:
            start = time.monotonic()
            assert first.stop() == 0
            assert time.monotonic() - start < ENDS_WITHIN_S
            assert not list(first.tmp.iterdir()), "the server leaves nothing behind"
        finally:
            ended.set()
            caller.join()
        assert answers
        assert [answer.status_code for answer in answers] == [200] * len(answers)
        assert runner_of(second).pid == runner.pid
        assert status_of(second) == "healthy"


def test_the_folder_of_a_killed_server_is_removed_by_the_next(folder: Path) -> None:
    runtime = folder / "runtime"
    runtime.mkdir()
    settings = {"HINDI_STT_RUNTIME_DIR": str(runtime)}
    (folder / "killed").mkdir()
    killed = Server(folder / "killed", **settings)
    try:
        killed.wait_until_ready()
        (left,) = runtime.iterdir()
        assert oct(left.stat().st_mode & 0o777) == "0o700"
        children = psutil.Process(killed.process.pid).children(recursive=True)
        os.kill(killed.process.pid, 9)
        killed.process.wait()
        assert not psutil.wait_procs(children, timeout=30)[1]
        assert left.exists()
    finally:
        with contextlib.suppress(ProcessLookupError):
            killed.stop()
    (folder / "next").mkdir()
    following = Server(folder / "next", **settings)
    try:
        following.wait_until_ready()
        assert not left.exists()
        assert len(list(runtime.iterdir())) == 1
    finally:
        following.stop()
    wait_for(lambda: not list(runtime.iterdir()), 60, "the folder is removed at the end")
