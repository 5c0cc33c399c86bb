"""Decoding of audio files against the build before: python -m benchmarks.audio_decoding --before FOLDER [--rounds N]

FOLDER: a checkout of the build to compare with. Each build decodes the same files in a process of its own, turn by
turn; the ratio of a round is the time of this build over that of the other, so that below 1 is faster. Every second
round starts new processes: where one of them finds its memory changes its times by more than the rounds differ.
Intervals are of the mean over the rounds (95 %, Student's t). Files are of ten minutes and of ten seconds, in memory.
"""

from __future__ import annotations

import argparse
import io
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

ROOT = Path(__file__).parent.parent
DATA = ROOT / "tests" / "data"
RATE = 16_000
# Two-sided 97.5 % points of Student's t by degrees of freedom, for ten to thirty rounds.
T_975 = {9: 2.262, 11: 2.201, 14: 2.145, 19: 2.093, 24: 2.064, 29: 2.045}
FILES = {
    "WAV, 16 kHz": ("WAV", "PCM_16", 1, RATE),
    "WAV, 44.1 kHz stereo": ("WAV", "PCM_16", 2, 44_100),
    "FLAC, 16 kHz": ("FLAC", "PCM_16", 1, RATE),
    "MP3 with a Xing header": ("MP3", "MPEG_LAYER_III", 1, RATE),
    "Ogg Opus": ("OGG", "OPUS", 1, 48_000),
}
LENGTHS_S = (600, 10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, help="a checkout of the build to compare with")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker is not None:
        work(arguments.worker)
        return
    if arguments.before is None:
        parser.error("--before names no checkout")
    with tempfile.TemporaryDirectory() as name:
        make_files(Path(name))
        compare(Path(name), arguments.before, arguments.rounds)


def make_files(folder: Path) -> None:
    samples, _ = soundfile.read(DATA / "family.flac", dtype="float32")
    for kind, (container, subtype, channels, rate) in FILES.items():
        for length_s in LENGTHS_S:
            long = np.resize(samples, length_s * rate)
            content = np.stack([long] * channels, 1) if channels > 1 else long
            target = folder / f"{kind}|{length_s}"
            with soundfile.SoundFile(target, "w", rate, channels, subtype, format=container) as file:
                for at in range(0, len(content), rate):  # in pieces: encoders of Ogg overflow on long ones
                    file.write(content[at : at + rate])


def compare(folder: Path, before: Path, rounds: int) -> None:
    """Print a row for each file as soon as it is measured."""
    print(f"{platform.processor() or platform.machine()}, {cpu_name()}; {rounds} rounds\n")
    print("| file | length | this build | ratio to the build before |\n| --- | --- | --- | --- |")
    t = T_975[min(T_975, key=lambda n: abs(n - rounds + 1))]
    for kind in FILES:
        for length_s in LENGTHS_S:
            times = measure(folder, before, f"{kind}|{length_s}", rounds)
            ratios = [ours / other for ours, other in times]
            mean, half = statistics.mean(ratios), t * statistics.stdev(ratios) / len(ratios) ** 0.5
            ours_ms = 1_000 * statistics.median(ours for ours, _ in times)
            interval = f"{mean - half:.3f} to {mean + half:.3f}"
            print(f"| {kind} | {length_s} s | {ours_ms:.1f} ms | {mean:.3f} ({interval}) |", flush=True)


def measure(folder: Path, before: Path, name: str, rounds: int) -> list[tuple[float, float]]:
    """Seconds of this build and of the one before, for each round."""
    times: list[tuple[float, float]] = []
    while len(times) < rounds:
        roots = [ROOT, before] if len(times) % 4 else [before, ROOT]
        builds = {root: start(root, folder) for root in roots}
        try:
            for build in builds.values():
                ask(build, name)  # warms up
            for order in (roots, roots[::-1]):
                found = {root: ask(builds[root], name) for root in order}
                times.append((found[ROOT], found[before]))
        finally:
            for build in builds.values():
                build.stdin.close()
                build.wait()
    return times


def start(root: Path, folder: Path) -> subprocess.Popen:
    command = [sys.executable, Path(__file__), "--worker", folder]
    environment = {"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"}
    return subprocess.Popen(
        command,
        cwd=root,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def ask(build: subprocess.Popen, name: str) -> float:
    build.stdin.write(json.dumps(name) + "\n")
    build.stdin.flush()
    return float(build.stdout.readline())


def work(folder: Path) -> None:
    """Decode each file that is named on standard input, and say how many seconds it took."""
    from hindi_stt import audio

    limits = audio.AudioLimits(7_200.0, 0.1, 8)
    for line in sys.stdin:
        name = json.loads(line)
        content = (folder / name).read_bytes()
        repeats = 1 if name.endswith("|600") else 20
        begin = time.perf_counter()
        for _ in range(repeats):
            for _ in audio.blocks(io.BytesIO(content), RATE, limits):
                pass
        print((time.perf_counter() - begin) / repeats, flush=True)


def cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown processor"


if __name__ == "__main__":
    main()
