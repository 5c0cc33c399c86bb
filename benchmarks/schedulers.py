"""The two schedulers side by side in one run: throughput, latency, and CPU time of the whole service.

[HINDI_STT_TEST_SPEECH=…] python -m benchmarks.schedulers [--bundle BUNDLE] [--rounds N]

The servers stand side by side and take turns under the same load: clips of 2 to 15 s from real speech, 16 callers.
CPU seconds of the service's processes per second of audio are the steadiest figure where a machine does other work.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import psutil
from tqdm import tqdm

from hindi_stt.bundle import EMBEDDED
from loadtests.clips import Clip, mixed_clips
from tests.server import Server

CALLERS = 16
N_CLIPS = 48


@dataclass
class Measured:
    """What one scheduler did, a figure a round."""

    throughput: list[float] = field(default_factory=list)
    cpu_per_audio_s: list[float] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=EMBEDDED)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    clips = mixed_clips(N_CLIPS)
    measured: dict[str, Measured] = {"bentoml": Measured(), "cost": Measured()}
    with tempfile.TemporaryDirectory() as folder:
        servers = {name: start(Path(folder) / name, name, arguments.bundle) for name in measured}
        try:
            for server in servers.values():
                server.wait_until_ready()
                asyncio.run(load(server, clips[:CALLERS]))
            for _ in tqdm(range(arguments.rounds), desc="rounds"):
                for name, server in servers.items():
                    measure(server, clips, measured[name])
        finally:
            for server in servers.values():
                server.stop()
    report(measured)


def start(folder: Path, scheduler: str, bundle: Path) -> Server:
    folder.mkdir()
    return Server(folder, HINDI_STT_SCHEDULER=scheduler, HINDI_STT_MODEL=str(bundle.resolve()))


async def load(server: Server, clips: Sequence[Clip]) -> list[float]:
    """Send every clip, a bounded number at a time; seconds that each answer took."""
    gate = asyncio.Semaphore(CALLERS)
    async with httpx.AsyncClient(timeout=300) as client:

        async def one(content: bytes) -> float:
            async with gate:
                start = time.perf_counter()
                response = await client.post(f"{server.url}/transcribe", files={"file": ("clip.wav", content)})
                response.raise_for_status()
                return time.perf_counter() - start

        return await asyncio.gather(*(one(clip.content) for clip in clips))


def measure(server: Server, clips: Sequence[Clip], into: Measured) -> None:
    audio_s = sum(clip.duration_s for clip in clips)
    cpu, wall = cpu_s(server), time.perf_counter()
    into.latencies_s += asyncio.run(load(server, clips))
    into.throughput.append(audio_s / (time.perf_counter() - wall))
    into.cpu_per_audio_s.append((cpu_s(server) - cpu) / audio_s)


def cpu_s(server: Server) -> float:
    """CPU seconds of the server's processes so far."""
    root = psutil.Process(server.process.pid)
    times = (process.cpu_times() for process in [root, *root.children(recursive=True)])
    return sum(t.user + t.system for t in times)


def report(measured: dict[str, Measured]) -> None:
    print("| scheduler | × real time | CPU s per audio s | p50 | p95 |\n| --- | --- | --- | --- | --- |")
    for name, m in measured.items():
        p50, p95 = np.percentile(m.latencies_s, [50, 95])
        rate, cpu = statistics.median(m.throughput), statistics.median(m.cpu_per_audio_s)
        print(f"| {name} | {rate:.1f} | {cpu:.4f} | {p50:.2f} s | {p95:.2f} s |")
    ours, theirs = measured["cost"], measured["bentoml"]
    ratio = statistics.median(a / b for a, b in zip(ours.throughput, theirs.throughput, strict=True))
    cpu_ratio = statistics.median(a / b for a, b in zip(ours.cpu_per_audio_s, theirs.cpu_per_audio_s, strict=True))
    print(f"\ncost against bentoml: throughput {ratio:.2f}×, CPU {cpu_ratio:.2f}×")


if __name__ == "__main__":
    main()
