"""Faults of parts: what dies, stops, or fills up."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from loadtests.attack.attack import Attack
from loadtests.attack.target import Target
from tests.chaos.parts import workers_of
from tests.server import Server

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
    return target.processes("hindi_stt.cli.jobs")


def signalled(find: Find, sent: signal.Signals) -> Callable[[Attack], contextlib.AbstractContextManager[None]]:
    """A signal to one of these processes; until another one is there."""

    @contextlib.contextmanager
    def run(attack: Attack) -> Iterator[None]:
        process = find(attack.target)[0]
        start_s = time.time()  # as processes say when they were started
        process.send_signal(sent)
        yield
        while time.time() - start_s < BACK_S:
            new = [one.create_time() - start_s for one in find(attack.target) if one.create_time() > start_s]
            if new and not (process.is_running() and process.status() != psutil.STATUS_ZOMBIE):
                attack.facts["replaced"] = f"after {min(new):.1f} s"
                return
            time.sleep(0.2)
        attack.facts["replaced"] = f"not within {BACK_S:g} s"
        with contextlib.suppress(psutil.Error):
            process.send_signal(signal.SIGCONT)

    return run


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
    from tests.redis_server import running_redis

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
