"""Faults of parts: what dies, stops, or fills up."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from loadtests.attack.attack import Attack
from loadtests.attack.target import Target
from tests.chaos.parts import workers_of
from tests.support.server import Server

__all__ = [
    "api_workers",
    "full_tmp",
    "hung_redis",
    "job_workers",
    "redis_cache",
    "runners",
    "second_server",
    "signalled",
]

BACK_S = 25.0
Find = Callable[[Target], list[psutil.Process]]


def runners(target: Target) -> list[psutil.Process]:
    """The processes that run the model."""
    return workers_of(target, "ConformerRunner")


def api_workers(target: Target) -> list[psutil.Process]:
    """The processes that answer requests."""
    return workers_of(target, "hindi_stt")


def job_workers(target: Target) -> list[psutil.Process]:
    """The processes that work on jobs."""
    return [*target.processes("hindi_stt.cli.jobs"), *target.processes("hindi_stt.jobs.commands")]  # today; 0.1


def signalled(find: Find, sent: signal.Signals) -> Callable[[Attack], contextlib.AbstractContextManager[None]]:
    """A signal to one of these processes, and what becomes of it: see `_Replacement`."""

    @contextlib.contextmanager
    def run(attack: Attack) -> Iterator[None]:
        before = find(attack.target)
        replacement = _Replacement(attack, find, before)
        before[0].send_signal(sent)
        replacement.start()
        yield
        replacement.join()
        with contextlib.suppress(psutil.Error):
            before[0].send_signal(signal.SIGCONT)

    return run


class _Replacement(threading.Thread):
    """Watches, ten times a second, until there are as many processes as before and none of them is the first.

    It notes when the first one had ended, when another one had been started, and when a new one of this kind answered
    for itself: the runner by /readyz after it had said no, the others by the heartbeats that /health counts.
    """

    def __init__(self, attack: Attack, find: Find, before: list[psutil.Process]) -> None:
        super().__init__(daemon=True)
        self._attack = attack
        self._find = find
        self._before = before
        self._start_s = time.monotonic()

    def run(self) -> None:
        """Until it is over, or takes too long."""
        facts = self._attack.facts
        kind = _KINDS[self._find]
        down = False
        facts |= {"ended": "no", "another started": "no", "serving again": f"not within {BACK_S:g} s"}
        while (elapsed_s := time.monotonic() - self._start_s) < BACK_S:
            if facts["ended"] == "no" and not _runs(self._before[0]):
                facts["ended"] = f"after {elapsed_s:.1f} s"
            pids = {process.pid for process in self._find(self._attack.target)}
            if facts["another started"] == "no" and pids - {process.pid for process in self._before}:
                facts["another started"] = f"after {elapsed_s:.1f} s"
            serving = self._serving(kind)
            down = down or not serving
            if down and serving and facts["another started"] != "no":
                facts["serving again"] = f"after {time.monotonic() - self._start_s:.1f} s"
                return
            time.sleep(0.1)

    def _serving(self, kind: str) -> bool:
        try:
            if kind == "runner":
                return httpx.get(f"{self._attack.target.url}/readyz", timeout=5).status_code == 200
            health = httpx.get(f"{self._attack.target.url}/health", headers=self._attack.headers(), timeout=5).json()
            if "processes" not in health:  # 0.1
                return len(self._find(self._attack.target)) == len(self._before)
            counts = health["processes"].get(kind, {})
            return bool(counts.get("running") == len(self._before) and not counts.get("silent"))
        except httpx.HTTPError:
            return False


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


_KINDS: dict[Find, str] = {runners: "runner", api_workers: "api", job_workers: "job"}


@contextlib.contextmanager
def full_tmp(attack: Attack) -> Iterator[None]:
    """The file system of temporary files is filled to the last byte."""
    folder = attack.target.folder / "small"
    filler = folder / "filler"
    with contextlib.suppress(OSError), filler.open("wb") as file:
        while True:
            file.write(bytes(min(2**20, max(1, shutil.disk_usage(folder).free))))
            file.flush()
    before = {process.pid for process in attack.target.processes("service")}
    yield
    after = {process.pid for process in attack.target.processes("service")}
    attack.facts["processes lost"] = str(len(before - after))
    filler.unlink()


@contextlib.contextmanager
def second_server(attack: Attack) -> Iterator[None]:
    """Another server with the same BENTOML_HOME starts, and ends."""
    folder = attack.target.folder / "second"
    folder.mkdir()
    home = str(attack.target.folder / "bentoml")
    before = _requests(attack)
    other = _Second(attack, folder, home)
    try:
        yield
        with contextlib.suppress(pytest.fail.Exception):
            other.wait_until_ready(30)
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            other.stop()
    attack.facts["requests counted"] = f"{before:.0f} before, {_requests(attack):.0f} after"


class _Second(Server):
    """Of the checkout that is attacked."""

    def __init__(self, attack: Attack, folder: Path, home: str) -> None:
        root = attack.target.root
        own = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = str(root)
        try:
            super().__init__(folder, root, BENTOML_HOME=home)
        finally:
            if own is None:
                del os.environ["PYTHONPATH"]
            else:
                os.environ["PYTHONPATH"] = own


def _requests(attack: Attack) -> float:
    answer = httpx.get(f"{attack.target.url}/stats", headers=attack.headers(), timeout=10)
    return float(answer.json()["requests"])


@contextlib.contextmanager
def redis_cache(folder: Path) -> Iterator[dict[str, str]]:
    """A Redis for the cache of results; needs redis-server."""
    from tests.support.redis_server import running_redis

    with running_redis(folder) as url:
        yield {"HINDI_STT_CACHE_URL": url}


@contextlib.contextmanager
def hung_redis(_: Attack) -> Iterator[None]:
    """The Redis of the cache stands still (SIGSTOP)."""
    own = psutil.Process()
    (redis,) = [process for process in own.children(recursive=True) if "redis-server" in " ".join(process.cmdline())]
    redis.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        redis.send_signal(signal.SIGCONT)
