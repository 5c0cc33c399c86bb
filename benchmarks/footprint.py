"""What the service takes before it does anything: time to its first answer, and memory.

[HINDI_STT_TEST_SPEECH=…] python -m benchmarks.footprint [--bundle BUNDLE] [--precision int8] [--rounds N]

Start: from the command until the first transcript, in rounds with an empty BentoML application of two services, one of
which calls the other, and with this service whose workers are new interpreters (HINDI_STT_WORKER_START=spawn). Memory:
what all processes hold, pages that they share counted once (PSS), after requests of 16 callers: clips of 2 to 15 s
here, pings there.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import numpy as np

from benchmarks.timing import cpu_name
from loadtests.clips import mixed_clips
from loadtests.memory import memory_by_process
from tests.conftest import DATA
from tests.support.server import Server

CALLERS = 16
REST_S = 10
Call = Callable[[httpx.AsyncClient, bytes], Awaitable[httpx.Response]]
EMPTY = """
import bentoml

# The default loses calls that are on their way: findings/bentoml_calls_cut_every_100.sh
@bentoml.service(runner_connection={"max_requests": 10**9, "max_age": 1e9})
class Inner:
    @bentoml.api
    def ping(self, text: str) -> str:
        return text

@bentoml.service
class Outer:
    inner = bentoml.depends(Inner)

    @bentoml.api
    async def ping(self, text: str) -> str:
        return await self.inner.to_async.ping(text=text)
"""


def until(answered: Callable[[], httpx.Response], process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if answered().status_code == 200:
                return
        time.sleep(0.02)
    sys.exit(f"The server ended with {process.returncode} before it answered.")


def start_of_ours(folder: Path, environment: dict[str, str]) -> float:
    start = time.monotonic()
    server = Server(folder, **environment)
    try:
        clip = (DATA / "rain_16k.wav").read_bytes()
        files = {"file": ("a.wav", clip)}
        until(lambda: httpx.post(f"{server.url}/transcribe", files=files, timeout=30), server.process)
        return time.monotonic() - start
    finally:
        server.stop()


@contextlib.contextmanager
def empty_service(folder: Path, port: int) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address of an empty application, and its supervisor; it may not answer yet."""
    (folder / "service.py").write_text(EMPTY, encoding="utf-8")
    bentoml = Path(sys.executable).with_name("bentoml")
    command = [str(bentoml), "serve", "service:Outer", "--port", str(port), "--host", "127.0.0.1"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, "BENTOML_DO_NOT_TRACK": "True"}
    process = subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True, **quiet)
    try:
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def ping(url: str) -> httpx.Response:
    return httpx.post(f"{url}/ping", json={"text": "x"}, timeout=30)


def start_of_the_empty_one(folder: Path, port: int) -> float:
    start = time.monotonic()
    with empty_service(folder, port) as (url, process):
        until(lambda: ping(url), process)
        return time.monotonic() - start


async def press(url: str, contents: list[bytes], callers: int) -> None:
    async def transcribe(client: httpx.AsyncClient, content: bytes) -> httpx.Response:
        return await client.post(f"{url}/transcribe", files={"file": ("a.wav", content)})

    await in_parallel(contents, callers, transcribe)


async def press_the_empty_one(url: str, calls: int, callers: int) -> None:
    async def one(client: httpx.AsyncClient, content: bytes) -> httpx.Response:
        return await client.post(f"{url}/ping", json={"text": content.decode()})

    await in_parallel([b"x"] * calls, callers, one)


async def in_parallel(contents: list[bytes], callers: int, call: Call) -> None:
    waiting = iter(contents)
    async with httpx.AsyncClient(timeout=300) as client:

        async def caller() -> None:
            for content in waiting:
                (await call(client, content)).raise_for_status()

        await asyncio.gather(*(caller() for _ in range(callers)))


def report_memory(name: str, found: dict[str, float]) -> None:
    parts = ", ".join(f"{part} {mib:.0f}" for part, mib in found.items())
    print(f"memory, {name}: {sum(found.values()):.0f} MiB ({parts})")


def measure_memory(folder: Path, environment: dict[str, str], port: int) -> None:
    server = Server(folder, **environment)
    try:
        server.wait_until_ready()
        report_memory("when ready", memory_by_process(server.process.pid))
        asyncio.run(press(server.url, [clip.content for clip in mixed_clips(24)] * 10, CALLERS))
        report_memory("after 240 clips", memory_by_process(server.process.pid))
        time.sleep(REST_S)
        report_memory(f"{REST_S} s later", memory_by_process(server.process.pid))
    finally:
        server.stop()
    with empty_service(folder, port) as (url, process):
        until(lambda: ping(url), process)
        report_memory("an empty application", memory_by_process(process.pid))
        asyncio.run(press_the_empty_one(url, 2000, CALLERS))
        report_memory("an empty application after 2000 pings", memory_by_process(process.pid))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=Path("build/medium-random"))
    parser.add_argument("--precision", default="int8")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if not arguments.bundle.is_dir():
        parser.error(f"{arguments.bundle} is no folder: `make medium-random`, or --bundle hindi_stt/embedded")
    environment = {"HINDI_STT_MODEL": str(arguments.bundle.resolve()), "HINDI_STT_PRECISION": arguments.precision}
    contenders: dict[str, Callable[[Path], float]] = {
        "this service": lambda folder: start_of_ours(folder, environment),
        "with workers that are new interpreters": lambda folder: start_of_ours(
            folder, {**environment, "HINDI_STT_WORKER_START": "spawn"}
        ),
        "an empty application": lambda folder: start_of_the_empty_one(folder, 3999),
    }
    times: dict[str, list[float]] = {name: [] for name in contenders}
    print(f"CPU: {cpu_name()}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name:
        for number in range(arguments.rounds):
            for label, start in contenders.items():
                folder = Path(name, f"{number} {label}")
                folder.mkdir()
                times[label].append(start(folder))
        empty = times["an empty application"]
        for label, values in times.items():
            ratio = np.median([a / b for a, b in zip(values, empty, strict=True)])
            print(f"first answer, {label}: {np.median(values):.2f} s, {ratio:.2f} times the empty application's")
        memory = Path(name, "memory")
        memory.mkdir()
        measure_memory(memory, environment, 3999)


if __name__ == "__main__":
    main()
