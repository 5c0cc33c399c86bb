"""Bulk over Ray against the engine alone, on the same cores, in one run: python -m benchmarks.bulk [--seconds S].

The engine: a process for each worker, a thread each, the same line, the same clips, longest first, and nothing else.
It runs before and after the bulk run, and the mean counts. What counts of each is from the first clip begun to the
last one ended; starting the processes is told apart.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import ray

from benchmarks.timing import report_table
from benchmarks.workers import engine, write_clips
from hindi_stt.bulk import run as bulk
from hindi_stt.bulk.items import Item
from hindi_stt.bulk.output import Output
from hindi_stt.bulk.sources import Sources
from hindi_stt.bulk.worker import Plan
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.settings import Settings
from hindi_stt.transcription.options import Options

WORKERS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=900, help="of audio, for the medium model")
    parser.add_argument("--medium", type=Path, default=Path("build/medium-random"))
    arguments = parser.parse_args()
    rows = []
    for name, folder, seconds in (
        ("medium", arguments.medium, arguments.seconds),
        ("embedded", EMBEDDED, 4 * arguments.seconds),
    ):
        if (folder / "bundle.json").is_file():
            rows.append((name, *compare(folder, int(seconds / 8.5))))
    print(
        report_table(("model", "engine, s of audio/s", "bulk, s of audio/s", "bulk / engine", "start of Ray, s"), rows)
    )


def compare(folder: Path, n_clips: int) -> tuple[str, ...]:
    with tempfile.TemporaryDirectory() as scratch:
        paths = write_clips(Path(scratch), n_clips)
        before = engine(folder, paths, WORKERS).rate
        ours, start_s = over_ray(folder, paths, Path(scratch, "out"))
        alone = (before + engine(folder, paths, WORKERS).rate) / 2
    return f"{alone:.1f}", f"{ours:.1f}", f"{ours / alone:.3f}", f"{start_s:.1f}"


def over_ray(folder: Path, paths: list[Path], out: Path) -> tuple[float, float]:
    """Seconds of audio per second; and seconds that the run took besides."""
    bundle = Bundle.open(folder)
    plan = Plan(str(folder.resolve()), bundle.tag, Settings(), Options(), "", Sources(Path(), "", 2**30))
    start = time.monotonic()
    bulk.connect("", WORKERS)
    items = [Item(i, str(path)) for i, path in enumerate(paths, 1)]
    with contextlib.closing(Output(str(out), "jsonl")) as output:
        report = bulk.run(items, plan, output, workers=WORKERS, commit_s=30)
    elapsed = time.monotonic() - start
    ray.shutdown()
    assert report.transcribed == len(paths), report.codes
    return report.audio_s / report.compute_s, elapsed - report.compute_s


if __name__ == "__main__":
    main()
