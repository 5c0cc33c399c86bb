"""Many realtime connections, a third of them misbehaving: what the others notice of it, in one run.

python -m benchmarks.crowd [--connections 200] [--bundle BUNDLE] [--speech 0.35]

First the well-behaved two thirds alone, then with the others beside them: silent ones, ones that never read, ones that
send garbage, ones that break off, and ones that come back again and again. What counts is the time from the packet that
ends an utterance until its final text; partials are left out by the server where it has no time for them.
Speech as in benchmarks.streaming, at the pace of speech, of which a connection has the share of one side of a telephone
call. The misbehaving are a process of their own. Descriptors and threads are counted before and after.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import random
import tempfile
import time
from pathlib import Path

import numpy as np
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from benchmarks.streaming import PACKET, RATE, Shown, ends_of, follow, staggered, talk
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.streaming import LocalBackend
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Float32
from tests.chaos.parts import resources_of
from tests.support.responses import eventually
from tests.support.server import Server

GARBAGE = ("{", "[]", '{"type": "nothing"}', '{"type": "input_audio_buffer.append", "audio": "%"}', b"\xff\x00")
# Connections to the runner are kept for 75 s.
IDLE_S = 100
# Until the other process has imported what it needs.
START_S = 5
KINDS = ("silent", "stalled", "garbage", "broken", "storm")


async def misbehave(kind: str, url: str, samples: Float32, seconds: float) -> None:
    """One client that does what it should not, again and again, for so long."""
    loop, draw = asyncio.get_running_loop(), random.Random(kind)
    end = loop.time() + seconds
    audio = (samples * 32_767).astype("<i2").tobytes().hex()
    while loop.time() < end:
        with contextlib.suppress(WebSocketException, OSError, TimeoutError):
            async with connect(url, open_timeout=30, close_timeout=1, max_queue=1) as ws:
                if kind == "silent":
                    await asyncio.sleep(end - loop.time())
                elif kind == "stalled":  # asks for answers and reads none of them
                    while loop.time() < end:
                        await ws.send('{"type": "input_audio_buffer.clear"}')
                        await asyncio.sleep(0.01)
                elif kind == "garbage":
                    while loop.time() < end:
                        await ws.send(draw.choice(GARBAGE))
                        await asyncio.sleep(0.05)
                elif kind == "broken":
                    await ws.send('{"type": "input_audio_buffer.append", "audio": "' + audio[:1000])
                    await asyncio.sleep(draw.uniform(0, 2))
                    ws.transport.abort()
                else:
                    await ws.recv()
        await asyncio.sleep(draw.uniform(0, 0.5))


async def gang(url: str, n: int, samples: Float32, seconds: float) -> None:
    """So many of those who misbehave."""
    await asyncio.gather(*(misbehave(KINDS[i % len(KINDS)], url, samples, seconds) for i in range(n)))


def misbehaving(url: str, n: int, samples: Float32, seconds: float) -> None:
    """A process of its own: what they cost is not the latency of others who are measured here."""
    asyncio.run(gang(url, n, samples, seconds))


async def follow_all(url: str, streams: list[Float32], ends: list[dict[int, float]]) -> list[float]:
    """Seconds until each final of the well-behaved; ends: see `ends_of`."""
    each = [Shown() for _ in streams]
    await asyncio.gather(*(follow(url, *stream) for stream in zip(streams, ends, each, strict=True)))
    return [late for shown in each for late in shown.final_s]


def crowd(url: str, streams: list[Float32], ends: list[dict[int, float]], n_bad: int) -> list[float]:
    """The finals of the well-behaved beside so many others."""
    others = multiprocessing.get_context("spawn").Process(
        target=misbehaving, args=(url, n_bad, streams[0][: 20 * PACKET], len(streams[0]) / RATE)
    )
    if n_bad:
        others.start()
        time.sleep(START_S)
    late = asyncio.run(follow_all(url, streams, ends))
    if n_bad:
        others.join()
    return late


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--bundle", type=Path, default=EMBEDDED)
    parser.add_argument("--precision", choices=["fp32", "int8"], default="fp32")
    parser.add_argument("--sentences", type=int, default=8)
    parser.add_argument("--speech", type=float, default=0.35, help="share of the time in which somebody speaks")
    arguments = parser.parse_args()
    samples = talk(arguments.sentences, share=arguments.speech)
    opened = Bundle.open(arguments.bundle).with_precision(arguments.precision)
    pipeline, line = Pipeline(opened, Settings(model="")), LocalBackend(LocalAcoustic(opened, threads=1))
    n_bad = arguments.connections // 3
    n_good = arguments.connections - n_bad
    streams = staggered(samples, n_good)
    ends = [asyncio.run(ends_of(pipeline, line, stream)) for stream in streams]
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "HINDI_STT_MODEL": str(arguments.bundle.resolve()),
            "HINDI_STT_PRECISION": arguments.precision,
            "HINDI_STT_REALTIME_CONNECTIONS": str(2 * arguments.connections),
            "HINDI_STT_REALTIME_WRITE_TIMEOUT_S": "3",
        }
        server = Server(Path(folder), **environment)
        try:
            server.wait_until_ready()
            url = f"ws://127.0.0.1:{server.port}/v1/realtime?intent=transcription"
            crowd(url, streams[:4], ends[:4], 4)  # what is made once is made
            before = resources_of(server)
            print("connections | misbehaving | finals | p50 | p95")
            p95 = []
            for bad in (0, n_bad):
                late = crowd(url, streams, ends, bad)
                p50, p95_s = np.percentile(late, [50, 95])
                p95.append(p95_s)
                print(f"{n_good + bad} | {bad} | {len(late)} | {1000 * p50:.0f} ms | {1000 * p95_s:.0f} ms", flush=True)
            print(f"p95 with them is {p95[1] / p95[0]:.2f} times p95 without")
            same = eventually(lambda: resources_of(server)["descriptors"] <= before["descriptors"], IDLE_S)
            print(json.dumps({"before": before, "after": resources_of(server), "no more descriptors": same}))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
