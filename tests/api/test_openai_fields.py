"""The fields of OpenAI's transcription request: all are taken, and forms that cannot be read are told why."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import openai
import pytest
from openai.types.audio import transcription_create_params

from tests.conftest import DATA
from tests.support.server import Server

MODULES_UNDER_TEST = ("hindi_stt/api/openai/transcriptions.py",)

WAV = (DATA / "rain_16k.wav").read_bytes()
PATH = "/v1/audio/transcriptions"


@pytest.fixture(scope="module")
def text(server: Server) -> str:
    found: str = server.transcribe(WAV).json()["text"]
    assert found
    return found


@pytest.mark.parametrize("value", ["true", "True", "1", "yes", "on"])
def test_spellings_of_true(server: Server, text: str, value: str) -> None:
    """Python writes True, and form libraries of other languages have their own ways."""
    answer = httpx.post(
        server.url + PATH, data={"model": "whisper-1", "stream": value}, files={"file": ("a.wav", WAV)}, timeout=60
    )
    assert answer.headers["content-type"].startswith("text/event-stream")
    raw = httpx.post(
        f"{server.url}/transcribe?stream={value}", content=WAV, headers={"content-type": "audio/wav"}, timeout=60
    )
    assert raw.headers["content-type"].startswith("text/event-stream")
    for events in (answer.text, raw.text):
        assert text in events


@pytest.mark.parametrize("value", ["false", "False", "0", "no", "off", ""])
def test_spellings_of_false(server: Server, text: str, value: str) -> None:
    answer = httpx.post(
        server.url + PATH, data={"model": "whisper-1", "stream": value}, files={"file": ("a.wav", WAV)}, timeout=60
    )
    assert answer.json()["text"] == text


def openai_fields() -> set[str]:
    """The fields of OpenAI's request, as its package for Python declares them."""
    return set(transcription_create_params.TranscriptionCreateParamsNonStreaming.__annotations__) | set(
        transcription_create_params.TranscriptionCreateParamsBase.__annotations__
    )


SAMPLES: dict[str, Any] = {
    "chunking_strategy": {"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 200, "prefix_padding_ms": 300},
    "include": ["logprobs"],
    "keywords": ["बारिश"],
    "known_speaker_names": ["agent", "customer"],
    "known_speaker_references": ["data:audio/wav;base64," + base64.b64encode(WAV).decode()] * 2,
    "language": "hi",
    "languages": ["hi", "en"],
    "prompt": "बारिश",
    "response_format": "json",
    "stream": False,
    "temperature": 0.2,
    "timestamp_granularities": ["segment"],
}
NO_EFFECT = {
    "chunking_strategy": 3,
    "known_speaker_names": 1,
    "known_speaker_references": 1,
    "languages": 1,
    "temperature": 1,
    "timestamp_granularities": 1,
}


@pytest.mark.parametrize("field", sorted(openai_fields() - {"file", "model"}))
def test_every_field_of_openais(server: Server, field: str) -> None:
    """All are taken, with a warning where they have no effect; one that OpenAI adds fails here."""
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        raw = client.audio.transcriptions.with_raw_response.create(
            model="gpt-4o-transcribe", file=("a.wav", WAV), **{field: SAMPLES[field]}
        )
    body = json.loads(raw.text)
    assert body["text"]
    about = [warning for warning in body["warnings"] if warning.startswith((field, field.rstrip("s")))]
    assert len(about) == len(body["warnings"]) == NO_EFFECT.get(field, 0)


def test_a_chunking_strategy_as_json(server: Server, text: str) -> None:
    """As curl sends it in OpenAI's reference."""
    for value, warnings in (('{"type": "server_vad"}', 0), ('{"type": "server_vad", "threshold": 0.7}', 1)):
        data = {"model": "gpt-4o-transcribe", "chunking_strategy": value}
        body = httpx.post(server.url + PATH, data=data, files={"file": ("a.wav", WAV)}, timeout=60).json()
        assert (body["text"], len(body["warnings"])) == (text, warnings)


def test_a_form_without_a_boundary_gets_an_error_that_names_it(server: Server) -> None:
    """What happens where a program sets the content type of a form itself."""
    answer = httpx.post(server.url + PATH, content=b"--x\r\n", headers={"content-type": "multipart/form-data"})
    assert answer.status_code == 400
    assert "boundary" in answer.json()["error"]["message"]


def test_a_recording_without_a_filename_gets_an_error_that_names_it(server: Server) -> None:
    """A part without a filename is a text field; a long one passes the bound of those."""
    head = b'--x\r\nContent-Disposition: form-data; name="file"\r\nContent-Type: audio/wav\r\n\r\n'
    for content in (WAV, WAV + bytes(1_200_000)):
        body = head + content + b"\r\n--x--\r\n"
        headers = {"content-type": "multipart/form-data; boundary=x"}
        answer = httpx.post(server.url + PATH, content=body, headers=headers, timeout=60)
        assert answer.status_code == 400
        assert "filename" in answer.json()["error"]["message"]
