"""What jobs at full speed cost those who wait: latency of interactive requests without and with them, taking turns.

python -m benchmarks.jobs [--bundle BUNDLE] [--scheduler cost] [--workers N] [--rounds N] [--seconds S]

One server with job workers beside it, as many as cores. An interactive caller sends the evaluation set's sentences (by
espeak-ng), one after the other with a pause of 0.1 s. In every second turn the workers have more to hear than they can.
"""

from __future__ import annotations

import argparse
import itertools
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
from tqdm import tqdm

from hindi_stt.bundle import EMBEDDED
from tests.evaluation_set import clips
from tests.server import Server

PAUSE_S = 0.1
# More than the workers hear in one turn, whatever the machine.
FILES = 600


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
    """The same with jobs, and the seconds of audio that they heard a second."""
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


def heard_s(client: httpx.Client, job: str) -> float:
    seconds: float = client.get(f"/v1/jobs/{job}", params={"limit": 1}).json()["audio_s"]["heard"]
    return seconds


def measure(bundle: Path, scheduler: str, workers: int, rounds: int, seconds: float) -> None:
    sentences = [clip.wav for clip in clips(count=40)]
    recordings = itertools.cycle(sentences)
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "HINDI_STT_SCHEDULER": scheduler,
            "HINDI_STT_JOBS_DIR": f"{folder}/jobs",
            "HINDI_STT_JOBS_WORKERS": str(workers),
        }
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
                for _ in tqdm(range(rounds), leave=False):
                    without += turn(client, recordings, seconds)
                    times, speed = busy_turn(client, recordings, seconds, sentences[0])
                    beside += times
                    speeds.append(speed)
        finally:
            server.stop()
    print(f"{os.cpu_count()} cores, {workers} job workers, scheduler {scheduler}, {bundle.name}")
    for name, times in (("without jobs", without), ("with jobs", beside)):
        p50, p95 = np.percentile(times, [50, 95])
        print(f"{name}: {len(times)} requests, p50 {1000 * p50:.0f} ms, p95 {1000 * p95:.0f} ms")
    print(f"p95 with / without: {np.percentile(beside, 95) / np.percentile(without, 95):.2f}")
    print(f"jobs meanwhile: {np.median(speeds):.1f} s of audio a second")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=EMBEDDED)
    parser.add_argument("--scheduler", choices=["bentoml", "cost"], default="bentoml")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=12)
    arguments = parser.parse_args()
    measure(arguments.bundle, arguments.scheduler, arguments.workers, arguments.rounds, arguments.seconds)


if __name__ == "__main__":
    main()
