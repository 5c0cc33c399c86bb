"""CPU time of the server per second of audio as work grows: longer recordings, and more clients at once.

[HINDI_STT_TEST_SPEECH=…] python -m benchmarks.growth [--bundle BUNDLE] [--precision int8] [--rounds N] [--plot FILE]

One server for all. Recordings of 10 s to 2 h, one request at a time, and 1 to 64 clients in a closed loop with clips of
2 to 15 s take turns in rounds; every point has at least `LEAST_AUDIO_S` of audio a round. The time is that of all
processes of the server, and is given for each of them. "Engine" is the model and what surrounds it in one process and
thread, clip by clip, in the same rounds. The plot needs matplotlib (`make .venv/.load`).
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import httpx
import numpy as np
import psutil
import soundfile
from tqdm import tqdm

from benchmarks.footprint import press
from benchmarks.timing import cpu_name, report_table
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from loadtests.clips import Clip, mixed_clips
from tests.support.server import Server

DURATIONS_S = (10, 16, 30, 60, 600, 3600, 7200)
CLIENTS = (1, 2, 4, 8, 16, 32, 64)
LEAST_AUDIO_S = 240
RATE = 16_000
PARTS = ("API worker", "runner")
# CPU seconds by part of the server.
Spent = dict[str, float]


def recording(seconds: float) -> bytes:
    """A WAV file of this length, of the clips of the load tests one after the other."""
    speech = np.concatenate([soundfile.read(io.BytesIO(clip.content), dtype="int16")[0] for clip in mixed_clips(40)])
    file = io.BytesIO()
    soundfile.write(file, np.resize(speech, int(seconds * RATE)), RATE, format="WAV", subtype="PCM_16")
    return file.getvalue()


def cpu_s(pid: int) -> Spent:
    """CPU seconds of the API workers and of the runner so far; what the supervisor takes does not depend on work."""
    found: Spent = dict.fromkeys(PARTS, 0.0)
    for child in psutil.Process(pid).children(recursive=True):
        part = "runner" if "ConformerRunner" in " ".join(child.cmdline()) else "API worker"
        found[part] += sum(child.cpu_times()[:2])
    return found


def one_by_one(url: str, content: bytes, calls: int) -> None:
    with httpx.Client(timeout=900) as client:
        for _ in range(calls):
            client.post(f"{url}/transcribe", files={"file": ("a.wav", content)}).raise_for_status()


class Measured:
    """CPU seconds per second of audio, by point and part, a value for each round."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.lengths: dict[int, list[Spent]] = defaultdict(list)
        self.clients: dict[int, list[Spent]] = defaultdict(list)

    def length(self, seconds: int) -> None:
        """Send a recording of this length, one request after the other."""
        content, calls = recording(seconds), -(-LEAST_AUDIO_S // seconds)
        before = cpu_s(self._server.process.pid)
        one_by_one(self._server.url, content, calls)
        self.lengths[seconds].append(self._since(before, calls * seconds))

    def load(self, clients: int, clips: Sequence[Clip]) -> None:
        """Send clips from this many clients at once."""
        sent = [clips[i % len(clips)] for i in range(max(len(clips), 3 * clients))]
        before = cpu_s(self._server.process.pid)
        asyncio.run(press(self._server.url, [clip.content for clip in sent], clients))
        self.clients[clients].append(self._since(before, sum(clip.duration_s for clip in sent)))

    def _since(self, before: Spent, audio_s: float) -> Spent:
        now = cpu_s(self._server.process.pid)
        spent = {part: (now[part] - before[part]) / audio_s for part in PARTS}
        tqdm.write(f"{audio_s:.0f} s of audio: {1000 * sum(spent.values()):.2f} ms")  # as it goes: a run takes minutes
        return spent


def engine_cpu_s(pipeline: Pipeline, acoustic: LocalAcoustic, clips: Sequence[Clip]) -> float:
    """CPU seconds per second of audio of the same work without a server, clip by clip on one core."""
    start = time.process_time()
    for clip in clips:
        pipeline.transcribe(io.BytesIO(clip.content), acoustic)
    return (time.process_time() - start) / sum(clip.duration_s for clip in clips)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=EMBEDDED)
    parser.add_argument("--precision", default="int8")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--longest-s", type=int, default=DURATIONS_S[-1], help="leave out longer recordings")
    parser.add_argument("--plot", type=Path, help="a PNG file to write")
    arguments = parser.parse_args()
    bundle = Bundle.open(arguments.bundle).with_precision(arguments.precision)
    pipeline, acoustic = Pipeline(bundle, Settings(model="")), LocalAcoustic(bundle, threads=1)
    clips = mixed_clips(30)
    settings = {
        "HINDI_STT_MODEL": str(arguments.bundle.resolve()),
        "HINDI_STT_PRECISION": arguments.precision,
        "HINDI_STT_MAX_WAIT_S": "600",
    }
    engine: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), **settings)
        try:
            server.wait_until_ready()
            measured = Measured(server)
            asyncio.run(press(server.url, [clip.content for clip in clips], 4))  # warms up
            for _ in tqdm(range(arguments.rounds), desc="rounds"):
                engine.append(engine_cpu_s(pipeline, acoustic, clips))
                for clients in CLIENTS:
                    measured.load(clients, clips)
                for seconds in DURATIONS_S:
                    if seconds <= arguments.longest_s:
                        measured.length(seconds)
        finally:
            server.stop()
    print(f"CPU: {cpu_name()}, {os.cpu_count()} cores; {bundle.label}; ms of CPU per second of audio")
    print(f"engine alone: {1000 * statistics.median(engine):.2f}")
    report("recording, s", measured.lengths, 16)
    report("clients", measured.clients, 1)
    if arguments.plot:
        plot(arguments.plot, measured, statistics.median(engine), bundle.label)


def medians(points: dict[int, list[Spent]]) -> dict[int, Spent]:
    """The median round of each part at each point."""
    return {
        at: {part: statistics.median(one[part] for one in values) for part in PARTS} for at, values in points.items()
    }


def report(name: str, points: dict[int, list[Spent]], reference: int) -> None:
    """Print a row for each point, with its ratio to the reference's sum."""
    found = medians(points)
    whole = sum(found[reference].values())
    rows = []
    for at, one in found.items():
        total = sum(one.values())
        times = [f"{1000 * value:.2f}" for value in (*one.values(), total)]
        rows.append((str(at), *times, f"{total / whole:.2f}"))
    print(report_table((name, *PARTS, "sum", f"against {reference}"), rows))


def plot(path: Path, measured: Measured, engine: float, label: str) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
    for axis, points, name in (
        (axes[0], medians(measured.lengths), "length of the recording, s"),
        (axes[1], medians(measured.clients), "clients at once"),
    ):
        for part in PARTS:
            axis.plot(list(points), [1000 * one[part] for one in points.values()], "o-", label=part)
        axis.plot(list(points), [1000 * sum(one.values()) for one in points.values()], "o-", label="sum")
        axis.axhline(1000 * engine, color="grey", linestyle="--", label="engine alone")
        axis.set(xscale="log", xlabel=name, xticks=list(points), xticklabels=[str(at) for at in points], ylim=(0, None))
        axis.minorticks_off()
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("ms of CPU per second of audio")
    axes[1].legend()
    figure.suptitle(f"{label}; {cpu_name()}, {os.cpu_count()} cores")
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
