"""Offered load against what comes of it, for several servers in one run: `python -m loadtests.sweep`.

Each contender is started, driven to saturation, then offered the same shares of the first one's peak. Contenders:

cost, bentoml   this service with either scheduler
unbatched       this service with BentoML's scheduler and batches of one
earlier         the earlier design, where --earlier names its app.py and a Python that has what it imports

The load generator runs on the same machine; its share of the CPU time stands in
the report.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
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

from hindi_stt.bundle import EMBEDDED, Bundle
from tests.server import ROOT, Server

mpl.use("Agg")
from matplotlib import pyplot as plt

SETTINGS = {
    "cost": {"HINDI_STT_SCHEDULER": "cost"},
    "bentoml": {"HINDI_STT_SCHEDULER": "bentoml"},
    "unbatched": {"HINDI_STT_SCHEDULER": "bentoml", "HINDI_STT_MAX_BATCH_SIZE": "1"},
}
SATURATING_RATE = 40.0
MEAN_CLIP_S = 8.5


@dataclass(frozen=True)
class Step:
    """One contender under one load. offered, goodput: audio seconds per second; p50 to p99: seconds;
    generator_share: of the CPU time that it and the server took.
    """

    contender: str
    offered: float
    goodput: float
    p50: float
    p95: float
    p99: float
    refused: int
    failed: int
    requests: int
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
    parser.add_argument("--shares", nargs="+", type=float, default=[0.3, 0.5, 0.7, 0.9, 1.2, 2.0, 5.0])
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--mix", default="clips")
    parser.add_argument("--report", type=Path, default=Path("build/loadtest"))
    arguments = parser.parse_args()
    contenders = [*arguments.contenders, *(["earlier"] if arguments.earlier else [])]
    steps: list[Step] = []
    peak = 0.0
    with tqdm(total=len(contenders) * (1 + len(arguments.shares)), unit="step") as bar:
        for contender in contenders:
            with started(contender, arguments) as target:
                saturated = run(contender, target, SATURATING_RATE, arguments)
                bar.update()
                peak = peak or saturated.goodput
                for share in arguments.shares:
                    steps.append(run(contender, target, share * peak / MEAN_CLIP_S, arguments))
                    bar.update()
    arguments.report.mkdir(parents=True, exist_ok=True)
    write_report(arguments.report, steps, peak)
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
    command = [str(python), "-m", "uvicorn", "app:app", "--port", str(port), "--log-level", "warning"]
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


def run(contender: str, target: Target, rate: float, arguments: argparse.Namespace) -> Step:
    """Offer the rate, in requests per second, for a while."""
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
    return summary(contender, rate, [r for r in requests if r["name"] != "idle"], generator / (generator + server))


def summary(contender: str, rate: float, requests: Sequence[dict], generator_share: float) -> Step:
    answered = [r for r in requests if not r["error"] and "refused" not in r["name"] and r.get("audio_s")]
    times = [r["ms"] / 1000 for r in answered] or [0.0]
    # Until the last answer: what was accepted counts, and the time that it took.
    elapsed = max((r["at"] + r["ms"] / 1000 for r in answered), default=1.0)
    p50, p95, p99 = np.percentile(times, [50, 95, 99])
    return Step(
        contender,
        offered=rate * MEAN_CLIP_S,
        goodput=sum(r["audio_s"] for r in answered) / elapsed,
        p50=p50,
        p95=p95,
        p99=p99,
        refused=sum("refused" in r["name"] for r in requests),
        failed=sum(bool(r["error"]) for r in requests),
        requests=len(requests),
        generator_share=generator_share,
    )


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
    header = "| server | offered | goodput | p50 | p95 | p99 | requests | refused | failed | generator's CPU |"
    lines = [header, "| --- " * 10 + "|"]
    for s in steps:
        times = " | ".join(f"{value:.2f} s" for value in (s.p50, s.p95, s.p99))
        lines.append(
            f"| {s.contender} | {s.offered:.1f} | {s.goodput:.1f} | {times} | {s.requests} | {s.refused} | {s.failed} "
            f"| {s.generator_share:.0%} |"
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
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell.strip())}</td>" for cell in line.strip("|").split("|")) + "</tr>"
        for line in [lines[0], *lines[2:]]
    )
    image = base64.b64encode((folder / "load.png").read_bytes()).decode()
    page = f'<meta charset="utf-8"><title>Load</title><p>{note}</p><img src="data:image/png;base64,{image}">'
    (folder / "report.html").write_text(f"{page}<table border>{rows}</table>", encoding="utf-8")


if __name__ == "__main__":
    main()
