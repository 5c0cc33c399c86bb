"""Half an hour of mixed clients at a share of the server's peak: `python -m loadtests.soak`; `make prove-soak`.

Clips, long recordings, realtime streams, files that are no audio, and clients that hang up, OpenAI's too. Every text
has to be what the idle server said, every request has to be answered, and what the server has counted must be what the
clients have counted. Memory, descriptors, threads and temporary files are looked at all the while.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import httpx
import matplotlib as mpl
import numpy as np

from hindi_stt.bundle.manifest import EMBEDDED
from loadtests.sweep import MEAN_CLIP_S, SATURATING_RATE, run
from loadtests.sweep import Target as SweepTarget
from tests.chaos.parts import resources_of
from tests.support.responses import eventually, quiet
from tests.support.server import ROOT, Server

mpl.use("Agg")
from matplotlib import pyplot as plt

SAMPLE_S = 5.0
# Kinds of requests that end as a success of the file API.
HEARD = {"idle", "clip", "openai", "long"}


@dataclass(frozen=True)
class Sample:
    """memory: bytes of all the server's processes that they share with nobody."""

    at_s: float
    memory: int
    descriptors: int
    threads: int
    files: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=EMBEDDED)
    parser.add_argument("--scheduler", choices=["bentoml", "cost"], default="cost")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--share", type=float, default=0.8, help="of the peak, which is measured first")
    parser.add_argument("--report", type=Path, default=Path("build/soak"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = {"HINDI_STT_SCHEDULER": arguments.scheduler, "HINDI_STT_MODEL": str(arguments.bundle.resolve())}
        server = Server(Path(folder), **settings)
        try:
            server.wait_until_ready()
            peak = peak_of(server)
            rate = arguments.share * peak / MEAN_CLIP_S
            print(f"peak {peak:.1f} × real time; {rate:.2f} requests a second for {arguments.minutes:g} minutes")
            before = counted(server)
            samples, requests = soak(server, rate, arguments.minutes * 60)
            if not eventually(lambda: quiet(server)):
                sys.exit("something of a request is left: a temporary file, or audio in progress")
            after = counted(server)
        finally:
            status = server.stop()
    arguments.report.mkdir(parents=True, exist_ok=True)
    lines, wrong = report(samples, requests, after - before)
    (arguments.report / "report.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    plot(samples, arguments.report / "soak.png")
    print("\n".join(lines))
    if wrong or status:
        sys.exit(f"{wrong or f'the server ended with status {status}'}")


def peak_of(server: Server) -> float:
    """Seconds of audio that it answers in a second when more is offered."""
    arguments = argparse.Namespace(seconds=20, mix="clips")
    return run("", SweepTarget(server.url, server.process.pid, "text"), SATURATING_RATE, arguments).goodput


def counted(server: Server) -> Counter[str]:
    """What the server has counted: successes, and errors by their codes."""
    stats = httpx.get(f"{server.url}/stats", timeout=30).json()
    return Counter({"succeeded": stats["succeeded"], **stats["errors"]})


def soak(server: Server, rate: float, seconds: float) -> tuple[list[Sample], list[dict]]:
    """Load for so long, and samples of what the server holds meanwhile."""
    samples: list[Sample] = []
    ended = threading.Event()
    start = time.monotonic()

    def watch() -> None:
        while not ended.wait(SAMPLE_S):
            held = resources_of(server)
            at_s = time.monotonic() - start
            samples.append(Sample(at_s, server.memory(), held["descriptors"], held["threads"], held["files"]))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "requests.jsonl"
            command = [sys.executable, "-m", "locust", "-f", str(ROOT / "loadtests" / "locustfile.py"), "--headless"]
            command += ["--host", server.url, "--users", "1", "--rate", str(rate), "--seconds", str(seconds)]
            command += ["--mix", "realistic", "--log", str(log), "--loglevel", "ERROR"]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            if not log.exists():
                sys.exit(f"the load generator failed:\n{done.stderr}")
            requests = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    finally:
        ended.set()
        watcher.join()
    return samples, requests


def report(samples: list[Sample], requests: list[dict], counters: Counter[str]) -> tuple[list[str], str]:
    """Lines for people, and what is wrong, if anything."""
    kinds = Counter(request["name"] for request in requests)
    failures = Counter(request["error"] for request in requests if request["error"])
    ok = sum(request["name"] in HEARD and not request["error"] for request in requests)
    lines = [f"{sum(kinds.values())} requests: {dict(kinds.most_common())}"]
    lines.append(f"failed: {dict(failures) or 'none'}; the server counted {dict(counters)}")
    hours = np.array([sample.at_s for sample in samples]) / 3600
    late = hours > hours[-1] / 3  # after warming up
    memory = np.array([sample.memory for sample in samples]) / 2**20
    slope = np.polyfit(hours[late], memory[late], 1)[0]
    first, last = np.median(memory[late][:12]), np.median(memory[-12:])
    lines.append(
        f"memory {first:.0f} MiB after a third, {last:.0f} MiB at the end ({last / first - 1:+.1%}), "
        f"{slope:+.1f} MiB an hour"
    )
    for name in ("descriptors", "threads", "files"):
        values = [getattr(sample, name) for sample in samples]
        lines.append(
            f"{name}: {np.median(values[:12]):.0f} at first, {np.median(values[-12:]):.0f} last, {max(values)} most"
        )
    answered = [request for request in requests if request["name"] == "clip" and not request["error"]]
    half = max((request["at"] for request in answered), default=0) / 2
    for what, part in (
        ("first", [r for r in answered if r["at"] < half]),
        ("second", [r for r in answered if r["at"] >= half]),
    ):
        p50, p95 = np.percentile([request["ms"] for request in part], [50, 95])
        lines.append(f"clips, {what} half: p50 {p50 / 1000:.2f} s, p95 {p95 / 1000:.2f} s")
    if failures:
        return lines, "some answers were wrong or missing"
    if counters["succeeded"] != ok:
        return lines, f"the server counted {counters['succeeded']} successes, the clients {ok}"
    return lines, ""


def plot(samples: list[Sample], file: Path) -> None:
    figure, axis = plt.subplots(figsize=(7, 3.5))
    axis.plot([s.at_s / 60 for s in samples], [s.memory / 2**20 for s in samples])
    axis.set(xlabel="minutes", ylabel="memory of the service, MiB", ylim=(0, None))
    figure.tight_layout()
    figure.savefig(file, dpi=110)


if __name__ == "__main__":
    main()
