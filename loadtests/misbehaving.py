"""Live connections while others misbehave: `python -m loadtests.misbehaving`.

Of 200 connections two thirds speak Deepgram's live protocol at the pace of speech: a recording, then `Finalize`, then
silence, again and again. The delay of a final is the time from `Finalize` until its result. The other third has another
key, and misbehaves: junk, messages that are too long, audio as fast as the socket takes it, clients that never read,
that say nothing, that hang up. Printed: the delays without and with them, and their ratio.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from tests.support.guarded import Guarded
from tests.support.streams import speech
from tests.support.telephony import at_rate, mu_law

LISTEN = "/v1/listen?encoding=mulaw&sample_rate=8000"
PACKET_S = 0.2
PACKET_BYTES = int(8_000 * PACKET_S)
# Between the end of one recording and the beginning of the next.
SILENCE_S = 12.0
# A client that misbehaves comes back so soon.
AGAIN_S = 1.0
# Between the messages of those that send as fast as they can: their own process must not be what takes the cores.
STEP_S = 0.02
SPOKEN = mu_law(at_rate(speech("rain.flac"), 8_000))
SILENCE = mu_law(np.zeros(PACKET_BYTES, np.int16))
Misbehave = Callable[[ClientConnection], Awaitable[None]]


def opened(port: int, key: str, query: str = "") -> connect:
    headers = {"Authorization": f"Token {key}"}
    return connect(f"ws://127.0.0.1:{port}{LISTEN}{query}", additional_headers=headers, open_timeout=60)


async def neighbour(port: int, key: str, end_s: float, wait_s: float, delays_s: list[float]) -> None:
    """Speak until the time is over; the delays of finals are added."""
    async with opened(port, key) as ws:
        due_s = time.monotonic()

        async def say(data: bytes) -> None:
            nonlocal due_s
            due_s += PACKET_S
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            await ws.send(data)

        async def quiet(seconds: float) -> None:
            for _ in range(int(seconds / PACKET_S)):
                if time.monotonic() >= end_s:
                    return
                await say(SILENCE)

        await quiet(wait_s)
        while time.monotonic() < end_s:
            for start in range(0, len(SPOKEN), PACKET_BYTES):
                await say(SPOKEN[start : start + PACKET_BYTES])
            start_s = time.monotonic()
            await ws.send('{"type": "Finalize"}')
            while not json.loads(await asyncio.wait_for(ws.recv(), 60)).get("from_finalize"):
                pass
            delays_s.append(time.monotonic() - start_s)
            due_s = max(due_s, time.monotonic())
            await quiet(SILENCE_S)


async def junk(ws: ClientConnection) -> None:
    while True:
        await ws.send("{" * 100)
        await asyncio.sleep(STEP_S)


async def too_long(ws: ClientConnection) -> None:
    await ws.send("x" * 2**22)
    await ws.wait_closed()


async def flood(ws: ClientConnection) -> None:
    while True:
        await ws.send(SPOKEN)
        await asyncio.sleep(STEP_S)


async def never_reads(ws: ClientConnection) -> None:
    for start in itertools.count():
        await ws.send(SPOKEN[start % 20 * PACKET_BYTES :][:PACKET_BYTES] or SILENCE)
        await asyncio.sleep(PACKET_S)


async def says_nothing(ws: ClientConnection) -> None:
    await ws.wait_closed()


async def hangs_up(ws: ClientConnection) -> None:
    await ws.send(SPOKEN[:PACKET_BYTES])
    ws.transport.abort()


KINDS: tuple[Misbehave, ...] = (junk, too_long, flood, never_reads, says_nothing, hangs_up)


async def misbehave(port: int, key: str, kind: Misbehave) -> None:
    while True:
        with contextlib.suppress(Exception):  # whatever the server does about it
            async with opened(port, key, "&interim_results=true") as ws:
                await kind(ws)
        await asyncio.sleep(AGAIN_S)


def misbehave_all(port: int, key: str, n: int, left_out: Sequence[str]) -> None:
    """Until the process is ended."""
    kinds = [kind for kind in KINDS if kind.__name__ not in left_out]

    async def run() -> None:
        await asyncio.gather(*(misbehave(port, key, kinds[i % len(kinds)]) for i in range(n)))

    asyncio.run(run())


@contextlib.contextmanager
def misbehaving(port: int, key: str, n: int, left_out: Sequence[str]) -> Iterator[None]:
    """Connections that misbehave, in a process of their own."""
    process = multiprocessing.get_context("spawn").Process(
        target=misbehave_all, args=(port, key, n, left_out), daemon=True
    )
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join()


async def neighbours(port: int, key: str, n: int, seconds: float) -> list[float]:
    """The delays of their finals."""
    delays_s: list[float] = []
    draw = random.Random(1)
    end_s = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        for _ in range(n):
            group.create_task(neighbour(port, key, end_s, draw.uniform(0.5, SILENCE_S), delays_s))
    return delays_s


def p95_ms(delays_s: list[float]) -> float:
    return float(np.percentile(delays_s, 95)) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=40, help="of each of the two measurements")
    parser.add_argument("--speed", type=float, default=0, help="HINDI_STT_PROTOCOL_SPEED; 0 for no bound")
    parser.add_argument("--share", type=float, help="HINDI_STT_REALTIME_CATCH_UP_SHARE; 1 for no bound")
    names = [kind.__name__ for kind in KINDS]
    parser.add_argument("--without", nargs="*", default=[], choices=names, help="kinds to leave out")
    parser.add_argument("--most-times", type=float, default=1.5, help="bound on the ratio of both p95")
    arguments = parser.parse_args()
    n_bad = arguments.connections // 3
    n_good = arguments.connections - n_bad
    with tempfile.TemporaryDirectory() as folder:
        share = {"HINDI_STT_REALTIME_CATCH_UP_SHARE": str(arguments.share)} if arguments.share else {}
        server = Guarded(
            Path(folder),
            **share,
            HINDI_STT_PROTOCOLS="deepgram",
            HINDI_STT_REALTIME_CONNECTIONS=str(2 * arguments.connections),
            HINDI_STT_JOBS_WORKERS="0",
            HINDI_STT_PROTOCOL_SPEED=str(arguments.speed),
        )
        keys = (server.new_key("good"), server.new_key("bad"))
        try:
            server.wait_until_ready()
            without = asyncio.run(neighbours(server.port, keys[0], n_good, arguments.seconds))
            with misbehaving(server.port, keys[1], n_bad, arguments.without):
                beside = asyncio.run(neighbours(server.port, keys[0], n_good, arguments.seconds))
        finally:
            server.stop()
    print(
        f"{n_good} connections, {len(without)} finals: p95 {p95_ms(without):.0f} ms (median "
        f"{np.median(without) * 1000:.0f}); beside {n_bad} that misbehave, {len(beside)} finals: p95 "
        f"{p95_ms(beside):.0f} ms (median {np.median(beside) * 1000:.0f}): {p95_ms(beside) / p95_ms(without):.2f} times"
    )
    if p95_ms(beside) > arguments.most_times * p95_ms(without):
        sys.exit(1)


if __name__ == "__main__":
    main()
