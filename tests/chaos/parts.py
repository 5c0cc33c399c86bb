"""What the chaos tests share: the parts of a server, and waiting for what its health says."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import httpx
import psutil
import pytest

from tests.conftest import DATA
from tests.support.server import Server

CLIP = (DATA / "rain_16k.wav").read_bytes()
# What health may take to tell, and what the supervisor and the model may take to start: these only end the test, the
# times themselves are printed.
NOTICED_WITHIN_S, BACK_WITHIN_S = 30.0, 60.0


def workers_of(server: Server, service: str) -> list[psutil.Process]:
    """Processes of one of the server's services, by the beginning of its name."""
    found = []
    for process in psutil.Process(server.process.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # or a zombie
            words = process.cmdline()
            if "--service-name" in words and words[words.index("--service-name") + 1].startswith(service):
                found.append(process)
    return found


def runner_of(server: Server) -> psutil.Process:
    wait_for(lambda: bool(workers_of(server, "ConformerRunner")), BACK_WITHIN_S, "a runner")
    (runner,) = workers_of(server, "ConformerRunner")
    return runner


def status_of(server: Server) -> str:
    report: dict[str, str] = httpx.get(f"{server.url}/health", timeout=5).json()
    return report["status"]


def wait_for(condition: Callable[[], bool], within_s: float, what: str) -> float:
    """Seconds until it held."""
    start = time.monotonic()
    while time.monotonic() < start + within_s:
        with contextlib.suppress(httpx.TransportError):
            if condition():
                return time.monotonic() - start
        time.sleep(0.1)
    pytest.fail(f"{what}: not after {within_s} s")


def wait_for_status(server: Server, wanted: str, within_s: float) -> float:
    return wait_for(lambda: status_of(server) == wanted, within_s, wanted)


def resources_of(server: Server) -> dict[str, int]:
    """Processes, threads and open files of all its parts, and its temporary files."""
    main = psutil.Process(server.process.pid)
    processes = [main, *main.children(recursive=True)]
    return {
        "processes": len(processes),
        "threads": sum(process.num_threads() for process in processes),
        "descriptors": sum(process.num_fds() for process in processes),
        "files": sum(path.is_file() for path in server.tmp.rglob("*")),
    }
