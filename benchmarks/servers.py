"""This service in its forms, and the earlier design, in one run: throughput, latency, CPU time of the whole service.

[HINDI_STT_TEST_SPEECH=…] python -m benchmarks.servers [--bundle BUNDLE] [--rounds N] [--earlier APP.py …]

16 callers in a closed loop send clips of 2 to 15 s, cut and joined from real speech. The servers take turns and are
started anew each time, so that none of them idles beside another. `--earlier` as in loadtests.sweep.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from tqdm import tqdm

from loadtests.clips import Clip, mixed_clips
from loadtests.sweep import Target, earlier, tree_cpu_s
from tests.support.server import Server

CALLERS = 16
N_CLIPS = 48
FORMS = {
    "as it comes, int8": {"HINDI_STT_PRECISION": "int8"},
    "as it comes, fp32": {"HINDI_STT_PRECISION": "fp32"},
    "BentoML's dispatcher, fp32": {"HINDI_STT_PRECISION": "fp32", "HINDI_STT_SCHEDULER": "bentoml"},
}
EARLIER = "the earlier design, fp32"


@dataclass
class Measured:
    """What one server did, a figure a round."""

    throughput: list[float] = field(default_factory=list)
    cpu_per_audio_s: list[float] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=Path("build/medium-random"))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--earlier", type=Path, metavar="APP.py")
    parser.add_argument("--earlier-python", type=Path, default=Path(sys.executable))
    arguments = parser.parse_args()
    clips = mixed_clips(N_CLIPS)
    measured = {name: Measured() for name in [*FORMS, *([EARLIER] if arguments.earlier else [])]}
    for _ in tqdm(range(arguments.rounds), desc="rounds"):
        for name, figures in measured.items():
            with started(name, arguments) as target:
                asyncio.run(load(target.url, clips[:CALLERS]))
                measure(target, clips, figures)
    report(measured)


@contextlib.contextmanager
def started(name: str, arguments: argparse.Namespace) -> Iterator[Target]:
    """The server of this name, ready."""
    with tempfile.TemporaryDirectory() as folder:
        if name == EARLIER:
            with earlier(arguments.earlier, arguments.earlier_python, arguments.bundle, Path(folder)) as target:
                yield target
            return
        server = Server(Path(folder), HINDI_STT_MODEL=str(arguments.bundle.resolve()), **FORMS[name])
        try:
            server.wait_until_ready()
            yield Target(server.url, server.process.pid, "text")
        finally:
            server.stop()


async def load(url: str, clips: Sequence[Clip]) -> list[float]:
    """Send every clip, a bounded number at a time; seconds that each answer took."""
    gate = asyncio.Semaphore(CALLERS)
    async with httpx.AsyncClient(timeout=300) as client:

        async def one(content: bytes) -> float:
            async with gate:
                start = time.perf_counter()
                response = await client.post(f"{url}/transcribe", files={"file": ("clip.wav", content)})
                response.raise_for_status()
                return time.perf_counter() - start

        return await asyncio.gather(*(one(clip.content) for clip in clips))


def measure(target: Target, clips: Sequence[Clip], into: Measured) -> None:
    audio_s = sum(clip.duration_s for clip in clips)
    cpu, wall = tree_cpu_s(target.pid), time.perf_counter()
    into.latencies_s += asyncio.run(load(target.url, clips))
    into.throughput.append(audio_s / (time.perf_counter() - wall))
    into.cpu_per_audio_s.append((tree_cpu_s(target.pid) - cpu) / audio_s)


def report(measured: dict[str, Measured]) -> None:
    first = next(iter(measured.values()))
    print("| server | × real time | the first against it | CPU s per audio s | p50 | p95 |")
    print("| --- " * 6 + "|")
    for name, m in measured.items():
        p50, p95 = np.percentile(m.latencies_s, [50, 95])
        rate, cpu = statistics.median(m.throughput), statistics.median(m.cpu_per_audio_s)
        ratio = statistics.median(a / b for a, b in zip(first.throughput, m.throughput, strict=True))
        print(f"| {name} | {rate:.1f} | {ratio:.2f}× | {cpu:.4f} | {p50:.2f} s | {p95:.2f} s |")


if __name__ == "__main__":
    main()
