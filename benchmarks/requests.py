"""What a request costs on its way: this build, another build, and an empty BentoML application of two services.

python -m benchmarks.requests [--before CHECKOUT] [--bundle BUNDLE] [--rounds N]

All servers are up at once and take turns in rounds, in another order each time: `CALLS` requests one after the other
(their median is the round's figure), then `CALLERS` callers at once (clips a second, and CPU seconds of all processes
of the server for each request). In process: the same clip through the same stages without a server.
The empty application takes the same upload, reads it, sends an array of the size of the clip's features to its second
service and gets it back. Ratios are of figures of the same round; intervals are of their mean (bootstrap, 95 %).
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import psutil
from tqdm import tqdm

from benchmarks.footprint import until
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from tests.support.server import ROOT, Server

CLIP = ROOT / "tests" / "data" / "family.flac"
CALLS = 40
CALLERS = 16
CLIPS_AT_ONCE = 96
OURS, BEFORE, IN_PROCESS, EMPTY = "this build", "the build before", "in process", "empty application"
EMPTY_APP = """
from pathlib import Path
import bentoml, numpy as np

# The default loses calls that are on their way: findings/bentoml_calls_cut_every_100.sh
@bentoml.service(traffic={"timeout": 60}, runner_connection={"max_requests": 10**9, "max_age": 1e9})
class Inner:
    @bentoml.api
    def run(self, values: np.ndarray) -> np.ndarray:
        return values

@bentoml.service(traffic={"timeout": 60})
class Outer:
    inner = bentoml.depends(Inner)

    @bentoml.api
    async def transcribe(self, file: Path) -> dict:
        n = len(file.read_bytes())
        values = await self.inner.to_async.run(values=np.zeros((80, 560), np.float32))
        return {"text": str(n), "shape": list(values.shape)}
"""


@dataclass
class Figures:
    """Of one contender, a value for each round."""

    alone_ms: list[float] = field(default_factory=list)
    per_s: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)


@contextmanager
def empty_app(folder: Path) -> Iterator[tuple[str, int]]:
    """The empty application's address and process."""
    folder.mkdir()
    (folder / "service.py").write_text(EMPTY_APP, encoding="utf-8")
    command = [sys.executable, "-m", "bentoml", "serve", "service:Outer", "--port", "3990", "--host", "127.0.0.1"]
    environment = {**os.environ, "BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": str(folder / "home")}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True, **quiet)
    try:
        url = "http://127.0.0.1:3990"
        until(lambda: httpx.post(f"{url}/transcribe", files={"file": ("a.flac", b"x")}, timeout=30), process)
        yield url, process.pid
    finally:
        process.terminate()
        process.wait(30)


def cpu_s(pid: int) -> float:
    """CPU seconds of a process and its descendants."""
    process = psutil.Process(pid)
    return sum(sum(one.cpu_times()[:2]) for one in (process, *process.children(recursive=True)))


def median_ms(client: httpx.Client, url: str, content: bytes) -> float:
    """Of requests one after the other."""
    taken = []
    for _ in range(CALLS):
        start = time.perf_counter()
        client.post(f"{url}/transcribe", files={"file": ("clip.flac", content)}).raise_for_status()
        taken.append(time.perf_counter() - start)
    return 1000 * statistics.median(taken)


async def at_once(url: str, content: bytes) -> float:
    """Clips a second by many callers."""
    waiting = iter(range(CLIPS_AT_ONCE))
    start = time.perf_counter()
    async with httpx.AsyncClient(timeout=60) as client:

        async def call() -> None:
            for _ in waiting:
                answer = await client.post(f"{url}/transcribe", files={"file": ("clip.flac", content)})
                answer.raise_for_status()

        await asyncio.gather(*(call() for _ in range(CALLERS)))
    return CLIPS_AT_ONCE / (time.perf_counter() - start)


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean of the values, and its 95 % interval by bootstrap."""
    rng = np.random.default_rng(0)
    found = np.asarray(values)
    means = rng.choice(found, (10_000, len(found))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(found.mean()), float(low), float(high)


def report(figures: Mapping[str, Figures]) -> None:
    """Print a table of medians, and one of ratios within rounds."""
    print("| server | one request, ms | 16 callers, clips a second | CPU of a request, ms |\n| --- | --- | --- | --- |")
    for name, one in figures.items():
        cells = [
            f"{statistics.median(values):.1f}" if values else "—" for values in (one.alone_ms, one.per_s, one.cpu_ms)
        ]
        print(f"| {name} | {' | '.join(cells)} |")
    ours = figures[OURS]
    for name in (BEFORE, IN_PROCESS, EMPTY):
        if name not in figures:
            continue
        other = figures[name]
        mean, low, high = interval([a - b for a, b in zip(ours.alone_ms, other.alone_ms, strict=True)])
        print(f"one request, above {name}: {mean:+.2f} ms ({low:+.2f} to {high:+.2f})")
        if name == BEFORE:
            for label, mine, theirs in (
                ("time of one request", ours.alone_ms, other.alone_ms),
                ("time of a clip at 16 callers", [1 / v for v in ours.per_s], [1 / v for v in other.per_s]),
                ("CPU of a request at 16 callers", ours.cpu_ms, other.cpu_ms),
            ):
                mean, low, high = interval([a / b for a, b in zip(mine, theirs, strict=True)])
                print(f"{label}, against {name}: {mean:.3f} ({low:.3f} to {high:.3f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, help="a checkout of another build")
    parser.add_argument("--bundle", type=Path, default=EMBEDDED, help="the model of both builds")
    parser.add_argument("--rounds", type=int, default=12)
    arguments = parser.parse_args()
    content = CLIP.read_bytes()
    bundle = Bundle.open(arguments.bundle)
    pipeline, acoustic = Pipeline(bundle, Settings()), LocalAcoustic(bundle, threads=Settings().effective_threads)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        servers: dict[str, tuple[str, int]] = {}
        for label, root in ((OURS, ROOT), (BEFORE, arguments.before)):
            if root is not None:
                (folder / label).mkdir()
                server = Server(folder / label, root.resolve(), HINDI_STT_MODEL=str(arguments.bundle.resolve()))
                stack.callback(server.stop)
                server.wait_until_ready()
                servers[label] = (server.url, server.process.pid)
        servers[EMPTY] = stack.enter_context(empty_app(folder / "empty"))
        figures = {label: Figures() for label in (*servers, IN_PROCESS)}
        client = stack.enter_context(httpx.Client(timeout=30))
        for number in tqdm(range(-1, arguments.rounds), desc="rounds"):
            for label in random.sample(list(figures), len(figures)):
                if label == IN_PROCESS:
                    taken = []
                    for _ in range(CALLS):
                        start = time.perf_counter()
                        pipeline.transcribe(io.BytesIO(content), acoustic)
                        taken.append(time.perf_counter() - start)
                    alone_ms = 1000 * statistics.median(taken)
                else:
                    url, pid = servers[label]
                    alone_ms = median_ms(client, url, content)
                    before_s = cpu_s(pid)
                    per_s = asyncio.run(at_once(url, content))
                    cpu_ms = 1000 * (cpu_s(pid) - before_s) / CLIPS_AT_ONCE
                if number < 0:  # the first round warms up
                    continue
                figures[label].alone_ms.append(alone_ms)
                if label != IN_PROCESS:
                    figures[label].per_s.append(per_s)
                    figures[label].cpu_ms.append(cpu_ms)
        report(figures)


if __name__ == "__main__":
    main()
