"""What each protocol's own messages cost beside the streaming: `python -m benchmarks.protocols [--bundle FOLDER]`.

A minute of speech with pauses goes through each adapter, in the packets that its platform sends, and through a stream
with its model in this process. CPU seconds per minute of audio and track: of the stream (decoding of packets, partials,
model, decoding, text), and of the adapter alone (parsing, base64, ordering, mixing, and writing all results). The
stream's share is what the embedded model needs, which is the smallest: with a larger one the adapter's share is less.
"""

from __future__ import annotations

import argparse
import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from starlette.requests import HTTPConnection

from hindi_stt.api.error_responses import SCOPE_KEY, RequestState
from hindi_stt.audio import PacketDecoder
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.bundle.registry import Registry
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.protocols.adapter import Adapter, Audio, EndOfAudio, EndUtterance, Message, Start
from hindi_stt.protocols.deepgram.live import DeepgramAdapter
from hindi_stt.protocols.telephony.audiosocket import AudioSocketAdapter
from hindi_stt.protocols.telephony.exotel import ExotelAdapter
from hindi_stt.protocols.telephony.freeswitch import FreeSwitchAdapter
from hindi_stt.protocols.telephony.plivo import PlivoAdapter
from hindi_stt.protocols.telephony.twilio import TwilioAdapter
from hindi_stt.protocols.vosk import VoskAdapter
from hindi_stt.protocols.wyoming import WyomingAdapter, make_info
from hindi_stt.settings import Settings
from hindi_stt.streaming import Event, LocalBackend, Stream
from hindi_stt.transcription.pipeline import Pipeline
from tests.support.streams import RATE, speech
from tests.support.telephony import at_rate, audiosocket_call, exotel_call, mu_law, packets_of, plivo_call, twilio_call
from tests.support.wyoming import wyoming_recording

REPEATS = 5


def handshake(query: str = "") -> HTTPConnection:
    scope = {"type": "websocket", "path": "/", "headers": [], "query_string": query.encode()}
    return HTTPConnection(scope | {SCOPE_KEY: RequestState("benchmark")})


def protocols(samples: np.ndarray, registry: Registry) -> dict[str, tuple[Callable[[], Adapter], list[Message]]]:
    """Each protocol's adapter, and the messages of a connection, in packets of 20 ms or as long as its clients' are."""
    low = at_rate(samples, 8_000)
    pcm = samples.astype("<i2").tobytes()
    info = make_info(registry)
    twenty_ms = packets_of(pcm, RATE // 50 * 2)
    vosk = ['{"config": {"sample_rate": 16000}}', *packets_of(pcm, 6_400), '{"eof" : 1}']
    listen = f"encoding=linear16&sample_rate={RATE}&interim_results=true&vad_events=true&utterance_end_ms=1000"
    # The transport takes the length of AudioSocket's messages away.
    asterisk = [one[:1] + one[3:] for one in audiosocket_call(low, uuid.UUID(int=1))]
    return {
        "twilio": (TwilioAdapter, [*twilio_call({"inbound": mu_law(low)}, ms=20)]),
        "exotel": (ExotelAdapter, [*exotel_call(low, 8_000)]),
        "plivo": (PlivoAdapter, [*plivo_call(pcm, "audio/x-l16", RATE, size=640)]),
        "freeswitch": (lambda: FreeSwitchAdapter(handshake()), ['{"rate": 16000}', *twenty_ms]),
        "audiosocket": (AudioSocketAdapter, asterisk),
        "vosk": (VoskAdapter, vosk),
        "deepgram": (
            lambda: DeepgramAdapter(handshake(listen), registry),
            [*twenty_ms, '{"type": "CloseStream"}'],
        ),
        "wyoming": (lambda: WyomingAdapter(info), wyoming_recording(samples)),
    }


async def streamed(
    pipeline: Pipeline, acoustic: LocalAcoustic, adapter: Adapter, messages: Sequence[Message]
) -> tuple[float, list[list[Event]]]:
    """CPU seconds of the stream, and its events after each message."""
    stream = Stream(pipeline, LocalBackend(acoustic), pipeline.defaults, min_s=0)
    decoder: PacketDecoder | None = None
    after: list[list[Event]] = []
    total_s = 0.0
    for message in messages:
        events: list[Event] = []
        for command in adapter.receive(message):
            start_s = time.process_time()
            if isinstance(command, Start):
                decoder = PacketDecoder(command.tracks[0].audio, pipeline.sample_rate)
            elif isinstance(command, Audio) and decoder is not None:
                events += [event async for event in stream.push(decoder.push(command.data))]
                events += [event async for event in stream.partial()]
            elif isinstance(command, EndOfAudio | EndUtterance):
                events += [event async for event in stream.commit()]
            total_s += time.process_time() - start_s
        after.append(events)
    return total_s, after


def adapted(adapter: Adapter, messages: Sequence[Message], after: Sequence[Sequence[Event]]) -> float:
    """CPU seconds of the adapter."""
    start_s = time.process_time()
    for message, events in zip(messages, after, strict=True):
        waiting = list(events)
        for command in adapter.receive(message):
            if isinstance(command, Start):
                adapter.started([], "m:1")
                continue
            for event in waiting:
                adapter.results(0, event)
            waiting.clear()
            adapter.handled(command)
    return time.process_time() - start_s


def measured(bundle: Bundle, minutes: float) -> dict[str, tuple[float, float]]:
    """Seconds per minute of the stream and of the adapter, by protocol."""
    turn = speech("rain.flac", 1.2, "family.flac", 1.5)
    samples = np.tile(turn, int(minutes * 60 * RATE / len(turn)) + 1)
    pipeline, acoustic = Pipeline(bundle, Settings(model="")), LocalAcoustic(bundle, threads=1)
    found = {}
    length_min = len(samples) / RATE / 60
    for name, (make, messages) in protocols(samples, Registry([bundle])).items():
        stream_s, after = asyncio.run(streamed(pipeline, acoustic, make(), messages))
        adapter_s = min(adapted(make(), messages, after) for _ in range(REPEATS))
        found[name] = (stream_s / length_min, adapter_s / length_min)
    return found


def main(arguments: Any = None) -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=EMBEDDED)
    parser.add_argument("--minutes", type=float, default=1)
    given = parser.parse_args(arguments)
    bundle = Bundle.open(given.bundle)
    print(
        f"{bundle.tag}: CPU ms per minute of audio\n| protocol | stream | adapter | share |\n| --- | --- | --- | --- |"
    )
    for name, (stream_s, adapter_s) in measured(bundle, given.minutes).items():
        print(f"| {name} | {stream_s * 1000:.0f} | {adapter_s * 1000:.1f} | {adapter_s / stream_s:.1%} |")


if __name__ == "__main__":
    main()
