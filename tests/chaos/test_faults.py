"""Faults around a server of two API workers: parts killed, disks full, models spoilt, clients that storm or dawdle.

Not here: steps of the wall clock (nothing can set it in a container; the code counts with the monotonic clock), and a
kernel out of memory, whose killer does to a process what SIGKILL does here.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from hindi_stt.bundle.manifest import EMBEDDED
from tests.chaos.parts import (
    BACK_WITHIN_S,
    CLIP,
    NOTICED_WITHIN_S,
    resources_of,
    runner_of,
    status_of,
    wait_for,
    wait_for_status,
    workers_of,
)
from tests.support.responses import is_error, quiet
from tests.support.server import Server

pytestmark = pytest.mark.chaos

STORM, DAWDLERS = 1_000, 100


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of its own, to be spoilt."""
    return Path(shutil.copytree(EMBEDDED, tmp_path_factory.mktemp("model") / "bundle"))


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Server]:
    running = Server(
        tmp_path_factory.mktemp("faults"),
        HINDI_STT_MODEL=str(model),
        HINDI_STT_API_WORKERS="2",
        HINDI_STT_REQUEST_TIMEOUT_S="20",
        HINDI_STT_UPLOAD_TIMEOUT_S="10",
    )
    try:
        running.wait_until_ready()
        for _ in range(8):  # both workers have heard something
            running.transcribe(CLIP)
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def expected(steady: Server) -> str:
    text: str = steady.transcribe(CLIP).json()["text"]
    assert text
    return text


@contextlib.contextmanager
def callers(server: Server, count: int) -> Iterator[list[httpx.Response | None]]:
    """So many who ask again and again meanwhile, and what they got; None where the connection broke."""
    found: list[httpx.Response | None] = []
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            try:
                found.append(server.transcribe(CLIP))
            except httpx.TransportError:
                found.append(None)
                time.sleep(0.1)

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def test_an_api_worker_is_killed(steady: Server, expected: str) -> None:
    before = workers_of(steady, "hindi_stt")
    assert len(before) == 2
    with callers(steady, 4) as answers:
        time.sleep(2)
        os.kill(before[0].pid, signal.SIGKILL)
        back_s = wait_for(lambda: len(workers_of(steady, "hindi_stt")) == 2, BACK_WITHIN_S, "another worker")
        time.sleep(1)
    broken = answers.count(None)
    print(f"API worker: {broken} of {len(answers)} connections broke; another was started after {back_s:.1f} s")
    # Only what the dead one held is gone: a connection of each caller at most, and one more that it had accepted.
    assert broken <= 8
    assert all(answer.json()["text"] == expected for answer in answers if answer is not None)
    wait_for_status(steady, "healthy", BACK_WITHIN_S)


def test_a_model_file_is_damaged_while_it_is_served(steady: Server, model: Path, expected: str) -> None:
    """What is loaded goes on; what is started finds it out, says which file, and works again when it is whole."""
    tokens = model / "tokens.txt"
    whole = tokens.read_bytes()
    tokens.write_bytes(whole[:-10])
    try:
        assert steady.transcribe(CLIP).json()["text"] == expected
        os.kill(runner_of(steady).pid, signal.SIGKILL)
        noticed_s = wait_for_status(steady, "unhealthy", NOTICED_WITHIN_S)
        wait_for(lambda: "tokens.txt has SHA-256" in steady.log, BACK_WITHIN_S, "the log names the file")
        answer = steady.transcribe(CLIP)
        assert answer.status_code in {503, 504}
        assert status_of(steady) == "unhealthy"
    finally:
        tokens.write_bytes(whole)
    back_s = wait_for_status(steady, "healthy", BACK_WITHIN_S)
    print(f"model spoilt, runner killed: noticed after {noticed_s:.1f} s; back {back_s:.1f} s after it was whole again")
    assert steady.transcribe(CLIP).json()["text"] == expected


def test_a_storm_of_clients(steady: Server, expected: str) -> None:
    """Connections that come and go by the hundred, some in the middle of a request."""
    assert wait_for(lambda: quiet(steady), 30, "quiet") >= 0
    before = resources_of(steady)
    head = b"POST /transcribe HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    head += b"Content-Length: 100000\r\n\r\n--x\r\n"
    with callers(steady, 1) as answers:
        for i in range(STORM):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", steady.port), 10) as client:
                client.sendall(head[: i % len(head)])
    assert [answer.json()["text"] for answer in answers if answer is not None] == [expected] * len(answers)
    wait_for(lambda: quiet(steady), 30, "quiet")

    def settled() -> bool:
        now = resources_of(steady)
        # The threads that the pools may still start, and connections of the runner's client that are kept open.
        return all(now[name] <= before[name] + 16 for name in before) and now["processes"] == before["processes"]

    wait_for(settled, 30, f"as before: {before}")
    print(f"storm of {STORM}: {len(answers)} neighbours answered, before {before}, after {resources_of(steady)}")


def test_slow_clients(steady: Server, expected: str) -> None:
    """A hundred connections, a third silent, a third a byte at a time, a third that stop within their body."""
    clients = [socket.create_connection(("127.0.0.1", steady.port), timeout=10) for _ in range(DAWDLERS)]
    try:
        head = (
            b"POST /transcribe HTTP/1.1\r\nHost: localhost\r\nContent-Type: audio/wav\r\nContent-Length: 9000\r\n\r\n"
        )
        for i, client in enumerate(clients):
            if i % 3 == 2:
                client.sendall(head + CLIP[:5_000])
        for at in range(20):
            for client in clients[1::3]:
                client.sendall(head[at : at + 1])
            assert steady.transcribe(CLIP).json()["text"] == expected
        for client in clients[2::3]:
            assert client.recv(4096).startswith(b"HTTP/1.1 408")
    finally:
        for client in clients:
            client.close()
    wait_for(lambda: quiet(steady), 30, "quiet")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MB: there is room for the model in it, while it is put into the store."""
    folder = tmp_path / "small"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk(small_disk: Path, tmp_path: Path, expected: str) -> None:
    """Uploads that do not fit are refused by name; small ones, which stay in memory, are heard."""
    running = Server(tmp_path, TMPDIR=str(small_disk))
    try:
        running.wait_until_ready()
        large = CLIP[:44] + bytes(60_000_000)
        is_error(running.transcribe(large), 503, "storage_full")
        (small_disk / "filler").write_bytes(bytes(shutil.disk_usage(small_disk).free))
        is_error(running.transcribe(large), 503, "storage_full")
        assert running.transcribe(CLIP).json()["text"] == expected
        (small_disk / "filler").unlink()
        assert status_of(running) == "healthy"
    finally:
        running.stop()


def test_full_metrics(small_disk: Path, tmp_path: Path, expected: str) -> None:
    """The worst place for them: what finds no space there is not counted, and no process ends."""
    places = {"TMPDIR": str(small_disk), "HINDI_STT_RUNTIME_DIR": str(small_disk)}
    running = Server(tmp_path, BENTOML_HOME=str(small_disk / "home"), **places)
    try:
        running.wait_until_ready()
        processes = {process.pid for process in psutil.Process(running.process.pid).children(recursive=True)}
        with (small_disk / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            while filler.write(bytes(4096)):
                pass
        for i in range(20):
            assert running.transcribe(CLIP).json()["text"] == expected
            is_error(running.transcribe(CLIP[:44] + bytes(3_000_000)), 503, "storage_full")
            httpx.get(f"{running.url}/nothing/{i}")
        assert httpx.get(f"{running.url}/metrics").status_code == 200
        assert status_of(running) == "healthy"
        assert {process.pid for process in psutil.Process(running.process.pid).children(recursive=True)} == processes
    finally:
        (small_disk / "filler").unlink(missing_ok=True)
        running.stop()


def test_the_supervisor_is_killed(tmp_path_factory: pytest.TempPathFactory, expected: str) -> None:
    """Nothing of the server outlives it: the port is free, and no process holds memory."""
    running = Server(tmp_path_factory.mktemp("alone"))
    try:
        running.wait_until_ready()
        assert running.transcribe(CLIP).json()["text"] == expected
        children = psutil.Process(running.process.pid).children(recursive=True)
        assert len(children) >= 2
        running.process.kill()
        running.process.wait()
        _, alive = psutil.wait_procs(children, timeout=15)
        assert not alive, [process.cmdline() for process in alive]
    finally:
        with contextlib.suppress(ProcessLookupError):
            running.stop()
