"""Live tracks of telephone calls: how soon finals come: `python -m benchmarks.telephony [--bundle BUNDLE]`.

Twilio's messages: G.711 mu-law at 8 kHz in packets of 100 ms, at the pace of speech, one track a call, each followed by
a WebSocket at /v1/calls/CALL/events. Speech as in `benchmarks.streaming`: 70 % of the time somebody speaks. The delay
of a final is the time from the packet that ends its utterance, which the same stream in this process tells, until it
is read. `taskset -c 0` in front gives server and clients one core.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from websockets.asyncio.client import connect

from benchmarks.streaming import RATE, percentiles, talk
from hindi_stt.audio import PacketDecoder, PacketFormat
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.streaming import Context, LocalBackend, Stream, Utterance
from hindi_stt.transcription.pipeline import Pipeline
from tests.support.server import Server
from tests.support.telephony import at_rate, mu_law, twilio_call

LOW_RATE = 8_000
PACKET_MS = 100
PACKET_BYTES = LOW_RATE * PACKET_MS // 1000
# Ends of one utterance, in seconds, here and in the server.
SAME_S = 0.02
FORMAT = PacketFormat("g711_ulaw", LOW_RATE)
START_S = 2.0


async def due_of(pipeline: Pipeline, backend: LocalBackend, data: bytes) -> dict[float, float]:
    """When each utterance is over: its end in the recording → seconds of audio with the packet that ends it."""
    decoder = PacketDecoder(FORMAT, pipeline.sample_rate)
    stream = Stream(pipeline, backend, pipeline.defaults, context=Context(step_s=len(data)))
    found: dict[float, float] = {}
    for start in range(0, len(data), PACKET_BYTES):
        packet = data[start : start + PACKET_BYTES]
        async for event in stream.push(decoder.push(packet)):
            if isinstance(event, Utterance) and event.words:
                found[event.end_s] = (start + len(packet)) / LOW_RATE
    return found


async def follow(url: str, call_id: str, due_s: Mapping[float, float], start_s: float) -> tuple[list[float], int]:
    """Delays of a call's finals in seconds, and the number of those that the stream here does not have."""
    delays, n_others = [], 0
    async with connect(f"{url}/v1/calls/{call_id}/events", open_timeout=60) as ws:
        async for message in ws:
            at_s, event = time.monotonic() - start_s, json.loads(message)
            if event["type"] == "final" and event["text"]:
                due = next((due for end, due in due_s.items() if abs(end - event["end"]) < SAME_S), None)
                if due is not None:
                    delays.append(at_s - due)
                elif at_s < max(due_s.values()):  # the last one ends with the call
                    n_others += 1
    return delays, n_others


async def hold(url: str, call_id: str, data: bytes, due_s: Mapping[float, float]) -> tuple[list[float], int]:
    messages = list(twilio_call({"inbound": data}, call_id=call_id, ms=PACKET_MS))
    async with connect(f"{url}/v1/telephony/twilio", open_timeout=60, close_timeout=60) as ws:
        for message in messages[:2]:
            await ws.send(message)
        await asyncio.sleep(START_S)
        start_s = time.monotonic()
        listener = asyncio.create_task(follow(url, call_id, due_s, start_s))
        for i, message in enumerate(messages[2:]):
            if '"media"' in message:
                await asyncio.sleep(max(0.0, start_s + (i + 1) * PACKET_MS / 1000 - time.monotonic()))
            await ws.send(message)
        await ws.wait_closed()
    return await listener


async def hold_all(url: str, tracks: Sequence[bytes], due: Sequence[Mapping[float, float]]) -> None:
    async with asyncio.TaskGroup() as group:
        calls = [
            group.create_task(hold(url, f"track-{i}", data, due_s))
            for i, (data, due_s) in enumerate(zip(tracks, due, strict=True))
        ]
    results = [call.result() for call in calls]
    delays = [delay for found, _ in results for delay in found]
    n_due, n_others = sum(map(len, due)), sum(n for _, n in results)
    print(f"{len(tracks)} | {len(delays)} of {n_due}, {n_others} others | {percentiles(delays)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=EMBEDDED)
    parser.add_argument("--precision", choices=["fp32", "int8"], default="fp32")
    parser.add_argument("--sentences", type=int, default=7)
    parser.add_argument("--tracks", type=int, default=40)
    arguments = parser.parse_args()
    opened = Bundle.open(arguments.bundle).with_precision(arguments.precision)
    pipeline, backend = Pipeline(opened, Settings(model="")), LocalBackend(LocalAcoustic(opened, threads=1))
    samples = (talk(arguments.sentences) * (2**15 - 1)).astype(np.int16)
    # Tracks begin apart from each other, so that they do not end their utterances together.
    step = len(samples) // arguments.tracks
    tracks = [mu_law(at_rate(np.roll(samples, -i * step), LOW_RATE)) for i in range(arguments.tracks)]
    due = [asyncio.run(due_of(pipeline, backend, data)) for data in tracks]
    cores = len(os.sched_getaffinity(0))
    print(f"{cores} cores for server and clients, {opened.tag} {arguments.precision}, {len(samples) / RATE:.0f} s each")
    print("tracks | finals | final p50 / p95")
    with tempfile.TemporaryDirectory() as folder:
        server = Server(
            Path(folder),
            HINDI_STT_PROTOCOLS="twilio",
            HINDI_STT_PRECISION=arguments.precision,
            HINDI_STT_MODEL=str(arguments.bundle.resolve()),
            HINDI_STT_REALTIME_CONNECTIONS=str(arguments.tracks),
            HINDI_STT_CLIENT_SHARE="1",
        )
        try:
            server.wait_until_ready()
            asyncio.run(hold_all(f"ws://127.0.0.1:{server.port}", tracks, due))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
