"""livekit-plugins-openai: its STT for files and in real time, with its default model and language."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.support.server import Server

pytestmark = pytest.mark.clients
pytest.importorskip("livekit.plugins.openai")

Alike = Callable[[str], bool]


def frames(samples: np.ndarray) -> list[Any]:
    from livekit import rtc

    size = 320
    parts = [samples[start : start + size] for start in range(0, len(samples) - size + 1, size)]
    return [rtc.AudioFrame(part.astype("<i2").tobytes(), 16_000, 1, size) for part in parts]


def run(server: Server, samples: np.ndarray, *, realtime: bool, **given: Any) -> list[Any]:
    """The events of recognize, or of a stream to which the frames come at the pace of speech."""
    from livekit.agents import stt as agents_stt
    from livekit.agents.utils import http_context
    from livekit.plugins import openai

    async def go() -> list[Any]:
        async with http_context.open():
            stt = openai.STT(base_url=f"{server.url}/v1", api_key="none", use_realtime=realtime, **given)
            if not realtime:
                return [await stt.recognize(frames(samples))]
            stream = stt.stream()

            async def push() -> None:
                for frame in frames(samples):
                    stream.push_frame(frame)
                    await asyncio.sleep(0.02)

            sender = asyncio.create_task(push())
            events = []
            async with asyncio.timeout(60):
                async for event in stream:
                    events.append(event)
                    if event.type == agents_stt.SpeechEventType.FINAL_TRANSCRIPT:
                        break
            await sender
            await stream.aclose()
            await stt.aclose()
            return events

    return asyncio.run(go())


def test_a_file_with_its_defaults(server: Server, rain: np.ndarray, alike: Alike) -> None:
    (event,) = run(server, rain, realtime=False)
    assert alike(event.alternatives[0].text)


def test_in_real_time_with_its_defaults(server: Server, rain: np.ndarray, alike: Alike) -> None:
    events = run(server, rain, realtime=True)
    kinds = [event.type.value for event in events]
    assert kinds[0] == "start_of_speech"
    assert kinds[-1] == "final_transcript"
    assert "end_of_speech" in kinds
    assert alike(events[-1].alternatives[0].text)
    assert events[-1].alternatives[0].language == "hi"
