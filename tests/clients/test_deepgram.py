"""Deepgram's own SDK, unchanged, with this server as its environment: recordings and live audio."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydantic
import pytest

from tests.support.server import Server
from tests.support.wav import wav

pytestmark = pytest.mark.clients
pytest.importorskip("deepgram")

from deepgram import AsyncDeepgramClient, DeepgramClient  # noqa: E402
from deepgram.core.api_error import ApiError  # noqa: E402
from deepgram.core.events import EventType  # noqa: E402
from deepgram.environment import DeepgramClientEnvironment  # noqa: E402
from deepgram.listen.v1.types import (  # noqa: E402
    ListenV1Metadata,
    ListenV1Results,
    ListenV1SpeechStarted,
    ListenV1UtteranceEnd,
)

RATE = 16_000
LIVE: dict[str, Any] = {"model": "nova-3", "language": "hi", "encoding": "linear16", "sample_rate": RATE}


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A key file, and the key in it."""
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    python = Path(os.environ.get("HINDI_STT_TEST_SERVER_PYTHON", sys.executable))
    command = [str(python.parent / "hindi-stt"), "keys", "--file", str(path), "new", "deepgram"]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    return path, next(word for word in made.stdout.split() if word.startswith("stt_"))


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory, key_file: tuple[Path, str]) -> Iterator[Server]:
    running = Server(
        tmp_path_factory.mktemp("deepgram"), HINDI_STT_PROTOCOLS="deepgram", HINDI_STT_KEY_FILE=str(key_file[0])
    )
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def given(listening: Server, key_file: tuple[Path, str]) -> dict[str, Any]:
    """What both clients of the SDK are made from."""
    live = f"ws://127.0.0.1:{listening.port}"
    environment = DeepgramClientEnvironment(base=listening.url, production=live, agent=live, agent_rest=listening.url)
    return {"api_key": key_file[1], "environment": environment}


@pytest.fixture(scope="module")
def spoken(listening: Server, rain: np.ndarray, key_file: tuple[Path, str]) -> str:
    """What the server says of the recording."""
    answer = listening.transcribe(wav(rain), headers={"Authorization": f"Bearer {key_file[1]}"})
    text: str = answer.json()["text"]
    assert len(text.split()) > 4
    return text


def test_a_recording(given: dict[str, Any], rain: np.ndarray, spoken: str) -> None:
    options: dict[str, Any] = {"model": "nova-3", "language": "hi", "utterances": True, "keyterm": ["बारिश"]}
    found = DeepgramClient(**given).listen.v1.media.transcribe_file(request=wav(rain), **options)
    best = found.results.channels[0].alternatives[0]
    assert best.transcript == spoken
    assert [word.word for word in best.words] == spoken.split()
    assert all(word.start <= word.end and 0 <= word.confidence <= 1 for word in best.words)
    assert " ".join(utterance.transcript for utterance in found.results.utterances) == spoken
    assert found.metadata.channels == 1
    assert found.metadata.duration == pytest.approx(len(rain) / RATE, abs=0.01)
    assert found.metadata.created.tzinfo is not None


def named_otherwise(model: pydantic.BaseModel) -> set[str]:
    """Check an answer against the SDK's models, which it does not do itself; fields that they do not have."""
    type(model).model_validate(model.model_dump(exclude_unset=True))
    found = set(model.model_extra or {})
    for value in dict(model).values():
        for one in value if isinstance(value, list) else [value]:
            found |= named_otherwise(one) if isinstance(one, pydantic.BaseModel) else set()
    return found


def test_answers_are_as_the_sdks_models_say(given: dict[str, Any], rain: np.ndarray) -> None:
    """With everything that a recording may be asked for, and everything that has no effect."""
    asked = (
        "utterances",
        "paragraphs",
        "smart_format",
        "punctuate",
        "diarize",
        "detect_language",
        "sentiment",
        "topics",
    )
    options: dict[str, Any] = dict.fromkeys(asked, True) | {"tag": ["a"], "extra": "k:v", "search": "बारिश"}
    found = DeepgramClient(**given).listen.v1.media.transcribe_file(request=wav(rain), model="nova-3", **options)
    # Deepgram sends punctuated_word, too, and extra as it was given; warnings are ours.
    assert named_otherwise(found) == {"punctuated_word", "extra", "warnings"}
    best = found.results.channels[0].alternatives[0]
    (paragraph,) = best.paragraphs.paragraphs
    assert " ".join(sentence.text for sentence in paragraph.sentences) == best.transcript
    assert best.transcript.endswith("।")
    assert found.results.channels[0].detected_language == "hi"
    warnings = (found.model_extra or {})["warnings"]
    for name in ("diarize", "sentiment", "topics", "search", "model=nova-3"):
        assert any(text.startswith(name) for text in warnings), name


def test_channels_of_raw_samples(given: dict[str, Any], rain: np.ndarray) -> None:
    """The SDK has no parameter for the rate of a recording's samples: it goes with the request's options."""
    stereo = np.stack([rain, np.zeros_like(rain)], axis=1).astype("<i2").tobytes()
    more = {"additional_query_parameters": {"sample_rate": RATE, "channels": 2}}
    found = DeepgramClient(**given).listen.v1.media.transcribe_file(
        request=stereo, encoding="linear16", multichannel=True, request_options=more
    )
    first, second = (channel.alternatives[0].transcript for channel in found.results.channels)
    assert len(first.split()) > 4
    assert not second


def test_an_address_is_refused_by_name(given: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as caught:
        DeepgramClient(**given).listen.v1.media.transcribe_url(url="https://example.com/a.wav", model="nova-3")
    assert caught.value.status_code == 400
    assert caught.value.body["err_code"] == "url_not_accepted"


def test_a_key_that_is_not_valid(given: dict[str, Any], rain: np.ndarray) -> None:
    with pytest.raises(ApiError) as caught:
        DeepgramClient(**given | {"api_key": "another"}).listen.v1.media.transcribe_file(request=wav(rain))
    assert caught.value.status_code == 401


def finals(messages: list[Any]) -> str:
    results = [message for message in messages if isinstance(message, ListenV1Results) and message.is_final]
    return " ".join(filter(None, (result.channel.alternatives[0].transcript for result in results)))


def test_live_audio(given: dict[str, Any], rain: np.ndarray, spoken: str) -> None:
    messages: list[Any] = []
    errors: list[Any] = []
    more = {"interim_results": "true", "utterance_end_ms": "1000", "vad_events": "true", "punctuate": "false"}
    with DeepgramClient(**given).listen.v1.connect(**LIVE, **more) as connection:
        connection.on(EventType.MESSAGE, messages.append)
        connection.on(EventType.ERROR, errors.append)
        listener = threading.Thread(target=connection.start_listening, daemon=True)
        listener.start()
        connection.send_keep_alive()
        for start in range(0, len(rain), RATE // 5):
            connection.send_media(rain[start : start + RATE // 5].astype("<i2").tobytes())
            time.sleep(0.05)  # faster than it was spoken, slow enough for interim results
        connection.send_finalize()
        connection.send_close_stream()
        listener.join(timeout=60)
        assert not listener.is_alive()
    assert not errors
    assert finals(messages) == spoken
    assert set().union(*map(named_otherwise, messages)) <= {
        "model_info",
        "models",
        "warnings",
    }  # models: as Deepgram's older SDKs
    kinds = {type(message) for message in messages}
    assert {ListenV1Results, ListenV1SpeechStarted, ListenV1UtteranceEnd, ListenV1Metadata} <= kinds
    assert isinstance(messages[-1], ListenV1Metadata)
    assert messages[-1].duration == pytest.approx(len(rain) / RATE, abs=0.01)
    assert any(isinstance(message, ListenV1Results) and not message.is_final for message in messages)
    assert any(isinstance(message, ListenV1Results) and message.from_finalize for message in messages)


def test_live_audio_of_the_asynchronous_client(given: dict[str, Any], rain: np.ndarray, spoken: str) -> None:
    async def run() -> list[Any]:
        async with AsyncDeepgramClient(**given).listen.v1.connect(**LIVE) as connection:
            for start in range(0, len(rain), RATE // 5):
                await connection.send_media(rain[start : start + RATE // 5].astype("<i2").tobytes())
            await connection.send_close_stream()
            return [message async for message in connection]

    assert finals(asyncio.run(run())) == spoken
