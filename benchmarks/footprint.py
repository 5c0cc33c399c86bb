"""What the service takes before it does anything: time to its first answer, and memory.

[HINDI_STT_TEST_SPEECH=…] python -m benchmarks.footprint [--bundle BUNDLE] [--precision int8] [--rounds N]

Start: from the command until the first transcript, taking turns with an empty BentoML application of two services, one
of which calls the other. Memory: what all processes of the service hold for themselves, after clips of 2 to 15 s from
16 callers.
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
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np

from loadtests.clips import mixed_clips
from tests.conftest import DATA
from tests.support.server import Server

EMPTY = """
import bentoml

@bentoml.service
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


def until(answered: Callable[[], httpx.Response]) -> None:
    while True:
        with contextlib.suppress(httpx.TransportError):
            if answered().status_code == 200:
                return
        time.sleep(0.02)


def start_of_ours(folder: Path, environment: dict[str, str]) -> float:
    start = time.monotonic()
    server = Server(folder, **environment)
    try:
        clip = (DATA / "rain_16k.wav").read_bytes()
        until(lambda: httpx.post(f"{server.url}/transcribe", files={"file": ("a.wav", clip)}, timeout=30))
        return time.monotonic() - start
    finally:
        server.stop()


def start_of_the_empty_one(folder: Path, port: int) -> float:
    (folder / "service.py").write_text(EMPTY, encoding="utf-8")
    bentoml = Path(sys.executable).with_name("bentoml")
    start = time.monotonic()
    command = [str(bentoml), "serve", "service:Outer", "--port", str(port), "--host", "127.0.0.1"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, "BENTOML_DO_NOT_TRACK": "True"}
    process = subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True, **quiet)
    try:
        until(lambda: httpx.post(f"http://127.0.0.1:{port}/ping", json={"text": "x"}, timeout=30))
        return time.monotonic() - start
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


async def press(url: str, contents: list[bytes], callers: int) -> None:
    waiting = iter(contents)
    async with httpx.AsyncClient(timeout=300) as client:

        async def call() -> None:
            for content in waiting:
                response = await client.post(f"{url}/transcribe", files={"file": ("a.wav", content)})
                response.raise_for_status()

        await asyncio.gather(*(call() for _ in range(callers)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=Path("build/medium-random"))
    parser.add_argument("--precision", default="int8")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    environment = {"HINDI_STT_MODEL": str(arguments.bundle.resolve()), "HINDI_STT_PRECISION": arguments.precision}
    ours, empty = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for i in range(arguments.rounds):
            (folder / str(i)).mkdir()
            (folder / f"empty-{i}").mkdir()
            ours.append(start_of_ours(folder / str(i), environment))
            empty.append(start_of_the_empty_one(folder / f"empty-{i}", 3999 + i))
        ratio = np.median(ours) / np.median(empty)
        print(f"first answer: {np.median(ours):.1f} s, an empty service {np.median(empty):.1f} s: {ratio:.2f} times")
        (folder / "memory").mkdir()
        server = Server(folder / "memory", **environment)
        try:
            server.wait_until_ready()
            idle = server.memory()
            asyncio.run(press(server.url, [clip.content for clip in mixed_clips(24)] * 10, 16))
            print(f"memory: {idle / 2**20:.0f} MiB when ready, {server.memory() / 2**20:.0f} MiB after 240 clips")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
