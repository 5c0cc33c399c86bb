"""What jobs at full speed cost those who wait: latency of interactive requests without and with them, taking turns.

python -m benchmarks.jobs [--bundle BUNDLE] [--scheduler bentoml] [--workers N] [--rounds N] [--seconds S] [--bulk]

One server with job workers beside it, as many as cores. An interactive caller sends the evaluation set's sentences (by
espeak-ng), one after the other with a pause of 0.1 s. In every second turn the workers are overloaded.
--bulk: instead of jobs, `hindi-stt bulk` on the same machine, in its environment (make bulk).
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
from tqdm import tqdm

from hindi_stt.bundle.manifest import EMBEDDED
from tests.support.evaluation_set import clips
from tests.support.server import Server

PAUSE_S = 0.1
# More than the workers transcribe in one turn, whatever the machine.
FILES = 600
BULK_FILES = 4000


def turn(client: httpx.Client, recordings: Iterator[bytes], seconds: float) -> list[float]:
    """Seconds of each request."""
    times = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.perf_counter()
        client.post("/transcribe", files={"file": next(recordings)}).raise_for_status()
        times.append(time.perf_counter() - start)
        time.sleep(PAUSE_S)
    return times


def busy_turn(
    client: httpx.Client, recordings: Iterator[bytes], seconds: float, call: bytes
) -> tuple[list[float], float]:
    """The same with jobs, and the seconds of audio that they transcribed per second."""
    files = [("file", (f"{i}.wav", call)) for i in range(FILES)]
    job = client.post("/v1/jobs", files=files).raise_for_status().json()["id"]
    while not heard_s(client, job):
        time.sleep(0.1)
    before_s, start = heard_s(client, job), time.perf_counter()
    times = turn(client, recordings, seconds)
    speed = (heard_s(client, job) - before_s) / (time.perf_counter() - start)
    assert client.get(f"/v1/jobs/{job}").json()["state"] == "running"
    client.post(f"/v1/jobs/{job}/cancel").raise_for_status()
    client.delete(f"/v1/jobs/{job}").raise_for_status()
    time.sleep(1)
    return times, speed


def bulk_turn(
    client: httpx.Client, recordings: Iterator[bytes], seconds: float, folder: Path, workers: int
) -> tuple[list[float], float]:
    """The same beside a bulk run."""
    out = folder / "out"
    command = [sys.executable, "-m", "tests.bulk", "bulk", str(folder / "manifest"), "--out", str(out)]
    command += ["--workers", str(workers), "--commit-s", "1"]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        while not bulk_transcribed_s(out):
            time.sleep(0.2)
        before_s, start = bulk_transcribed_s(out), time.perf_counter()
        times = turn(client, recordings, seconds)
        speed = (bulk_transcribed_s(out) - before_s) / (time.perf_counter() - start)
        assert run.poll() is None
    finally:
        run.kill()
        run.wait()
    shutil.rmtree(out)
    time.sleep(5)  # until Ray has noticed
    return times, speed


def bulk_transcribed_s(out: Path) -> float:
    lines = (line for shard in out.glob("*.jsonl") for line in shard.read_text(encoding="utf-8").splitlines())
    return sum(json.loads(line).get("duration", 0.0) for line in lines)


def heard_s(client: httpx.Client, job: str) -> float:
    seconds: float = client.get(f"/v1/jobs/{job}", params={"limit": 1}).json()["audio_s"]["heard"]
    return seconds


def write_manifest(folder: Path, recordings: list[bytes]) -> None:
    """More than a run transcribes in a turn: recordings that differ in their last sample, as equal ones count once."""
    for i in range(BULK_FILES):
        content = recordings[i % len(recordings)]
        (folder / f"{i}.wav").write_bytes(content[:-2] + i.to_bytes(2, "little"))
    (folder / "manifest").write_text("".join(f"{i}.wav\n" for i in range(BULK_FILES)), encoding="utf-8")


def measure(arguments: argparse.Namespace) -> None:
    bundle, workers, seconds = arguments.bundle, arguments.workers, arguments.seconds
    sentences = [clip.wav for clip in clips(count=40)]
    recordings = itertools.cycle(sentences)
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "HINDI_STT_SCHEDULER": arguments.scheduler,
            "HINDI_STT_JOBS_DIR": f"{folder}/jobs",
            "HINDI_STT_JOBS_WORKERS": str(workers),
        }
        if arguments.bulk:
            write_manifest(Path(folder), sentences)
        if bundle != EMBEDDED:
            settings["HINDI_STT_MODEL"] = str(bundle.resolve())
        server = Server(Path(folder), **settings)
        try:
            server.wait_until_ready()
            with httpx.Client(base_url=server.url, timeout=120) as client:
                turn(client, recordings, 3)
                without: list[float] = []
                beside: list[float] = []
                speeds = []
                for _ in tqdm(range(arguments.rounds), leave=False):
                    without += turn(client, recordings, seconds)
                    if arguments.bulk:
                        times, speed = bulk_turn(client, recordings, seconds, Path(folder), workers)
                    else:
                        times, speed = busy_turn(client, recordings, seconds, sentences[0])
                    beside += times
                    speeds.append(speed)
        finally:
            server.stop()
    what = "bulk" if arguments.bulk else "jobs"
    print(f"{os.cpu_count()} cores, {workers} workers of {what}, scheduler {arguments.scheduler}, {bundle.name}")
    for name, times in (("without", without), ("with", beside)):
        p50, p95 = np.percentile(times, [50, 95])
        print(f"{name}: {len(times)} requests, p50 {1000 * p50:.0f} ms, p95 {1000 * p95:.0f} ms")
    print(f"p95 with / without: {np.percentile(beside, 95) / np.percentile(without, 95):.2f}")
    print(f"{what} meanwhile: {np.median(speeds):.1f} s of audio a second")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=EMBEDDED)
    parser.add_argument("--scheduler", choices=["bentoml", "cost"], default="cost")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--bulk", action="store_true", help="instead of jobs")
    measure(parser.parse_args())


if __name__ == "__main__":
    main()
