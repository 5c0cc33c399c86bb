"""What telling speakers apart costs: python -m benchmarks.speakers_cost CONVERSATION.wav …, one or several parts.

    --parts cpu        CPU seconds of one core per second of audio, with diarize=true and without, and what of it the
                       model of the recogniser takes
    --parts length     wall seconds of one long recording (--minutes) by a server, with and without
    --parts off        everything off against --before CHECKOUT: files and live audio, CPU seconds

Contenders take turns in every round, in an order that changes; ratios have 95 % intervals over rounds (bootstrap).
The speaker model is the store's, or that of HINDI_STT_SPEAKERS.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import soundfile

from benchmarks.timing import cpu_name, report_table
from hindi_stt.bundle import store
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.speakers.source import SpeakerSource
from hindi_stt.streaming import LocalBackend, Stream
from hindi_stt.transcription.pipeline import Pipeline
from tests.support.server import Server

RATE = 16_000
PACKET_S = 0.1
RESAMPLES = 2000
PARTS = ("cpu", "length", "off")
Seconds = Mapping[str, Sequence[float]]


class Meter:
    """An acoustic model whose CPU seconds are counted."""

    def __init__(self, acoustic: LocalAcoustic) -> None:
        self._acoustic = acoustic
        self.cpu_s = 0.0

    def __call__(self, features: Any) -> Any:
        """Run it."""
        start = time.process_time()
        try:
            return self._acoustic(features)
        finally:
            self.cpu_s += time.process_time() - start

    def __getattr__(self, name: str) -> Any:
        return getattr(self._acoustic, name)


def ratio(times: Seconds, over: str, under: str) -> tuple[float, float, float]:
    """Mean over mean of two contenders, and its 95 % interval over rounds."""
    one, other = np.array(times[over]), np.array(times[under])
    drawn = np.random.default_rng(0).integers(len(one), size=(RESAMPLES, len(one)))
    low, high = np.percentile(one[drawn].sum(axis=1) / other[drawn].sum(axis=1), [2.5, 97.5])
    return float(one.sum() / other.sum()), float(low), float(high)


def in_turns(contenders: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """The seconds that each contender says it took, once a round, in an order that changes; the first is left out."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for i in range(-1, rounds):
        for name in names if i % 2 else names[::-1]:
            seconds = contenders[name]()
            if i >= 0:
                times[name].append(seconds)
    return times


def open_pipeline(bundle: Path, precision: str) -> tuple[Pipeline, LocalAcoustic]:
    settings = Settings(model="")
    opened = Bundle.open(bundle)
    source = SpeakerSource(lambda: store.resolve_speakers(Settings()))
    return Pipeline(opened, settings, source), LocalAcoustic(opened, threads=1, precision=precision or None)


def cpu(recording: bytes, bundle: Path, precision: str, rounds: int) -> str:
    pipeline, acoustic = open_pipeline(bundle, precision)
    meter = Meter(acoustic)
    audio_s = soundfile.info(io.BytesIO(recording)).duration
    model_s: list[float] = []

    def run(diarize: str) -> float:
        start, meter.cpu_s = time.process_time(), 0.0
        pipeline.transcribe(recording, meter, pipeline.options({"diarize": diarize}))
        if diarize == "false":
            model_s.append(meter.cpu_s)
        return time.process_time() - start

    times = in_turns({"without": lambda: run("false"), "with": lambda: run("true")}, rounds)
    times["the recogniser's model"] = model_s[1:]
    times["speakers"] = [a - b for a, b in zip(times["with"], times["without"], strict=True)]
    rows = [[name, f"{1000 * np.mean(own) / audio_s:.1f}"] for name, own in times.items()]
    found = ["{:.2f} ({:.2f} to {:.2f})".format(*ratio(times, "speakers", of)) for of in ("without", rows[2][0])]
    return "\n".join(
        [
            f"{audio_s:.0f} s of conversation, {rounds} rounds, one core, {pipeline.tag}, {acoustic.precision}:",
            report_table(("CPU", "ms per second of audio"), rows),
            f"speakers / everything without them: {found[0]}; speakers / the model: {found[1]}",
        ]
    )


def length(recording: bytes, bundle: Path, precision: str, minutes: float, rounds: int) -> str:
    long = repeated(recording, minutes)
    environment = {
        "HINDI_STT_MODEL": str(bundle.resolve()),
        "HINDI_STT_SPEAKERS": str(store.resolve_speakers(Settings()).folder.resolve()),
        "HINDI_STT_MAX_AUDIO_S": str(int(60 * minutes) + 60),
        "HINDI_STT_REQUEST_TIMEOUT_S": "3600",
        **({"HINDI_STT_PRECISION": precision} if precision else {}),
    }
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), **environment)
        try:
            server.wait_until_ready()

            def run(diarize: str) -> float:
                start = time.monotonic()
                files = {"file": ("long.flac", long)}
                data = {"diarize": diarize}
                answer = httpx.post(f"{server.url}/transcribe", data=data, files=files, timeout=3600)
                answer.raise_for_status()
                return time.monotonic() - start

            warm = {"file": ("a.wav", recording)}
            httpx.post(f"{server.url}/transcribe", data={"diarize": "true"}, files=warm, timeout=600).raise_for_status()
            times: dict[str, list[float]] = {"without": [], "with": []}
            for i in range(rounds):
                for name in ("without", "with") if i % 2 else ("with", "without"):
                    times[name].append(run("true" if name == "with" else "false"))
        finally:
            server.stop()
    shown = ", ".join(f"{name} {np.mean(own):.1f} s" for name, own in times.items())
    found = sum(times["with"]) / sum(times["without"])
    return f"{minutes:g} minutes of audio by a server, {rounds} rounds: {shown}; wall ratio {found:.2f}"


def repeated(recording: bytes, minutes: float) -> bytes:
    """A FLAC file of so many minutes of the recording, again and again."""
    samples = soundfile.read(io.BytesIO(recording), dtype="int16")[0]
    file = io.BytesIO()
    soundfile.write(file, np.resize(samples, round(60 * minutes * RATE)), RATE, format="FLAC")
    return file.getvalue()


def off(recording: Path, before: Path, bundle: Path, precision: str, rounds: int) -> str:
    command = [sys.executable, "-m", "benchmarks.speakers_cost", str(recording), "--bundle", str(bundle.resolve())]
    command += ["--precision", precision, "--serve"]
    times: dict[str, list[float]] = {}
    with worker(command, before) as old, worker(command, Path.cwd()) as new:
        for kind in ("file", "stream"):
            contenders = {f"{kind}, before": lambda kind=kind: old(kind), f"{kind}, now": lambda kind=kind: new(kind)}
            times |= in_turns(contenders, rounds)
    found = {kind: ratio(times, f"{kind}, now", f"{kind}, before") for kind in ("file", "stream")}
    lines = ["{}: {:.3f} ({:.3f} to {:.3f})".format(kind, *of) for kind, of in found.items()]
    return "\n".join([f"everything off, {rounds} rounds, CPU seconds now / before:", *lines])


@contextlib.contextmanager
def worker(command: Sequence[str], checkout: Path) -> Iterator[Callable[[str], float]]:
    """A process with the code of a checkout, and this file: asked for a kind of run, it says the CPU seconds."""
    code = f"import sys, runpy; sys.path[0] = {str(checkout.resolve())!r}; sys.argv = {[__file__, *command[3:]]!r}; "
    code += f"runpy.run_path({str(Path(__file__).resolve())!r}, run_name='__main__')"
    environment = {**os.environ, "PYTHONPATH": str(checkout.resolve())}
    with subprocess.Popen(
        [command[0], "-c", code],
        cwd=checkout,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def run(kind: str) -> float:
            process.stdin.write(kind + "\n")
            process.stdin.flush()
            return float(json.loads(process.stdout.readline()))

        try:
            yield run
        finally:
            process.stdin.close()
            process.wait(30)


def serve(recording: Path, bundle: Path, precision: str) -> None:
    """The worker's side: a kind of run a line, answered by its CPU seconds."""
    pipeline, acoustic = open_pipeline(bundle, precision)
    content = recording.read_bytes()
    samples = soundfile.read(io.BytesIO(content), dtype="float32")[0]
    packets = np.split(samples, range(round(PACKET_S * RATE), len(samples), round(PACKET_S * RATE)))

    async def live() -> None:
        stream = Stream(pipeline, LocalBackend(acoustic), pipeline.defaults)
        for packet in packets:
            async for _ in stream.push(packet):
                pass
            async for _ in stream.partial():
                pass
        async for _ in stream.commit():
            pass

    for line in sys.stdin:
        start = time.process_time()
        if line.strip() == "file":
            pipeline.transcribe(content, acoustic)
        else:
            asyncio.run(live())
        print(json.dumps(time.process_time() - start), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=Path, help="a conversation, WAV at 16 kHz")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=["cpu", "length"])
    parser.add_argument("--bundle", type=Path, default=EMBEDDED)
    parser.add_argument("--precision", default="")
    parser.add_argument("--minutes", type=float, default=120, help="of the long recording")
    parser.add_argument("--rounds", type=int, default=5, help="of each part; of the long recording one at most")
    parser.add_argument("--before", type=Path, help="the checkout of the build before, for the part off")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    chosen = arguments.bundle, arguments.precision
    if arguments.serve:
        serve(arguments.recording, *chosen)
        return
    print(cpu_name())
    recording = arguments.recording.read_bytes()
    if "cpu" in arguments.parts:
        print(cpu(recording, *chosen, arguments.rounds), flush=True)
    if "length" in arguments.parts:
        print(length(recording, *chosen, arguments.minutes, 1), flush=True)
    if "off" in arguments.parts:
        if arguments.before is None:
            parser.error("--parts off needs --before CHECKOUT")
        print(off(arguments.recording, arguments.before, *chosen, arguments.rounds), flush=True)


if __name__ == "__main__":
    main()
