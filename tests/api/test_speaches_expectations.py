"""What the API tests of speaches, another server for OpenAI's clients, expect of one, as far as OpenAI's API agrees.

speaches-ai/speaches at commit 870e1e16a73452496e99d49f759eabd692a8e0e0, folder tests; later tests are named with their
own commits. Each test here says which of theirs it covers. docs/clients.md lists those that contradict OpenAI's API.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import openai
import pytest
import srt
import webvtt

from tests.conftest import DATA
from tests.support.guarded import Guarded
from tests.support.server import Server
from tests.support.wav import wav

WAV = (DATA / "rain_16k.wav").read_bytes()
PATH = "/v1/audio/transcriptions"
GRANULARITIES = ([], ["segment"], ["word"], ["word", "segment"], ["segment", "word"])


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="cant-be-empty", max_retries=0, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def text(client: openai.OpenAI) -> str:
    found = client.audio.transcriptions.create(model="whisper-1", file=("audio.wav", WAV)).text
    assert found
    return found


def post(server: Server, **data: Any) -> httpx.Response:
    files = {"file": ("audio.wav", WAV, "audio/wav")}
    return httpx.post(server.url + PATH, files=files, data={"model": "whisper-1", **data}, timeout=60)


@pytest.mark.parametrize("granularities", GRANULARITIES, ids=lambda names: "+".join(names) or "none")
def test_granularities_with_json(client: openai.OpenAI, text: str, granularities: list[Any]) -> None:
    """openai_timestamp_granularities_test.py, json: what OpenAI answers, which refuses words and takes the others."""

    def ask() -> Any:
        return client.audio.transcriptions.create(
            model="whisper-1",
            file=("audio.wav", WAV),
            response_format="json",
            timestamp_granularities=granularities,
        )

    if "word" in granularities:
        with pytest.raises(openai.BadRequestError) as caught:
            ask()
        assert caught.value.param == "timestamp_granularities"
    else:
        assert ask().text == text


@pytest.mark.parametrize("granularities", GRANULARITIES, ids=lambda names: "+".join(names) or "none")
def test_granularities_with_verbose_json(client: openai.OpenAI, text: str, granularities: list[Any]) -> None:
    """api_ and openai_timestamp_granularities_test.py, verbose_json: words only where they were asked for, and
    segments unless words alone were.
    """
    answer = client.audio.transcriptions.create(
        model="whisper-1",
        file=("audio.wav", WAV),
        response_format="verbose_json",
        timestamp_granularities=granularities,
    )
    assert (answer.words is not None) == ("word" in granularities)
    assert (answer.segments is not None) == (granularities != ["word"])
    assert answer.text == text


@pytest.mark.parametrize("response_format", ["text", "json"])
def test_a_stream_of_events(server: Server, text: str, response_format: str) -> None:
    """sse_test.py, test_streaming_transcription_text: events with more in them than a blank; also for json."""
    answer = post(server, response_format=response_format, stream=True)
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    events = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
    assert len(events) >= 2
    assert all(len(event) > 1 for event in events)
    assert json.loads(events[-1])["text"] == text


@pytest.mark.parametrize("response_format", ["text", "json", "verbose_json", "srt", "vtt"])
def test_a_stream_in_every_format(client: openai.OpenAI, server: Server, text: str, response_format: Any) -> None:
    """openai_transcription_test.py: stream=True is taken with every format.

    What OpenAI's whisper-1 does not stream is not streamed here, either: its answer is whole.
    """
    events = list(
        client.audio.transcriptions.create(
            model="gpt-4o-transcribe", file=("audio.wav", WAV), response_format=response_format, stream=True
        )
    )
    answer = post(server, response_format=response_format, stream=True)
    assert answer.status_code == 200
    if response_format in {"text", "json"}:
        assert events[-1].text == text
    else:
        assert events == []
        assert "stream=true" in answer.headers["x-warnings"]
        spoken = answer.json()["text"] if response_format == "verbose_json" else cues(answer.text, response_format)
        assert spoken == text


def cues(document: str, response_format: str) -> str:
    """The words of subtitles, without the marks that subtitles have."""
    if response_format == "srt":
        found = [cue.content for cue in srt.parse(document)]
    else:
        found = [cue.text for cue in webvtt.from_string(document)]
    return " ".join(" ".join(found).translate(dict.fromkeys(map(ord, ",।?"))).split())


def test_vtt(server: Server, text: str) -> None:
    """sse_test.py, test_transcription_vtt: WebVTT that its parser takes, and would not take without its first line."""
    answer = post(server, response_format="vtt", stream=False)
    assert answer.status_code == 200
    assert answer.headers["content-type"].endswith("; charset=utf-8")
    assert cues(answer.text, "vtt") == text
    with pytest.raises(webvtt.errors.MalformedFileError):
        webvtt.from_string(answer.text.replace("WEBVTT", "YO"))


def test_srt(server: Server, text: str) -> None:
    """sse_test.py, test_transcription_srt: text/plain, and cues that are counted."""
    answer = post(server, response_format="srt", stream=False)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert cues(answer.text, "srt") == text
    with pytest.raises(srt.SRTParseError):
        list(srt.parse(answer.text.replace("1", "YO")))


@pytest.mark.parametrize(
    ("response_format", "media"), [("json", "application/json"), ("text", "text/plain; charset=utf-8")]
)
@pytest.mark.parametrize("language", [None, "hi"])
def test_types_of_answers(server: Server, text: str, response_format: str, media: str, language: str | None) -> None:
    """funasr_http_test.py of commit 9de0627f977324822dba50144f42a5c81df59151: json and text with their types."""
    answer = post(server, response_format=response_format, **({"language": language} if language else {}))
    assert answer.headers["content-type"] == media
    assert (answer.json()["text"] if response_format == "json" else answer.text.strip()) == text


def test_models(client: openai.OpenAI) -> None:
    """api_model_test.py: a model that is listed is found, and one that there is not is a NotFoundError."""
    for model in client.models.list():
        assert client.models.retrieve(model.id).id == model.id
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("i-do-not-exist")


@pytest.mark.parametrize(("response_format", "stream"), [("json", False), ("verbose_json", False), ("json", True)])
def test_no_speech(client: openai.OpenAI, response_format: Any, stream: bool) -> None:
    """api_no_speech_test.py of commit 6adb0c58399b2b5972d72af6dc54c01df3ee4e3c: silence is an empty transcript."""
    answer: Any = client.audio.transcriptions.create(
        file=("silence.wav", io.BytesIO(wav(np.zeros(15 * 16_000)))),
        model="whisper-1",
        response_format=response_format,
        stream=stream,
    )
    if stream:
        (event,) = list(answer)
        assert (event.type, event.text) == ("transcript.text.done", "")
        return
    assert answer.text == ""
    if response_format == "verbose_json":
        assert (answer.segments, answer.words) == ([], None)


def test_keys(guarded: Guarded) -> None:
    """auth_test.py: health and the API's description are open, the models are not, and the answer says Bearer."""
    for path in ("/health", "/", "/docs.json"):
        assert httpx.get(guarded.url + path).status_code == 200
    assert "openapi" in httpx.get(f"{guarded.url}/docs.json").json()
    url = f"{guarded.url}/v1/models"
    for headers in ({}, {"Authorization": "Bearer wrong-api-key"}, {"Authorization": guarded.key}):
        answer = httpx.get(url, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "key" in answer.json()["error"]["message"].lower() + answer.json()["error"]["help"].lower()
    assert httpx.get(url, headers={"Authorization": f"Bearer {guarded.key}"}).status_code == 200
