"""Live transcription: what it costs, how soon words come, and how many of them change.

python -m benchmarks.streaming context [--bundle BUNDLE]    every context in turn, in this process: a table to choose by
python -m benchmarks.streaming latency [--bundle BUNDLE]    a real server, packets of 100 ms at the pace of speech
python -m benchmarks.streaming streams [--bundle BUNDLE]    the same with ever more connections: a curve

Speech: the evaluation set's sentences by espeak-ng, in voices that no training clip used; between two of them silence,
so that 70 % of the time somebody speaks. A first partial is late by the time from the end of the first word, where the
final places it, until anything of its utterance is shown; a final by the time from the packet that ends its utterance,
which the same stream in this process tells. The random bundle (make medium-random) says nothing that means anything,
and is never sure enough to show it: of it only cost and finals count.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
from tqdm import tqdm
from websockets.asyncio.client import ClientConnection, connect

from hindi_stt.audio import AudioLimits, decode
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.streaming import Context, LocalBackend, Partial, Stream, Utterance
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Features, Float32, LogProbs
from tests.support.evaluation_set import clips
from tests.support.server import Server

RATE = 16_000
PACKET = RATE // 10
SPEECH_SHARE = 0.7
# Steps are whole packets.
CONTEXTS = [
    Context(step_s, window_s, right_s=right_s, show=show, show_first=show_first, agree=round(right_s / step_s))
    for step_s in (0.2, 0.3, 0.4)
    for window_s in (4.0, 8.0)
    for right_s in (1.6, 2.0, 2.4)
    for show_first, show in ((0.8, 0.8), (0.8, 3.0), (0.8, 5.0), (2.0, 5.0), (5.0, 5.0))
]
DELTA, COMPLETED = (f"conversation.item.input_audio_transcription.{name}" for name in ("delta", "completed"))


@dataclass
class Shown:
    """What a reader saw.

    replaced: stable words that the final has otherwise; changed: words shown that ever went; n_others: finals of
    utterances that the same stream in this process does not have.
    """

    n_final: int = 0
    n_stable: int = 0
    replaced: int = 0
    changed: int = 0
    first_s: list[float] = field(default_factory=list)
    final_s: list[float] = field(default_factory=list)
    n_others: int = 0
    _stable: list[str] = field(default_factory=list)
    _now: list[str] = field(default_factory=list)
    _first_at_s: float | None = None

    def partial(self, added: Sequence[str], unstable: Sequence[str], at_s: float) -> None:
        """at_s: seconds of the stream, or of the clock that it follows."""
        self._stable += added
        self._see([*self._stable, *unstable])
        if self._now and self._first_at_s is None:
            self._first_at_s = at_s

    def final(self, words: Sequence[str], first_end_s: float) -> None:
        """first_end_s: where the first word ends, on the same clock."""
        self.replaced += _lost(self._stable, words)
        self.n_stable += len(self._stable)
        self._see(list(words))
        self.n_final += len(words)
        if self._first_at_s is not None:
            self.first_s.append(self._first_at_s - first_end_s)
        self._stable, self._now, self._first_at_s = [], [], None

    def _see(self, words: list[str]) -> None:
        self.changed += _lost(self._now, words)
        self._now = words

    def row(self) -> str:
        """Shares and times as a part of a table's row."""
        share = f"{self.replaced / max(1, self.n_stable):.2%} | {self.changed / max(1, self.n_final):.2%}"
        return f"{share} | {percentiles(self.first_s)}"


def _lost(before: Sequence[str], after: Sequence[str]) -> int:
    """Words that are not there any more; what is not said yet has not gone."""
    edits = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return sum(b - a for kind, a, b, *_ in edits if kind in {"replace", "delete"})


def percentiles(seconds: Sequence[float]) -> str:
    if not seconds:
        return "none"
    p50, p95 = np.percentile(seconds, [50, 95])
    return f"{1000 * p50:.0f} / {1000 * p95:.0f} ms"


def talk(n: int, shift: int = 0, share: float = SPEECH_SHARE) -> Float32:
    """Sentences and their silences, float32 at RATE. shift: of the voices; share: of the time, with speech."""
    parts: list[Float32] = []
    for clip in clips(count=n, shift=shift):
        samples = decode(clip.wav, RATE, AudioLimits(60, 0.1, 8)).samples
        parts += [samples, np.zeros(int(max(1.5, len(samples) / RATE * (1 / share - 1)) * RATE), np.float32)]
    return np.concatenate(parts)


def staggered(samples: Float32, count: int) -> list[Float32]:
    """Begin the same talk elsewhere for each of several streams, so that they do not end their utterances together.

    A stream that would begin within a sentence is silent until that sentence's end. What is left of it may be half a
    word and an utterance by itself, in which the server may hear a word where this process does not.

    Args:
        samples: What `talk` returns, float32 [n] at RATE.
        count: How many streams.

    Returns:
        The samples of each, float32 [n].
    """
    loud = np.flatnonzero(samples)
    pauses = np.flatnonzero(np.diff(loud) > RATE)  # within sentences there is none so long
    sentences = list(zip(loud[[0, *(pauses + 1)]], loud[[*pauses, -1]] + 1, strict=True))
    streams = []
    for start in (i * len(samples) // count for i in range(count)):
        stream = np.roll(samples, -start)
        for begin, end in sentences:
            if begin < start < end:
                stream[: end - start] = 0
        streams.append(stream)
    return streams


class CountingLine(LocalBackend):
    """Counts the seconds that partials take at the model."""

    partial_s = 0.0

    async def log_probs(self, features: Features, *, final: bool) -> LogProbs:
        """See InferenceBackend."""
        start = time.perf_counter()
        result = await super().log_probs(features, final=final)
        if not final:
            self.partial_s += time.perf_counter() - start
        return result


async def run_context(pipeline: Pipeline, line: CountingLine, samples: Float32, context: Context) -> Shown:
    stream = Stream(pipeline, line, pipeline.options({}), context=context)
    shown = Shown()
    for start in range(0, len(samples), PACKET):
        events = [event async for event in stream.push(samples[start : start + PACKET])]
        events += [event async for event in stream.partial()]
        for event in events:
            if isinstance(event, Partial):
                shown.partial([w.text for w in event.stable], [w.text for w in event.unstable], stream.received_s)
            elif isinstance(event, Utterance) and event.words:
                shown.final([word.text for word in event.words], event.words[0].end_s)
    return shown


def choose_context(bundle: Bundle, n: int, shift: int, n_contexts: int) -> None:
    pipeline = Pipeline(bundle, Settings(model=""))
    line = CountingLine(LocalAcoustic(bundle, threads=1))
    samples = talk(n, shift)
    print("first partial: without the time of computing")
    print("step | window | right | agree | show first | show |", end=" ")
    print("stable replaced | shown changed | first partial | model s per audio s")
    for context in tqdm(CONTEXTS[:: len(CONTEXTS) // n_contexts or 1], leave=False):
        line.partial_s = 0.0
        shown = asyncio.run(run_context(pipeline, line, samples, context))
        cost = line.partial_s / (len(samples) / RATE)
        names = (context.step_s, context.window_s, context.right_s, context.agree, context.show_first, context.show)
        tqdm.write(f"{' | '.join(map(str, names))} | {shown.row()} | {cost:.4f}")


async def ends_of(pipeline: Pipeline, line: LocalBackend, samples: Float32) -> dict[int, float]:
    """When each final is due: the end of its utterance in ms → seconds of the stream with the packet that ends it."""
    stream = Stream(pipeline, line, pipeline.options({}), context=Context(step_s=len(samples)))
    ends: dict[int, float] = {}
    for start in range(0, len(samples), PACKET):
        events = [event async for event in stream.push(samples[start : start + PACKET])]
        # One without words is sent only where words were shown of it, which this stream does not do.
        finals = [event for event in events if isinstance(event, Utterance) and event.words]
        ends |= {round(event.end_s * 1000): stream.received_s for event in finals}
    return ends


async def follow(url: str, samples: Float32, ends: Mapping[int, float], shown: Shown) -> None:
    """One connection at the pace of speech; ends: see `ends_of`."""
    async with connect(url) as ws:
        input_ = {"format": {"type": "audio/pcm", "rate": RATE}}
        await ws.send(json.dumps({"type": "session.update", "session": {"audio": {"input": input_}}}))
        start_s = time.monotonic()
        sender = asyncio.create_task(_send(ws, samples, start_s))
        stopped = False
        async for message in ws:
            event, at_s = json.loads(message), time.monotonic() - start_s
            if event["type"] == "input_audio_buffer.speech_stopped":
                stopped = True
            elif event["type"] == DELTA and "unstable" in event and not stopped:
                shown.partial(event["delta"].split(), event["unstable"].split(), at_s)
            elif event["type"] == COMPLETED:
                if event["words"]:
                    shown.final([word["word"] for word in event["words"]], event["words"][0]["end"])
                    due_s = ends.get(event["audio_end_ms"])
                    shown.final_s += [] if due_s is None else [at_s - due_s]
                    shown.n_others += due_s is None
                stopped = False
            elif event["type"] == "input_audio_buffer.cleared":
                break
            elif event["type"] == "error":
                raise SystemExit(event["error"]["message"])
        await sender


async def _send(ws: ClientConnection, samples: Float32, start_s: float) -> None:
    data = (samples * 2**15).astype("<i2")
    for start in range(0, len(data), PACKET):
        packet = data[start : start + PACKET]
        await asyncio.sleep(max(0.0, start_s + (start + len(packet)) / RATE - time.monotonic()))
        audio = base64.b64encode(packet.tobytes()).decode()
        await ws.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
    await ws.send(json.dumps({"type": "input_audio_buffer.clear"}))


def measure_server(bundle: Path, precision: str, counts: Sequence[int], n: int) -> None:
    # As they are sent: an utterance that is hardly one may end elsewhere for a rounded sample.
    samples = np.trunc(talk(n) * (2**15 - 1)).astype(np.float32) / np.float32(2**15)
    opened = Bundle.open(bundle).with_precision(precision)
    pipeline, line = Pipeline(opened, Settings(model="")), LocalBackend(LocalAcoustic(opened, threads=1))
    cores = len(os.sched_getaffinity(0))
    print(f"{cores} cores for server and clients, {bundle} {precision}")
    print("streams | stable replaced | shown changed | first partial p50 / p95 | final p50 / p95")
    with tempfile.TemporaryDirectory() as folder:
        environment = {"HINDI_STT_PRECISION": precision, "HINDI_STT_REALTIME_CONNECTIONS": str(max(counts))}
        environment["HINDI_STT_CLIENT_SHARE"] = "1"  # all of them come from this address
        if bundle != EMBEDDED:
            environment["HINDI_STT_MODEL"] = str(bundle.resolve())
        server = Server(Path(folder), **environment)
        try:
            server.wait_until_ready()
            url = f"ws://127.0.0.1:{server.port}/v1/realtime?intent=transcription"
            for count in counts:
                streams = staggered(samples, count)
                ends = [asyncio.run(ends_of(pipeline, line, each)) for each in streams]
                asyncio.run(measure_count(url, streams, ends))
        finally:
            server.stop()


async def measure_count(url: str, streams: Sequence[Float32], ends: Sequence[Mapping[int, float]]) -> None:
    each = [Shown() for _ in streams]
    await asyncio.gather(*(follow(url, *stream) for stream in zip(streams, ends, each, strict=True)))
    total = Shown(
        *(sum(getattr(shown, name) for shown in each) for name in ("n_final", "n_stable", "replaced", "changed")),
        *([late for shown in each for late in getattr(shown, name)] for name in ("first_s", "final_s")),
    )
    n_others = sum(shown.n_others for shown in each)
    others = f" ({n_others} finals are not this process's)" if n_others else ""
    print(f"{len(streams)} | {total.row()} | {percentiles(total.final_s)}{others}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["context", "latency", "streams"])
    parser.add_argument("--bundle", type=Path, default=EMBEDDED)
    parser.add_argument("--precision", choices=["fp32", "int8"], default="fp32")
    parser.add_argument("--sentences", type=int, default=40)
    parser.add_argument(
        "--shift", type=int, default=0, help="of the voices, for context: others than those it was chosen by"
    )
    parser.add_argument("--contexts", type=int, default=len(CONTEXTS), help="how many of them, for a quick look")
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 2, 4, 6, 8, 12, 16])
    arguments = parser.parse_args()
    if arguments.what == "context":
        choose_context(Bundle.open(arguments.bundle), arguments.sentences, arguments.shift, arguments.contexts)
    else:
        counts = [1] if arguments.what == "latency" else arguments.counts
        measure_server(arguments.bundle, arguments.precision, counts, arguments.sentences)


if __name__ == "__main__":
    main()
