"""Turn detection over a real server: how soon a final comes after the end of speech, and what short silences cost.

python -m benchmarks.turns [--bundle BUNDLE] [--sentences N] [--before FOLDER] [--plot FILE]

Sentences of the evaluation set by espeak-ng, in voices that no training clip used, with 2.6 s of silence between them,
in packets of 20 ms at the pace of speech. A sentence's last voiced sample is the end of its last 10 ms above 1 % of
its loudest 10 ms; a final is late by the time from the moment when the packet with this sample was due until its
event came. Word error rates count words without the nukta, which the embedded model does not write. `file turns` is a
session that does not ask for turn detection: utterances end where long files are cut. Who hesitates pauses in the
middle of each sentence, for 0.4 s, where a shorter silence cuts it.

All rows of a table of finals are connections that speak at the same time, so that the whole takes four minutes. The
server of another checkout (--before) is measured first, and has stopped by then. --plot needs matplotlib: make
.venv/.load.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from hindi_stt.audio import AudioLimits, decode
from hindi_stt.bundle.manifest import EMBEDDED
from hindi_stt.types import Float32
from tests.support.evaluation_set import SENTENCES, clips
from tests.support.server import ROOT, Server
from tests.support.synthesis import speak

RATE = 16_000
PACKET = RATE // 50
GAP_S = 2.6
HESITATION_S = 0.4
SILENCES_MS = (200, 500, 1000, 2000)
# Of the build before: its finals hardly differ.
SENTENCES_BEFORE = 8
# What p95 may be beyond the silence that was asked for.
TARGET_MS = 150
# One connection begins so long after the other, so that their sentences do not end together.
STAGGER_S = 0.37
STARTED = "input_audio_buffer.speech_started"
COMPLETED = "conversation.item.input_audio_transcription.completed"


@dataclass
class Talk:
    """Sentences and the silence between them: samples at RATE, what was said, where each one ends in seconds."""

    samples: Float32
    texts: list[str]
    ends_s: list[float]

    def noisy(self, snr_db: float) -> Talk:
        """With white noise at this ratio to the speech, which is what is not silence."""
        power = np.mean(np.square(self.samples[self.samples != 0]))
        noise = np.random.default_rng(0).normal(0, np.sqrt(power * 10 ** (-snr_db / 10)), len(self.samples))
        return Talk((self.samples + noise).astype(np.float32), self.texts, self.ends_s)


@dataclass
class Recognised:
    """What came back: finals with the seconds after the first packet at which they came, and counts."""

    texts: list[str] = field(default_factory=list)
    at_s: list[float] = field(default_factory=list)
    started: int = 0


def make_talk(n: int, *, hesitant: bool = False) -> Talk:
    gap = np.zeros(int(GAP_S * RATE), np.float32)
    parts, texts, ends_s, position = [gap], [], [], len(gap)
    spoken = [(clip.text, samples_of(clip.wav)) for clip in clips(count=n)]
    if hesitant:
        spoken = [(text, hesitating(text, number)) for number, text in enumerate(SENTENCES[:n])]
    for text, samples in spoken:
        texts.append(text)
        ends_s.append(position / RATE + last_voiced_s(samples))
        parts += [samples, gap]
        position += len(samples) + len(gap)
    return Talk(np.concatenate(parts), texts, ends_s)


def samples_of(content: bytes) -> Float32:
    return decode(content, RATE, AudioLimits(60, 0.1, 8)).samples


def hesitating(text: str, number: int) -> Float32:
    words = text.split()
    first, second = (
        samples_of(speak(" ".join(half), number)) for half in (words[: len(words) // 2], words[len(words) // 2 :])
    )
    first, second = first[: int(last_voiced_s(first) * RATE)], second[int(first_voiced_s(second) * RATE) :]
    return np.concatenate([first, np.zeros(int(HESITATION_S * RATE), np.float32), second])


def first_voiced_s(samples: Float32) -> float:
    return len(samples) / RATE - last_voiced_s(samples[::-1])


def last_voiced_s(samples: Float32) -> float:
    frame = RATE // 100
    levels = np.sqrt(np.square(samples[: len(samples) // frame * frame].reshape(-1, frame)).mean(axis=1))
    return float(np.flatnonzero(levels > levels.max() / 100)[-1] + 1) / 100


async def follow(url: str, talk: Talk, turn_detection: dict[str, Any] | None, *, realtime: bool = True) -> Recognised:
    """One connection. turn_detection: None for a session that says nothing of it."""
    recognised = Recognised()
    async with connect(url) as ws:
        given: dict[str, Any] = {"format": {"type": "audio/pcm", "rate": RATE}}
        if turn_detection is not None:
            given["turn_detection"] = {"type": "server_vad", **turn_detection}
        await ws.send(json.dumps({"type": "session.update", "session": {"audio": {"input": given}}}))
        while json.loads(await ws.recv())["type"] != "session.updated":
            pass
        start_s = time.monotonic()
        sender = asyncio.create_task(send(ws, talk.samples, start_s, realtime=realtime))
        async for message in ws:
            event, at_s = json.loads(message), time.monotonic() - start_s
            if event["type"] == COMPLETED:
                recognised.texts.append(event["transcript"])
                recognised.at_s.append(at_s)
            elif event["type"] == STARTED:
                recognised.started += 1
            elif event["type"] == "input_audio_buffer.cleared":
                break
            elif event["type"] == "error":
                raise SystemExit(event["error"]["message"])
        await sender
    return recognised


async def send(ws: ClientConnection, samples: Float32, start_s: float, *, realtime: bool) -> None:
    data = np.clip(samples * 32_767, -32_768, 32_767).astype("<i2")
    for start in range(0, len(data), PACKET):
        packet = data[start : start + PACKET]
        if realtime:
            await asyncio.sleep(max(0.0, start_s + (start + len(packet)) / RATE - time.monotonic()))
        audio = base64.b64encode(packet.tobytes()).decode()
        await ws.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
    await ws.send(json.dumps({"type": "input_audio_buffer.clear"}))


def late_s(talk: Talk, recognised: Recognised) -> list[float]:
    """For each sentence, from its end to the first final that comes then."""
    found = []
    for end_s in talk.ends_s:
        after = [at_s - end_s for at_s in recognised.at_s if 0 <= at_s - end_s < GAP_S]
        if after:
            found.append(after[0])
    return found


def word_error_rate(texts: Sequence[str], recognised: Recognised) -> float:
    said, found = (" ".join(each).replace("\u093c", "") for each in (texts, recognised.texts))
    return float(jiwer.wer(said, found)) if found else 1.0


def row(name: str, talk: Talk, recognised: Recognised, bound_ms: int | None) -> str:
    late = late_s(talk, recognised)
    p50, p95 = (1000 * np.percentile(late, [50, 95])) if late else (np.nan, np.nan)
    over = "" if bound_ms is None else f"{p95 - bound_ms:+.0f} ms"
    wer = word_error_rate(talk.texts, recognised)
    return f"| {name} | {len(talk.texts)} / {len(recognised.texts)} | {p50:.0f} / {p95:.0f} ms | {over} | {wer:.1%} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=EMBEDDED)
    parser.add_argument("--sentences", type=int, default=20)
    parser.add_argument("--silences", type=int, nargs="+", default=list(SILENCES_MS))
    parser.add_argument(
        "--before", type=Path, help="checkout of an earlier build, which is measured with its own model"
    )
    parser.add_argument("--plot", type=Path, help="image to write: when the finals came, of both builds")
    arguments = parser.parse_args()
    talk = make_talk(arguments.sentences)
    before = {}
    if arguments.before is not None:
        with served(root=arguments.before.resolve()) as url:
            before = finals_table("before", url, make_talk(SENTENCES_BEFORE), arguments.silences)
    environment = {} if arguments.bundle == EMBEDDED else {"HINDI_STT_MODEL": str(arguments.bundle.resolve())}
    with served(**environment) as url:
        now = finals_table("now", url, talk, arguments.silences)
        hesitation_table(url, talk, make_talk(arguments.sentences, hesitant=True), arguments.silences)
        threshold_table(url, talk)
    if arguments.plot is not None:
        plot(arguments.plot, before, now)


@contextlib.contextmanager
def served(root: Path = ROOT, **environment: str) -> Iterator[str]:
    """The realtime address of a server of this checkout."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), root, **environment)
        try:
            server.wait_until_ready()
            yield f"ws://127.0.0.1:{server.port}/v1/realtime?intent=transcription"
        finally:
            server.stop()


def finals_table(name: str, url: str, talk: Talk, silences_ms: Sequence[int]) -> dict[int, list[float]]:
    """Print when finals came; returns, for each silence_duration_ms, how many seconds after each sentence's end."""

    async def follow_all() -> list[Recognised]:
        async def staggered(number: int, wanted: dict[str, Any] | None) -> Recognised:
            await asyncio.sleep(number * STAGGER_S)
            return await follow(url, talk, wanted)

        asked = [None, *({"silence_duration_ms": silence_ms} for silence_ms in silences_ms)]
        return await asyncio.gather(*(staggered(number, wanted) for number, wanted in enumerate(asked)))

    recognised = asyncio.run(follow_all())
    print(f"\n| silence_duration_ms, {name} | sentences / turns | final after the end of speech, p50 / p95 | ", end="")
    print("p95 beyond the silence | WER |\n| --- | --- | --- | --- | --- |")
    print(row("file turns", talk, recognised[0], None))
    for silence_ms, one in zip(silences_ms, recognised[1:], strict=True):
        print(row(str(silence_ms), talk, one, silence_ms), flush=True)
    return {silence_ms: late_s(talk, one) for silence_ms, one in zip(silences_ms, recognised[1:], strict=True)}


def hesitation_table(url: str, talk: Talk, hesitant: Talk, silences_ms: Sequence[int]) -> None:
    print("\n| silence_duration_ms, who hesitates | sentences / turns | WER |\n| --- | --- | --- |")
    for silence_ms in silences_ms:
        recognised = asyncio.run(follow(url, hesitant, {"silence_duration_ms": silence_ms}, realtime=False))
        wer = word_error_rate(talk.texts, recognised)
        print(f"| {silence_ms} | {len(talk.texts)} / {len(recognised.texts)} | {wer:.1%} |", flush=True)


def threshold_table(url: str, talk: Talk) -> None:
    print("\n| threshold, noise at 10 dB | turns started of sentences | WER |\n| --- | --- | --- |")
    noisy = talk.noisy(10)
    for threshold in (0.3, 0.5, 0.9):
        recognised = asyncio.run(follow(url, noisy, {"threshold": threshold}, realtime=False))
        wer = word_error_rate(talk.texts, recognised)
        print(f"| {threshold} | {recognised.started} of {len(talk.texts)} | {wer:.1%} |", flush=True)


def plot(path: Path, before: dict[int, list[float]], now: dict[int, list[float]]) -> None:
    """One point for each sentence, by build and silence_duration_ms, in ms after the last voiced sample."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), dpi=150, layout="constrained")
    axes = figure.subplots()
    for label, finals, colour, offset in (("before", before, "tab:gray", -0.12), ("now", now, "tab:blue", 0.12)):
        points = [(place + offset, 1000 * s) for place, late in enumerate(finals.values()) for s in late]
        if points:
            axes.scatter(*zip(*points, strict=True), s=14, alpha=0.6, color=colour, label=label, linewidths=0)
    for place, silence_ms in enumerate(now):
        ends = (place - 0.35, place + 0.35)
        asked, target = ("silence asked for", f"target for p95: {TARGET_MS} ms later") if place == 0 else ("", "")
        bound = silence_ms + TARGET_MS
        axes.plot(ends, (silence_ms, silence_ms), color="black", linewidth=1, label=asked)
        axes.plot(ends, (bound, bound), color="tab:red", linewidth=1, linestyle="--", label=target)
    axes.set_xticks(range(len(now)), [str(silence_ms) for silence_ms in now])
    axes.set_xlabel("silence_duration_ms")
    axes.set_ylabel("final after the last voiced sample, ms")
    axes.set_ylim(bottom=0)
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


if __name__ == "__main__":
    main()
