"""openai-agents[voice]: the transcription session of its voice pipeline, with its default model and semantic_vad."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from tests.support.server import Server

pytestmark = pytest.mark.clients
pytest.importorskip("agents.voice")

Alike = Callable[[str], bool]


@pytest.mark.parametrize("turn_detection", [None, {"type": "server_vad", "silence_duration_ms": 300}])
def test_a_streamed_session(server: Server, rain: np.ndarray, alike: Alike, turn_detection: object) -> None:
    """Two turns, and the end of the input, whose commit finds an empty buffer."""
    from agents.voice import OpenAIVoiceModelProvider, StreamedAudioInput, STTModelSettings
    from openai import AsyncOpenAI

    async def go() -> list[str]:
        url = f"127.0.0.1:{server.port}/v1"
        api = AsyncOpenAI(api_key="none", base_url=f"http://{url}", websocket_base_url=f"ws://{url}")
        model = OpenAIVoiceModelProvider(openai_client=api).get_stt_model(None)
        source = StreamedAudioInput()
        settings = STTModelSettings(turn_detection=turn_detection)
        session = await model.create_session(source, settings, False, False)
        upsampled = np.repeat(rain, 3)[::2].astype(np.int16)

        async def push() -> None:
            for _ in range(2):
                for part in np.array_split(upsampled, len(upsampled) // 480):
                    await source.add_audio(part)
                    await asyncio.sleep(0.01)
            await source.add_audio(None)

        sender = asyncio.create_task(push())
        async with asyncio.timeout(60):
            found = [turn async for turn in session.transcribe_turns()]
        await sender
        await session.close()
        return found

    found = asyncio.run(go())
    assert len(found) == 2
    assert all(alike(turn) for turn in found)


def test_a_recording(server: Server, rain: np.ndarray, alike: Alike) -> None:
    from agents.voice import AudioInput, OpenAIVoiceModelProvider, STTModelSettings
    from openai import AsyncOpenAI

    api = AsyncOpenAI(api_key="none", base_url=f"{server.url}/v1")
    model = OpenAIVoiceModelProvider(openai_client=api).get_stt_model(None)
    source = AudioInput(buffer=rain, frame_rate=16_000)
    assert alike(asyncio.run(model.transcribe(source, STTModelSettings(), False, False)))
