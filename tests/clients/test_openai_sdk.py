"""openai-python: files, streams, realtime and client secrets."""

from __future__ import annotations

import base64
from collections.abc import Callable

import numpy as np
import pytest

from tests.support.server import Server
from tests.support.wav import pcm_24_khz, wav

pytestmark = pytest.mark.clients
openai = pytest.importorskip("openai")

COMPLETED = "conversation.item.input_audio_transcription.completed"
Alike = Callable[[str], bool]


def client(server: Server, key: str = "none") -> openai.OpenAI:
    url = f"127.0.0.1:{server.port}/v1"
    return openai.OpenAI(api_key=key, base_url=f"http://{url}", websocket_base_url=f"ws://{url}")


@pytest.mark.parametrize("model", ["whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-transcribe"])
def test_a_file(server: Server, rain: np.ndarray, text: str, model: str) -> None:
    with client(server) as api:
        answer = api.audio.transcriptions.create(model=model, file=("rain.wav", wav(rain)))
    assert answer.text == text


def test_a_stream_of_deltas(server: Server, rain: np.ndarray, text: str) -> None:
    with client(server) as api:
        events = list(
            api.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.wav", wav(rain)), stream=True)
        )
    assert events[-1].type == "transcript.text.done"
    assert events[-1].text == text


@pytest.mark.parametrize("model", ["gpt-4o-transcribe", "gpt-realtime-whisper", "gpt-live-transcribe", "whisper-1"])
def test_realtime_by_model_alone(server: Server, rain: np.ndarray, alike: Alike, model: str) -> None:
    data = pcm_24_khz(rain)
    with client(server) as api, api.realtime.connect(model=model) as connection:
        for start in range(0, len(data), 4_800):
            connection.input_audio_buffer.append(audio=base64.b64encode(data[start : start + 4_800]).decode())
        if model in {"gpt-realtime-whisper", "gpt-live-transcribe"}:
            connection.input_audio_buffer.commit()
        done = next(event for event in connection if event.type in {"error", COMPLETED})
    assert done.type == COMPLETED, done
    assert alike(done.transcript)


def test_a_client_secret_keeps_its_session(server: Server, rain: np.ndarray, alike: Alike) -> None:
    turns = {"type": "server_vad", "silence_duration_ms": 300}
    audio = {"input": {"transcription": {"model": "gpt-4o-transcribe"}, "turn_detection": turns}}
    with client(server) as api:
        secret = api.realtime.client_secrets.create(session={"type": "transcription", "audio": audio})
    data = pcm_24_khz(rain)
    with client(server, secret.value) as api, api.realtime.connect(extra_query={}) as connection:
        created = connection.recv()
        assert created.session.audio.input.turn_detection.silence_duration_ms == 300
        connection.input_audio_buffer.append(audio=base64.b64encode(data).decode())
        done = next(event for event in connection if event.type in {"error", COMPLETED})
    assert done.type == COMPLETED, done
    assert alike(done.transcript)
