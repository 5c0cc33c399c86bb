"""pipecat-ai: its OpenAI services for segments and in real time, in a pipeline, with their defaults."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.support.server import Server

pytestmark = pytest.mark.clients
pytest.importorskip("pipecat")

Alike = Callable[[str], bool]


def run(service: Any, samples: np.ndarray, frames_behind: list[Any]) -> list[str]:
    """The transcripts of a pipeline: microphone frames with a local VAD's events around them, then these frames."""
    from pipecat.frames.frames import InputAudioRawFrame, TranscriptionFrame, VADUserStartedSpeakingFrame
    from pipecat.pipeline.worker import PipelineParams
    from pipecat.tests.utils import SleepFrame, run_test

    parts = np.array_split(samples, len(samples) // 320)
    audio = [InputAudioRawFrame(part.astype("<i2").tobytes(), 16_000, 1) for part in parts]
    frames: list[Any] = [VADUserStartedSpeakingFrame()]
    for frame in audio:
        frames += [frame, SleepFrame(sleep=0.01)]
    params = PipelineParams(audio_in_sample_rate=16_000)
    down, _ = asyncio.run(
        run_test(service, frames_to_send=[*frames, *frames_behind], pipeline_params=params, start_timeout=30)
    )
    return [frame.text for frame in down if isinstance(frame, TranscriptionFrame)]


def test_segments_with_their_defaults(server: Server, rain: np.ndarray, alike: Alike) -> None:
    from pipecat.frames.frames import VADUserStoppedSpeakingFrame
    from pipecat.services.openai.stt import OpenAISTTService
    from pipecat.tests.utils import SleepFrame

    service = OpenAISTTService(api_key="none", base_url=f"{server.url}/v1")
    (found,) = run(service, rain, [VADUserStoppedSpeakingFrame(), SleepFrame(sleep=3)])
    assert alike(found)


def test_realtime_with_a_local_vad_which_is_its_default(server: Server, rain: np.ndarray, alike: Alike) -> None:
    """A VAD that is wrong once more at the end commits nothing but silence, which ends no stream."""
    from pipecat.frames.frames import VADUserStoppedSpeakingFrame
    from pipecat.services.openai.stt import OpenAIRealtimeSTTService
    from pipecat.tests.utils import SleepFrame

    service = OpenAIRealtimeSTTService(api_key="none", base_url=f"ws://127.0.0.1:{server.port}/v1/realtime")
    found = run(service, rain, [VADUserStoppedSpeakingFrame(), SleepFrame(sleep=3)])
    assert len(found) == 1
    assert alike(found[0])


def test_realtime_with_the_servers_turns(server: Server, rain: np.ndarray, alike: Alike) -> None:
    from pipecat.services.openai.stt import OpenAIRealtimeSTTService
    from pipecat.tests.utils import SleepFrame

    service = OpenAIRealtimeSTTService(
        api_key="none",
        base_url=f"ws://127.0.0.1:{server.port}/v1/realtime",
        turn_detection={"type": "server_vad"},
        settings=OpenAIRealtimeSTTService.Settings(model="gpt-transcribe", noise_reduction="near_field"),
    )
    found = run(service, rain, [SleepFrame(sleep=3)])
    assert len(found) == 1
    assert alike(found[0])
