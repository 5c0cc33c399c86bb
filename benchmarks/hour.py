"""What short clips notice of an hour-long recording that is being transcribed all the time: python -m benchmarks.hour.

One server. Clips of 2 to 15 s come as a Poisson process at a share of the peak, which is measured first; in every other
turn an hour of speech is sent as well, again as soon as it is answered. The recording takes what the clips leave. The
figure is the ratio of the clips' 95th percentiles, at the same rate of clips.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import soundfile

from benchmarks.timing import report_table
from loadtests.clips import mixed_clips
from loadtests.sweep import MEAN_CLIP_S, SATURATING_RATE, Target, run
from tests.support.server import Server

RATE = 16_000
HOUR_S = 3_600
# What the recording takes to arrive and be decoded is not part of a turn.
BEFORE_S = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=Path("build/medium-random"))
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--share", type=float, default=0.5, help="of the peak")
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = {"HINDI_STT_MODEL": str(arguments.bundle.resolve()), "HINDI_STT_PRECISION": arguments.precision}
        server = Server(Path(folder), **settings)
        try:
            server.wait_until_ready()
            target = Target(server.url, server.process.pid, "text")
            steps = argparse.Namespace(seconds=15, mix="clips")
            peak = run("", target, SATURATING_RATE, steps).goodput
            steps.seconds, rate = 60, arguments.share * peak / MEAN_CLIP_S
            print(f"peak {peak:.1f} × real time; {rate:.2f} clips a second", flush=True)
            recording = hour()
            alone, beside = [], []
            for _ in range(arguments.rounds):
                alone.append(run("", target, rate, steps))
                with in_progress(server, recording):
                    time.sleep(BEFORE_S)
                    beside.append(run("", target, rate, steps))
        finally:
            server.stop()
    rows = []
    for name, of in (("alone", alone), ("beside the recording", beside)):
        clips, failed = sum(step.requests for step in of), sum(step.failed for step in of)
        p50, p95 = (np.mean([getattr(step, what) for step in of]) for what in ("p50", "p95"))
        rows.append((name, str(clips), str(failed), f"{p50:.2f} s", f"{p95:.2f} s"))
    print(report_table(("short clips", "requests", "failed", "p50", "p95"), rows))
    ratio = np.mean([step.p95 for step in beside]) / np.mean([step.p95 for step in alone])
    print(f"p95 beside / alone: {ratio:.2f}")


def hour() -> bytes:
    """A FLAC file of an hour."""
    minute = [soundfile.read(io.BytesIO(clip.content), dtype="int16")[0] for clip in mixed_clips(60, seed=1)]
    samples = np.concatenate(minute)
    file = io.BytesIO()
    soundfile.write(file, np.resize(samples, HOUR_S * RATE), RATE, format="FLAC")
    return file.getvalue()


@contextlib.contextmanager
def in_progress(server: Server, recording: bytes) -> Iterator[None]:
    """The recording is sent, and again when it is answered, until the caller has done; then its client hangs up."""
    ended = threading.Event()

    def send() -> None:
        url, headers = f"{server.url}/transcribe?stream=true", {"content-type": "audio/flac"}
        while not ended.is_set():
            with httpx.stream("POST", url, content=recording, headers=headers, timeout=600) as answer:
                answer.raise_for_status()
                for _ in answer.iter_lines():
                    if ended.is_set():
                        return

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


if __name__ == "__main__":
    main()
