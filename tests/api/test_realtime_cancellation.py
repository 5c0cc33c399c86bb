"""Every await of a realtime session is cancelled: nothing is left for what follows, and no task, count or place."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketState

from hindi_stt.access.limits import Client
from hindi_stt.api.realtime.session import RealtimeSession
from hindi_stt.api.realtime.session_config import initial_config
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.streaming import LocalBackend, Stream, Utterance
from hindi_stt.transcription.pipeline import Pipeline
from tests.support.api_requests import make_recognizer
from tests.support.cancelling import CancelledAt, at_every_await, cancelled_at
from tests.support.descriptors import eventually
from tests.support.streams import RATE, speech


@pytest.fixture
def recognizer(acoustic: LocalAcoustic, tmp_path: Path) -> Recognizer:
    return make_recognizer(acoustic, Settings(model="", jobs_dir=str(tmp_path / "jobs")))


def packets(samples: np.ndarray) -> list[np.ndarray]:
    floats = samples.astype(np.float32) / 2**15
    return [floats[i : i + RATE // 5] for i in range(0, len(floats), RATE // 5)]


async def texts_of(events: AsyncGenerator[Any]) -> list[str]:
    return [event.text async for event in events if isinstance(event, Utterance)]


@pytest.mark.slow
def test_a_stream_that_is_cleared_after_a_cancellation(pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    """Of what was cancelled nothing is left for the next utterance, wherever it was."""
    family, rain = packets(speech("family.flac", 1.0)), packets(speech("rain.flac", 1.0))

    async def whole(stream: Stream, parts: list[np.ndarray]) -> list[str]:
        found = [text for part in parts for text in await texts_of(stream.push(part))]
        return [*found, *[text for text in await texts_of(stream.commit()) if text]]

    async def hear(stream: Stream) -> None:
        for part in family:
            await texts_of(stream.push(part))
            _ = [event async for event in stream.partial()]

    def new() -> Stream:
        return Stream(pipeline, LocalBackend(acoustic), pipeline.options({}))

    async def attempt(n: int) -> bool:
        stream = new()
        reached, _ = await cancelled_at(hear(stream), n)
        await stream.clear()
        assert await whole(stream, rain) == wanted, n
        return reached

    wanted = asyncio.run(whole(new(), rain))
    assert wanted
    assert asyncio.run(at_every_await(attempt)) > 10


def test_a_realtime_session(recognizer: Recognizer) -> None:
    """Wherever its words are being heard when the client goes or the server ends: no task, count or place is left."""
    floats = speech("rain.flac", 1.0)
    audio = [floats[i : i + RATE // 2].astype("<i2").tobytes() for i in range(0, len(floats), RATE // 2)]
    format_ = {"type": "audio/pcm", "rate": RATE}
    events: list[dict[str, Any]] = [
        {"type": "session.update", "session": {"type": "transcription", "audio": {"input": {"format": format_}}}},
        *({"type": "input_audio_buffer.append", "audio": base64.b64encode(part).decode()} for part in audio[:2]),
        {"type": "input_audio_buffer.clear"},
        *({"type": "input_audio_buffer.append", "audio": base64.b64encode(part).decode()} for part in audio),
        {"type": "input_audio_buffer.commit"},
    ]

    async def attempt(n: int) -> bool:
        waiting = [{"type": "websocket.receive", "text": json.dumps(event)} for event in events]
        kinds: list[str] = []
        done = asyncio.Event()

        async def receive() -> Message:
            if not waiting:
                await done.wait()
                return {"type": "websocket.disconnect", "code": 1000}
            return waiting.pop(0)

        async def send(message: Message) -> None:
            if "text" in message:
                kinds.append(json.loads(message["text"])["type"])
                if kinds[-1].endswith(("completed", "error", "failed")):
                    done.set()

        scope = {"type": "websocket", "path": "/v1/realtime", "headers": [], "hindi_stt_client": Client("-")}
        websocket = WebSocket(scope, receive, send)
        websocket.client_state = websocket.application_state = WebSocketState.CONNECTED
        session = RealtimeSession(websocket, recognizer, initial_config({}, None, recognizer))
        running = asyncio.ensure_future(session.run())
        cancelling = CancelledAt(session._work(), n, running)

        async def work() -> str:
            return await cancelling

        session._work = work  # type: ignore[method-assign]
        (result,) = await asyncio.gather(running, return_exceptions=True)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert recognizer.load._total_s == pytest.approx(0)
        assert recognizer._n_partials == 0
        assert recognizer.threads.n_in_use == 0
        assert isinstance(result, asyncio.CancelledError) if cancelling.reached else kinds[-1].endswith("completed")
        return cancelling.reached

    assert asyncio.run(at_every_await(attempt)) >= 5


def test_clear_while_a_partial_is_being_decoded(
    pipeline: Pipeline, acoustic: LocalAcoustic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decoding thread has ended when the stream begins anew, so that it cannot bring the old words back."""
    decoding, decoded = threading.Event(), threading.Event()

    async def run() -> Callable[[], Any]:
        stream = Stream(pipeline, LocalBackend(acoustic), pipeline.options({}))
        partials: Any = stream._partials
        words = partials._words

        def slow(now_s: float) -> Any:
            decoding.set()
            time.sleep(0.2)
            try:
                return words(now_s)
            finally:
                decoded.set()

        monkeypatch.setattr(partials, "_words", slow)
        for part in packets(speech("family.flac")):
            await texts_of(stream.push(part))
            await asyncio.sleep(0.02)
            if decoding.is_set():
                break
        await eventually(decoding.is_set, 60)
        await stream.clear()
        return lambda: (list(partials._before), list(partials._shown), partials._begun, decoded.is_set())

    state = asyncio.run(run())
    before = state()
    time.sleep(0.4)
    assert before == state() == ([], [], False, True)
