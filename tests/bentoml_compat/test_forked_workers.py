"""Workers that are forks of the supervisor, in a real `bentoml serve` of a small application."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from hindi_stt.bentoml_compat import forked_workers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")

APP = """
import asyncio, logging, os, signal, sys, threading
import bentoml
import prometheus_client.values  # before there is a folder of metrics, as in a supervisor
from hindi_stt.bentoml_compat import supervisor

IMPORTED_IN = os.getpid()
PREPARED_IN = []
HELD = os.open(__file__, os.O_RDONLY)  # as the supervisor's own files: closed for a new interpreter

def prepare():
    PREPARED_IN.append(os.getpid())

logging.getLogger("of_the_application").info("made before BentoML sets up the log of the worker")
signal.signal(signal.SIGUSR1, lambda *_: None)  # a handler of the supervisor's
if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    supervisor.patch(prepare if os.environ["HOW"] == "fork" else None)

def facts_of_this_process():
    links = []
    for number in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink(f"/proc/self/fd/{number}"))
        except OSError:
            pass
    return {
        "pid": os.getpid(),
        "imported_in": IMPORTED_IN,
        "prepared_in": PREPARED_IN,
        "argv": sys.argv[1:],
        "held": os.path.realpath(f"/proc/self/fd/{HELD}"),
        "sockets": sum(link.startswith("socket:") for link in links),
        "handler": signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL,
        "blocked": list(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "values": prometheus_client.values.ValueClass.__name__,
        "logger": not logging.getLogger("of_the_application").disabled,
        "folder": os.environ.get("PROMETHEUS_MULTIPROC_DIR", ""),
        "session": os.getsid(0),
    }

@bentoml.service
class Inner:
    @bentoml.api
    def facts(self) -> dict:
        return facts_of_this_process()

    @bentoml.api
    def crash(self) -> None:
        os._exit(3)

@bentoml.service
class Outer:
    inner = bentoml.depends(Inner)

    @bentoml.api
    async def facts(self) -> list:
        return [facts_of_this_process(), await self.inner.to_async.facts()]

    @bentoml.api
    async def crash(self) -> None:
        await self.inner.to_async.crash()
"""


class App:
    def __init__(self, folder: Path, how: str, *options: str) -> None:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        watched = folder / "app"  # holds only the code: --reload starts the workers anew at each change of a file in it
        watched.mkdir()
        (watched / "service.py").write_text(APP, encoding="utf-8")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("HINDI_STT_", "BENTOML_"))}
        environment |= {"BENTOML_HOME": str(folder / "home"), "BENTOML_DO_NOT_TRACK": "True", "HOW": how}
        self._log = (folder / "log").open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bentoml", "serve", "service:Outer", "--port", str(port), *options],
            cwd=watched,
            env=environment,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def facts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Of the worker of the API and of the one that it calls; waits until both answer."""
        outer, inner = answered(lambda: httpx.post(f"{self.url}/facts", timeout=30))
        return outer, inner

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self._log.close()

    def kill(self) -> None:
        """With its workers, which have sessions of their own; --reload may take long to end by itself."""
        main = psutil.Process(self.process.pid)
        main.suspend()  # so that it starts no others
        for process in (*main.children(recursive=True), main):
            process.kill()
        self.process.wait(30)
        self._log.close()


def answered(call: Callable[[], httpx.Response]) -> Any:
    deadline = time.monotonic() + 90  # only ends the test; on a busy machine --reload took more than 20
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            response = call()
            if response.status_code == 200:
                return response.json()
        time.sleep(0.05)
    raise AssertionError("no answer in time")


@contextlib.contextmanager
def app(folder: Path, how: str, *options: str) -> Iterator[App]:
    running = App(folder, how, *options)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.kill()


def children(running: App) -> set[int]:
    return {child.pid for child in psutil.Process(running.process.pid).children()}


@pytest.mark.slow
def test_a_fork_is_as_a_new_interpreter(tmp_path: Path) -> None:
    seen = {}
    for how in ("fork", "spawn"):
        (tmp_path / how).mkdir()
        with app(tmp_path / how, how) as running:
            seen[how] = running.facts()
            title = psutil.Process(running.process.pid).cmdline()
            for facts in seen[how]:
                assert facts["pid"] in children(running)
                assert (facts["imported_in"] == facts["pid"]) == (how == "spawn")
                assert facts["prepared_in"] == ([facts["pid"]] if how == "fork" else [])
                assert facts["handler"] == (how == "fork")  # a new interpreter has made it its own
                assert facts["blocked"] == []
                assert facts["values"] == "MmapedValue"
                assert facts["logger"]
                assert facts["folder"]
                assert facts["session"] == facts["pid"]
            outer, inner = seen[how]
            assert "Inner" in psutil.Process(inner["pid"]).cmdline()
            assert "--service-name" in psutil.Process(outer["pid"]).cmdline()
            assert "bentoml" in title
            assert "serve" in title
            assert running.stop() == 0
    for forked, spawned in zip(seen["fork"], seen["spawn"], strict=True):
        assert [word for word in forked["argv"] if not word.isdigit()] == [
            word for word in spawned["argv"] if not word.isdigit()
        ]
        assert forked["sockets"] == spawned["sockets"]  # none of the supervisor's
    assert all(facts["held"] == os.devnull for facts in seen["fork"])


@pytest.mark.slow
def test_a_fork_that_ends_is_replaced_by_a_fork(tmp_path: Path) -> None:
    with app(tmp_path, "fork") as running:
        _, before = running.facts()
        httpx.post(f"{running.url}/crash", timeout=30)
        after = before
        deadline = time.monotonic() + 30
        while after["pid"] == before["pid"] and time.monotonic() < deadline:
            _, after = running.facts()
        assert after["pid"] != before["pid"]
        assert after["imported_in"] == running.process.pid
        assert running.stop() == 0


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--reload", "--development"])
def test_code_that_may_change_is_imported_anew(option: str, tmp_path: Path) -> None:
    with app(tmp_path, "fork", option) as running:
        outer, _ = running.facts()
        assert outer["imported_in"] != running.process.pid


@pytest.mark.parametrize(("code", "status"), [("raise SystemExit(3)", 3), ("os.kill(os.getpid(), 9)", -9), ("1", 0)])
def test_the_exit_status_of_a_fork(code: str, status: int) -> None:
    pid = os.fork()
    if pid == 0:
        try:
            exec(code)
        except SystemExit as end:
            os._exit(int(str(end.code)))
        os._exit(0)
    process = forked_workers.ForkedProcess(pid)
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.returncode == status
    assert process.poll() == status
