"""What clients for OpenAI send unless they are told otherwise is taken, and a warning names what has no effect."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import openai
import pytest
import srt

from hindi_stt.transcription.pipeline import Pipeline
from tests.conftest import DATA
from tests.support.server import Server

GOOD = (DATA / "rain_16k.wav").read_bytes()
URL = "/v1/audio/transcriptions"


@pytest.fixture(scope="module")
def text(server: Server) -> str:
    words: str = server.transcribe(GOOD).json()["text"]
    assert words
    return words


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=60) as client:
        yield client


def post(server: Server, media: str = "audio/wav", **fields: str) -> httpx.Response:
    data = {"model": "gpt-4o-mini-transcribe", **fields}
    return httpx.post(server.url + URL, files={"file": ("audio.wav", GOOD, media)}, data=data, timeout=60)


@pytest.mark.parametrize(
    "model",
    [
        "whisper-1",
        "gpt-4o-transcribe",
        "gpt-4o-mini-transcribe",
        "gpt-4o-mini-transcribe-2025-12-15",
        "gpt-transcribe",
        "gpt-live-transcribe",
        "gpt-realtime-whisper",
    ],
)
def test_default_models_are_aliases_and_the_answer_names_the_model(
    server: Server, pipeline: Pipeline, text: str, model: str
) -> None:
    for response_format in ("json", "verbose_json"):
        answer = post(server, model=model, response_format=response_format)
        assert answer.json()["text"] == text
        assert answer.json()["model"] == answer.headers["x-model"] == pipeline.bundle.tag
    assert post(server, model=model, response_format="srt").headers["x-model"] == pipeline.bundle.tag
    assert pipeline.bundle.tag in post(server, model=model, stream="true").text


def test_another_language_is_transcribed_as_the_only_one(server: Server, client: openai.OpenAI, text: str) -> None:
    answer = client.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.wav", GOOD), language="en")
    assert answer.text == text
    body = post(server, language="en", response_format="verbose_json").json()
    assert body["language"] == "hi"
    assert body["warnings"] == ["language=en: the only model is for hi; transcribed as hi"]
    assert post(server, language="hi").json()["warnings"] == []
    own = server.transcribe(GOOD, data={"language": "en"}).json()
    assert own["warnings"] == body["warnings"]


@pytest.mark.slow
def test_an_operator_may_refuse_other_languages(tmp_path_factory: pytest.TempPathFactory) -> None:
    strict = Server(tmp_path_factory.mktemp("s"), HINDI_STT_OTHER_LANGUAGES="refuse")
    try:
        strict.wait_until_ready()
        refused, taken = post(strict, language="en"), post(strict, language="hi")
    finally:
        strict.stop()
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "unknown_language")
    assert taken.status_code == 200


@pytest.mark.parametrize("response_format", ["verbose_json", "srt", "vtt"])
def test_what_cannot_be_streamed_is_answered_in_one_piece(server: Server, response_format: str) -> None:
    plain = post(server, response_format=response_format)
    asked = post(server, response_format=response_format, stream="true")
    assert asked.status_code == 200
    assert asked.headers["content-type"] == plain.headers["content-type"]
    assert "stream=true" in asked.headers["x-warnings"]
    if response_format == "verbose_json":
        assert asked.json()["segments"] == plain.json()["segments"]
    else:
        assert asked.text == plain.text
    if response_format == "srt":
        assert list(srt.parse(asked.text))


def test_a_body_that_could_be_transcribed_while_it_arrives(server: Server, text: str) -> None:
    """Without a form, stream=true hears a body before its end: an answer in one piece waits for all of it."""

    def slowly() -> Iterator[bytes]:
        for start in range(0, len(GOOD), 8_000):
            yield GOOD[start : start + 8_000]

    url = f"{server.url}/transcribe?stream=true&response_format=verbose_json"
    answer = httpx.post(url, content=slowly(), headers={"content-type": "audio/wav"}, timeout=60)
    assert answer.json()["text"] == text
    cut = httpx.post(url, content=GOOD[:30_000], headers={"content-type": "audio/wav"}, timeout=60)
    assert cut.json()["error"]["code"] == "truncated_audio"


@pytest.mark.parametrize("media", ["audio/x-wav", "audio/wave", "audio/basic", "audio/pcm", "application/octet-stream"])
def test_content_types_that_clients_post(server: Server, text: str, media: str) -> None:
    assert post(server, media).json()["text"] == text


@pytest.mark.parametrize(
    "name",
    [
        "language",
        "prompt",
        "temperature",
        "response_format",
        "stream",
        "include[]",
        "timestamp_granularities[]",
        "mask",
    ],
)
def test_an_empty_field_is_one_that_was_not_filled_in(server: Server, text: str, name: str) -> None:
    answer = post(server, **{name: ""})
    assert answer.json()["text"] == text
    assert answer.json()["warnings"] == []


def test_an_empty_model_is_missing(server: Server) -> None:
    assert "'model' is missing" in post(server, model="").json()["error"]["message"]


@pytest.mark.parametrize("temperature", ["0.2", "1", "1.0"])
def test_a_temperature_has_no_effect_and_a_warning(server: Server, text: str, temperature: str) -> None:
    body = post(server, temperature=temperature).json()
    assert body["text"] == text
    (warning,) = body["warnings"]
    assert warning.startswith(f"temperature={temperature}: has no effect")
    assert post(server, temperature="0").json()["warnings"] == []
    assert post(server, temperature="0.0").json()["warnings"] == []


@pytest.mark.parametrize("temperature", ["-1", "2.5", "nan", "hot"])
def test_a_temperature_that_is_none(server: Server, temperature: str) -> None:
    answer = post(server, temperature=temperature)
    assert answer.status_code == 400
    assert "temperature" in answer.json()["error"]["message"]


def test_segments_may_be_asked_of_json(server: Server, text: str) -> None:
    body = post(server, **{"timestamp_granularities[]": "segment"}).json()
    assert body["text"] == text
    assert any("timestamp_granularities=segment" in warning for warning in body["warnings"])
    words = post(server, **{"timestamp_granularities[]": "word"})  # whoever asks for words would miss them
    assert words.status_code == 400
