"""Audio hours per core-hour, by model and precision, with one worker and with two: python -m benchmarks.capacity.

The whole line, from a WAV file to the transcript, a process and a thread for each worker. Writes build/capacity.json,
from which benchmarks.replicas takes its service times.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from benchmarks.timing import report_table
from benchmarks.workers import engine, write_clips
from hindi_stt.bundle.manifest import EMBEDDED

RESULT = Path("build/capacity.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--medium", type=Path, default=Path("build/medium-random"))
    parser.add_argument("--clips", type=int, default=40, help="of 2 to 15 s, for the medium model")
    arguments = parser.parse_args()
    rows, result = [], {}
    with tempfile.TemporaryDirectory() as folder:
        clips = write_clips(Path(folder), 4 * arguments.clips)
        for name, bundle, paths in (("embedded", EMBEDDED, clips), ("medium", arguments.medium, clips[::4])):
            for precision in ("fp32", "int8"):
                one, two = (engine(bundle, paths, workers, precision) for workers in (1, 2))
                rows.append((name, precision, f"{one.rate:.1f}", f"{two.rate:.1f}", f"{two.rate / one.rate / 2:.2f}"))
                times = [(round(duration, 3), round(ended - began, 4)) for duration, began, ended in one.clips]
                result[f"{name} {precision}"] = {"one": one.rate, "two": two.rate, "clips": times}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result))
    print(report_table(("model", "precision", "one worker", "two workers", "two / twice one"), rows))


if __name__ == "__main__":
    main()
