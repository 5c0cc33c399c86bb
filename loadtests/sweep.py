"""Offered load against what comes of it, for several servers in one run: `python -m loadtests.sweep`.

The first contender is driven to saturation; then each is offered the same shares of that peak. Only the first is
offered more than it can do: the others do not refuse, and their queues would say how long the step was. Contenders:

cost            this service as it comes, told to refuse what would wait for more than two seconds
bentoml         this service with BentoML's dispatcher
unbatched       the same, with each clip in a run of its own
earlier         the earlier design, where --earlier names its app.py and a Python that has what it imports

The load generator runs on the same machine; its share of the CPU time stands in
the report.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import heapq
import html
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import matplotlib as mpl
import numpy as np
import psutil
from tqdm import tqdm

from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.settings import available_cores
from tests.support.server import ROOT, Server

mpl.use("Agg")
from matplotlib import pyplot as plt

SETTINGS = {
    "cost": {"HINDI_STT_SCHEDULER": "cost", "HINDI_STT_MAX_WAIT_S": "2"},
    "bentoml": {"HINDI_STT_SCHEDULER": "bentoml"},
    "unbatched": {"HINDI_STT_SCHEDULER": "bentoml", "HINDI_STT_MAX_PADDING": "0"},
}
SATURATING_RATE = 40.0
MEAN_CLIP_S = 8.5
MOST_FOR_PEERS = 0.9


@dataclass(frozen=True)
class Step:
    """One server under one load.

    Attributes:
        contender: name of the server.
        offered: seconds of audio sent per second.
        goodput: seconds of audio transcribed per second.
        p50: median latency in seconds.
        p95: 95th percentile in seconds.
        p99: 99th percentile in seconds.
        ideal_p95: of the same arrivals in a queue without any cost of its own, see `fcfs_p95`.
        refusal_p95: seconds until a refusal.
        cpu_per_audio_s: CPU seconds of the server per second of audio.
        generator_share: the load generator's share of the CPU time that it and the server took.
    """

    contender: str
    offered: float
    goodput: float
    p50: float
    p95: float
    p99: float
    ideal_p95: float
    refused: int
    refusal_p95: float
    failed: int
    requests: int
    cpu_per_audio_s: float
    generator_share: float


@dataclass(frozen=True)
class Target:
    """A running server: its address, its process, and where its answers hold the text."""

    url: str
    pid: int
    field: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=EMBEDDED)
    parser.add_argument("--contenders", nargs="+", default=["cost", "bentoml", "unbatched"], choices=[*SETTINGS])
    parser.add_argument("--earlier", type=Path, metavar="APP.py", help="the earlier design, measured as it stands")
    parser.add_argument("--earlier-python", type=Path, default=Path(sys.executable))
    parser.add_argument("--shares", nargs="+", type=float, default=[0.5, 0.7, 0.9, 1.2, 2.0, 5.0])
    parser.add_argument("--seconds", type=float, default=25)
    parser.add_argument("--mix", default="clips")
    parser.add_argument("--report", type=Path, default=Path("build/loadtest"))
    arguments = parser.parse_args()
    contenders = [*arguments.contenders, *(["earlier"] if arguments.earlier else [])]
    steps: list[Step] = []
    peak = 0.0
    for_peers = [share for share in arguments.shares if share <= MOST_FOR_PEERS]
    with tqdm(total=1 + len(arguments.shares) + (len(contenders) - 1) * len(for_peers), unit="step") as bar:
        for contender in contenders:
            with started(contender, arguments) as target:
                shares = for_peers if peak else arguments.shares
                if not peak:
                    peak = run(contender, target, SATURATING_RATE, arguments).goodput
                    bar.update()
                for share in shares:
                    steps.append(run(contender, target, share * peak / MEAN_CLIP_S, arguments, peak))
                    write_report(arguments.report, steps, peak)
                    bar.update()
    print((arguments.report / "report.md").read_text(encoding="utf-8"))
    if any(step.failed for step in steps):
        sys.exit("some answers were wrong or missing")


@contextlib.contextmanager
def started(contender: str, arguments: argparse.Namespace) -> Iterator[Target]:
    """The contender, ready."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if contender == "earlier":
            with earlier(arguments.earlier, arguments.earlier_python, arguments.bundle, folder) as target:
                yield target
            return
        server = Server(folder, HINDI_STT_MODEL=str(arguments.bundle.resolve()), **SETTINGS[contender])
        try:
            server.wait_until_ready()
            yield Target(server.url, server.process.pid, "text")
        finally:
            server.stop()


@contextlib.contextmanager
def earlier(app: Path, python: Path, folder: Path, work: Path) -> Iterator[Target]:
    """The earlier design on the bundle's fp32 model."""
    bundle = Bundle.open(folder)
    tokens = work / "tokens.txt"
    tokens.write_text("\n".join(bundle.tokens), encoding="utf-8")
    model = next(a.file for a in bundle.manifest.assets if a.role == "acoustic" and a.name == "fp32")
    environment = {
        **os.environ,
        "MODEL": str((folder / model).resolve()),
        "TOKENS": str(tokens),
        "BLANK": str(bundle.manifest.acoustic.blank_id),
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(python.absolute()), "-m", "uvicorn", "app:app", "--port", str(port), "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=app.parent, env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{url}/health").status_code == 200:
                    break
            time.sleep(0.2)
        yield Target(url, process.pid, "transcription")
    finally:
        process.terminate()
        process.wait(30)


def run(contender: str, target: Target, rate: float, arguments: argparse.Namespace, peak: float = 0.0) -> Step:
    """Offer the rate, in requests per second, for a while. peak: see `fcfs_p95`."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "requests.jsonl"
        command = [sys.executable, "-m", "locust", "-f", str(ROOT / "loadtests" / "locustfile.py"), "--headless"]
        command += ["--host", target.url, "--users", "1", "--rate", str(rate), "--seconds", str(arguments.seconds)]
        command += ["--mix", arguments.mix, "--field", target.field, "--log", str(log), "--loglevel", "ERROR"]
        generator, server = children_cpu_s(), tree_cpu_s(target.pid)
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        generator, server = children_cpu_s() - generator, tree_cpu_s(target.pid) - server
        if not log.exists() or not (lines := log.read_text(encoding="utf-8").splitlines()):
            sys.exit(f"the load generator failed:\n{done.stderr}")
        requests = [json.loads(line) for line in lines]
    return summary(contender, rate, requests, generator, server, peak)


def summary(
    contender: str, rate: float, requests: Sequence[dict], generator_s: float, server_s: float, peak: float
) -> Step:
    """generator_s, server_s: CPU time of each."""
    # The idle answers come first, and cost CPU time as well.
    idle_s = sum(r["audio_s"] for r in requests if r["name"] == "idle")
    requests = [r for r in requests if r["name"] != "idle"]
    answered = [r for r in requests if not r["error"] and "refused" not in r["name"] and r.get("audio_s")]
    times = [r["ms"] / 1000 for r in answered] or [0.0]
    # Until the last answer: what was accepted counts, and the time that it took.
    elapsed = max((r["at"] + r["ms"] / 1000 for r in answered), default=1.0)
    p50, p95, p99 = np.percentile(times, [50, 95, 99])
    refusals = [r["ms"] / 1000 for r in requests if "refused" in r["name"]]
    heard_s = sum(r["audio_s"] for r in answered)
    arrivals = sorted((r["at"], r["audio_s"]) for r in answered)
    return Step(
        contender,
        offered=rate * MEAN_CLIP_S,
        goodput=heard_s / elapsed,
        p50=p50,
        p95=p95,
        p99=p99,
        ideal_p95=fcfs_p95(arrivals, peak),
        refused=len(refusals),
        refusal_p95=float(np.percentile(refusals, 95)) if refusals else 0.0,
        failed=sum(bool(r["error"]) for r in requests),
        requests=len(requests),
        cpu_per_audio_s=server_s / (heard_s + idle_s) if heard_s else float("nan"),
        generator_share=generator_s / (generator_s + server_s),
    )


def fcfs_p95(arrivals: Sequence[tuple[float, float]], peak: float) -> float:
    """Simulate a first-come, first-served queue with one server per core.

    Args:
        arrivals: time, and seconds of audio, of each clip in order.
        peak: seconds of audio per second that all cores transcribe together; 0 if unknown.

    Returns:
        95th percentile of the latency in seconds; 0 where the peak is not known.
    """
    cores = [0.0] * available_cores()
    times = []
    for at, audio_s in arrivals if peak else ():
        start = max(at, heapq.heappop(cores))
        heapq.heappush(cores, start + audio_s * available_cores() / peak)
        times.append(start + audio_s * available_cores() / peak - at)
    return float(np.percentile(times, 95)) if times else 0.0


def tree_cpu_s(pid: int) -> float:
    """CPU seconds of a process and its descendants so far."""
    root = psutil.Process(pid)
    times = (process.cpu_times() for process in [root, *root.children(recursive=True)])
    return sum(t.user + t.system for t in times)


def children_cpu_s() -> float:
    """CPU seconds of this process's ended children so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def write_report(folder: Path, steps: Sequence[Step], peak: float) -> None:
    """report.md, report.html and load.png."""
    folder.mkdir(parents=True, exist_ok=True)
    header = (
        "| server | offered | goodput | p50 | p95 | p99 | ideal p95 | requests | refused | p95 of refusals | failed "
        "| CPU s per audio s | generator's CPU |"
    )
    lines = [header, "| --- " * 13 + "|"]
    for s in steps:
        times = " | ".join(f"{value:.2f} s" for value in (s.p50, s.p95, s.p99, s.ideal_p95))
        lines.append(
            f"| {s.contender} | {s.offered:.1f} | {s.goodput:.1f} | {times} | {s.requests} | {s.refused} "
            f"| {1000 * s.refusal_p95:.0f} ms | {s.failed} | {s.cpu_per_audio_s:.4f} | {s.generator_share:.0%} |"
        )
    note = f"Offered load and goodput in seconds of audio per second; peak of the first server: {peak:.1f}."
    (folder / "report.md").write_text("\n".join([note, "", *lines, ""]), encoding="utf-8")
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
    for contender in dict.fromkeys(s.contender for s in steps):
        own = [s for s in steps if s.contender == contender]
        left.plot([s.offered for s in own], [s.goodput for s in own], marker="o", label=contender)
        right.plot([s.offered for s in own], [s.p95 for s in own], marker="o", label=contender)
    left.set(xlabel="offered, audio s per s", ylabel="answered, audio s per s")
    right.set(xlabel="offered, audio s per s", ylabel="p95, s", yscale="log")
    left.legend()
    figure.tight_layout()
    figure.savefig(folder / "load.png", dpi=110)
    plt.close(figure)
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell.strip())}</td>" for cell in line.strip("|").split("|")) + "</tr>"
        for line in [lines[0], *lines[2:]]
    )
    image = base64.b64encode((folder / "load.png").read_bytes()).decode()
    page = f'<meta charset="utf-8"><title>Load</title><p>{note}</p><img src="data:image/png;base64,{image}">'
    (folder / "report.html").write_text(f"{page}<table border>{rows}</table>", encoding="utf-8")


if __name__ == "__main__":
    main()
