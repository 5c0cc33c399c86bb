"""A simulated call centre: calls of two sides begin and end, at the pace of speech: `python -m loadtests.call_centre`.

Twilio's messages, one packet of each side every 100 ms. Each call is followed by a listener as an agent's screen would.
When all have ended, the file API transcribes the same audio, and the finals of each side, joined, have to be its text.
Printed: how many calls, sides that agree, the delay of finals, and the memory of the server's processes at the
beginning and at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from websockets.asyncio.client import connect

from hindi_stt.bundle.manifest import EMBEDDED
from loadtests.memory import memory_by_process, written
from tests.support.server import Server
from tests.support.streams import RATE, speech
from tests.support.telephony import at_rate, mu_law, mu_law_file, twilio_call

LABELS = ("inbound", "outbound")
PACKET_MS = 100
# The worker of jobs starts when the server is ready.
SETTLE_S = 10.0
CLIPS = ("rain.flac", "family.flac")


@dataclass
class Call:
    """audio: 16 kHz samples of each side. finals: what the listener was told of each."""

    id: str
    audio: dict[str, np.ndarray]
    finals: dict[str, list[str]] = field(default_factory=lambda: {label: [] for label in LABELS})
    ended: bool = False


def make_call(number: int, draw: random.Random, shortest_s: float, longest_s: float) -> Call:
    """Both sides say the recordings of the tests in turns, with pauses as people make them."""
    wanted_s = draw.uniform(shortest_s, longest_s)
    sides: dict[str, list[np.ndarray]] = {label: [] for label in LABELS}
    length = 0
    while length < wanted_s * RATE:
        speaker = draw.choice(LABELS)
        turn = speech(draw.uniform(0.3, 1.5), draw.choice(CLIPS), draw.uniform(0.5, 2.0))
        for label, parts in sides.items():
            parts.append(turn if label == speaker else np.zeros_like(turn))
        length += len(turn)
    return Call(f"call-{number}", {label: np.concatenate(parts) for label, parts in sides.items()})


async def follow(url: str, call: Call) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=120) as client:
        while True:
            async with client.stream("GET", f"/v1/calls/{call.id}/events") as answer:
                if answer.status_code == 404:  # not begun yet
                    await asyncio.sleep(0.2)
                    continue
                async for line in answer.aiter_lines():
                    event = json.loads(line[6:]) if line.startswith("data: ") else {"type": ""}
                    if event["type"] == "final" and event["text"]:
                        call.finals[event["track"]].append(event["text"])
                    call.ended = call.ended or event["type"] == "call.ended"
                return


async def hold(url: str, call: Call, times: float = 1.0) -> None:
    """Make one call at the pace of speech, or so many times as fast."""
    tracks = {label: mu_law(at_rate(samples, 8_000)) for label, samples in call.audio.items()}
    listener = asyncio.create_task(follow(url, call))
    address = f"{url.replace('http', 'ws')}/v1/telephony/twilio"
    async with connect(address, open_timeout=60, close_timeout=60) as ws:
        start_s, n_media = time.monotonic(), 0
        for message in twilio_call(tracks, call_id=call.id, ms=PACKET_MS):
            if '"media"' in message and '"payload"' in message:
                due_s = start_s + n_media // len(LABELS) * PACKET_MS / 1000 / times
                n_media += 1
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            await ws.send(message)
        await ws.wait_closed()
    await listener


async def centre(url: str, arguments: argparse.Namespace) -> list[Call]:
    """So many calls at a time, one after the other, until the time is over."""
    end_s, calls = time.monotonic() + arguments.minutes * 60, []
    draw = random.Random(arguments.seed)

    async def desk() -> None:
        await asyncio.sleep(draw.uniform(0, 3))
        while (rest_s := end_s - time.monotonic()) > arguments.shortest:
            call = make_call(len(calls), draw, arguments.shortest, min(arguments.longest, rest_s))
            calls.append(call)
            await hold(url, call)

    async with asyncio.TaskGroup() as group:
        for _ in range(arguments.calls):
            group.create_task(desk())
    return calls


def final_p95_s(url: str) -> float:
    """The 95th percentile of finals' delay, by the upper bounds of the server's histogram."""
    counts: dict[float, float] = {}
    for line in httpx.get(f"{url}/metrics").text.splitlines():
        if line.startswith("hindi_stt_protocol_final_seconds_bucket{"):
            bound = float(line.partition('le="')[2].partition('"')[0])
            counts[bound] = counts.get(bound, 0.0) + float(line.rpartition(" ")[2])
    total = counts.get(float("inf"), 0.0)
    return next((bound for bound, count in sorted(counts.items()) if count >= 0.95 * total), float("nan"))


def compare(server: Server, calls: list[Call]) -> int:
    """How many sides differ from the file API's text; each is printed."""
    n_different = 0
    for call in calls:
        for label, samples in call.audio.items():
            expected = server.transcribe(mu_law_file(samples)).json()["text"]
            found = " ".join(call.finals[label])
            if found != expected or not call.ended:
                n_different += 1
                print(f"{call.id} {label}: {found!r} is not {expected!r}, ended={call.ended}")
    return n_different


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=EMBEDDED)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--calls", type=int, default=20, help="at a time")
    parser.add_argument("--shortest", type=float, default=20, help="seconds of a call")
    parser.add_argument("--longest", type=float, default=120)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = {"HINDI_STT_PROTOCOLS": "twilio", "HINDI_STT_MODEL": str(arguments.bundle.resolve())}
        server = Server(Path(folder), HINDI_STT_CLIENT_SHARE="1", HINDI_STT_JOBS_DIR=f"{folder}/jobs", **settings)
        try:
            server.wait_until_ready()
            time.sleep(SETTLE_S)
            before = memory_by_process(server.process.pid)
            calls = asyncio.run(centre(server.url, arguments))
            p95_s, after = final_p95_s(server.url), memory_by_process(server.process.pid)
            n_different = compare(server, calls)
        finally:
            server.stop()
    audio_s = sum(len(samples) for call in calls for samples in call.audio.values()) / RATE
    n_sides = len(LABELS) * len(calls)
    print(
        f"{len(calls)} calls, {audio_s / 60:.1f} min of audio, {n_sides - n_different} of {n_sides} sides as the file "
        f"API; finals p95 <= {p95_s * 1000:.0f} ms\nmemory before: {written(before)}\nmemory after: {written(after)}"
    )
    if n_different:
        sys.exit(1)


if __name__ == "__main__":
    main()
