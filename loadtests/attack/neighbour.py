"""A well-behaved client: a clip of two seconds at a steady rate, whatever becomes of the ones before (open loop)."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

import httpx
import numpy as np

__all__ = ["Neighbour", "Seen"]

INTERVAL_S = 0.15
PROBE_INTERVAL_S = 0.25
TIMEOUT_S = 30.0


@dataclass
class Seen:
    """What came of a stretch of time: seconds of each answer, wrong texts, statuses, and the worst of the probes."""

    elapsed_s: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    n_wrong: int = 0
    ready: list[int] = field(default_factory=list)
    live_s: list[float] = field(default_factory=list)

    @property
    def n_lost(self) -> int:
        """Clips without a transcript: neither connection, answer nor success."""
        return sum(status != 200 for status in self.statuses)

    def percentile_ms(self, percent: float) -> float:
        """Of the time to an answer, whatever it was; clips that got none count as the time-out."""
        return float(np.percentile(self.elapsed_s, percent) * 1000) if self.elapsed_s else float("nan")


class Neighbour:
    """In a process of its own, so that the load generator's work is not taken for the server's.

    Args:
        url: Of the server.
        key: The neighbour's.
        clip: A recording.
        cores: What the process may use.
    """

    def __init__(self, url: str, key: str, clip: bytes, cores: list[int]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, child = context.Pipe()
        self._process = context.Process(target=_main, args=(child, url, key, clip, cores), daemon=True)
        self._process.start()
        self.text: str = self._pipe.recv()

    def watch(self, seconds: float) -> Seen:
        """Send clips for so long, and wait for the answers."""
        self.start(seconds)
        return self.finish()

    def start(self, seconds: float) -> None:
        """Begin to send clips for so long."""
        self._pipe.send(seconds)

    def finish(self) -> Seen:
        """What came of them."""
        seen: Seen = self._pipe.recv()
        return seen

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()


def _main(pipe: Connection, url: str, key: str, clip: bytes, cores: list[int]) -> None:
    os.sched_setaffinity(0, cores)
    asyncio.run(_serve(pipe, url, key, clip))


async def _serve(pipe: Connection, url: str, key: str, clip: bytes) -> None:
    limits = httpx.Limits(max_connections=500, max_keepalive_connections=500)
    async with httpx.AsyncClient(
        base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=TIMEOUT_S, limits=limits
    ) as client:
        first = await client.post("/transcribe", files={"file": ("clip.wav", clip)})
        text = first.json()["text"]
        pipe.send(text)
        while True:
            seconds = await asyncio.to_thread(pipe.recv)
            pipe.send(await _watch(client, clip, text, seconds))


async def _watch(client: httpx.AsyncClient, clip: bytes, text: str, seconds: float) -> Seen:
    seen = Seen()

    async def send() -> None:
        start = time.perf_counter()
        try:
            answer = await client.post("/transcribe", files={"file": ("clip.wav", clip)})
        except httpx.HTTPError:
            seen.elapsed_s.append(max(TIMEOUT_S, time.perf_counter() - start))
            seen.statuses.append(0)
            return
        seen.elapsed_s.append(time.perf_counter() - start)
        seen.statuses.append(answer.status_code)
        if answer.status_code == 200 and answer.json()["text"] != text:
            seen.n_wrong += 1

    async def probe() -> None:
        start = time.perf_counter()
        try:
            seen.ready.append((await client.get("/readyz", timeout=10)).status_code)
            await client.get("/livez", timeout=10)
        except httpx.HTTPError:
            seen.ready.append(0)
        seen.live_s.append(time.perf_counter() - start)

    tasks = []
    end, next_probe = time.perf_counter() + seconds, 0.0
    while (now := time.perf_counter()) < end:
        tasks.append(asyncio.create_task(send()))
        if now >= next_probe:
            tasks.append(asyncio.create_task(probe()))
            next_probe = now + PROBE_INTERVAL_S
        await asyncio.sleep(INTERVAL_S)
    await asyncio.gather(*tasks)
    return seen
