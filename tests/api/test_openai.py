"""OpenAI's file API, by its own package, against a real server; subtitles read by independent parsers.

Longer than 300 lines: the tests share one server.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import openai
import pytest
import srt
import webvtt

from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.render import to_srt, to_vtt
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Segment, Transcript, Word
from tests.conftest import DATA
from tests.support import domain_text
from tests.support.responses import eventually, quiet
from tests.support.server import Server
from tests.support.synthesis import speak
from tests.support.wav import tone, wav

MODULES_UNDER_TEST = (
    "hindi_stt/api/events.py",
    "hindi_stt/api/openai/transcriptions.py",
    "hindi_stt/render/transcripts.py",
)

GOOD = (DATA / "rain_16k.wav").read_bytes()


@pytest.fixture(scope="module")
def long() -> bytes:
    """Nineteen seconds of speech with pauses, as FLAC: more than one segment."""
    import soundfile

    samples, rate = soundfile.read(DATA / "family.flac", dtype="float32")
    pause = np.zeros(rate * 6 // 10, np.float32)
    repeated = np.concatenate([samples, pause] * 20)[: 19 * rate]
    return wav(repeated, rate, container="FLAC")


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def text(pipeline: Pipeline, acoustic: LocalAcoustic) -> str:
    return pipeline.transcribe(GOOD, acoustic).text


def test_json(client: openai.OpenAI, text: str) -> None:
    answer = client.audio.transcriptions.create(model="whisper-1", file=("a.wav", GOOD))
    assert answer.text == text
    assert answer.usage.type == "duration"
    assert answer.usage.seconds == pytest.approx(2.128, abs=1e-3)
    assert answer.logprobs is None


def test_text(client: openai.OpenAI, text: str) -> None:
    answer = client.audio.transcriptions.create(model="whisper-1", file=("a.wav", GOOD), response_format="text")
    assert answer.strip() == text


def test_verbose_json(client: openai.OpenAI, long: bytes) -> None:
    answer = client.audio.transcriptions.create(
        model="whisper-1",
        file=("a.flac", long),
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
        temperature=0,
        language="hi",
    )
    assert answer.language == "hi"
    assert answer.duration == pytest.approx(19, abs=1e-2)
    assert len(answer.segments) > 1
    assert " ".join(segment.text for segment in answer.segments) == answer.text
    assert [word.word for word in answer.words] == answer.text.split()
    assert all(a.end <= b.start for a, b in itertools.pairwise(answer.words))
    for segment in answer.segments:
        inside = [word for word in answer.words if segment.start <= word.start < segment.end]
        assert [word.word for word in inside] == segment.text.split()
        assert all(word.end <= segment.end for word in inside)
        assert segment.avg_logprob <= 0
    words_only = client.audio.transcriptions.create(
        model="whisper-1", file=("a.wav", GOOD), response_format="verbose_json", timestamp_granularities=["word"]
    )
    assert words_only.segments is None
    assert words_only.words
    default = client.audio.transcriptions.create(
        model="whisper-1", file=("a.wav", GOOD), response_format="verbose_json"
    )
    assert default.words is None
    assert default.segments


def test_subtitles(client: openai.OpenAI, long: bytes) -> None:
    def ask(response_format: str) -> str:
        return client.audio.transcriptions.create(
            model="whisper-1", file=("a.flac", long), response_format=response_format
        )

    plain = ask("text").split()
    by_srt = list(srt.parse(ask("srt"), ignore_errors=False))
    by_vtt = webvtt.from_string(ask("vtt"))
    for cues in ([cue.content for cue in by_srt], [cue.text for cue in by_vtt]):
        marked = " ".join(cues).split()
        assert [word.rstrip("।?,") for word in marked] == plain
        assert marked[-1][-1] in "।?"  # captions have punctuation, the text has none unless it is asked for
    assert [cue.index for cue in by_srt] == list(range(1, len(by_srt) + 1))
    for a, b in zip(by_srt, by_vtt, strict=True):
        assert a.start.total_seconds() == pytest.approx(b.start_in_seconds, abs=1)
        assert a.start < a.end
        assert (a.end - a.start).total_seconds() <= 7
    assert all(a.end <= b.start for a, b in itertools.pairwise(by_srt))


@pytest.mark.parametrize("response_format", ["srt", "vtt", "text"])
def test_texts_are_plain_text(server: Server, response_format: str) -> None:
    """As OpenAI's API declares them, so that its clients read them."""
    answer = httpx.post(
        f"{server.url}/v1/audio/transcriptions",
        files={"file": GOOD},
        data={"model": "whisper-1", "response_format": response_format},
        timeout=60,
    )
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    operation = httpx.get(f"{server.url}/docs.json").json()["paths"]["/v1/audio/transcriptions"]["post"]
    assert set(operation["responses"]["200"]["content"]) == {"application/json", "text/plain", "text/event-stream"}


def test_subtitles_of_odd_words() -> None:
    """Hours, marks that WebVTT gives a meaning, and words longer than a line."""
    words = (Word("<b>&", 3599.9996, 3600.2, 1), Word("क" * 100, 3600.4, 3601, 1), Word("-->", 36000, 36001, 1))
    transcript = Transcript("hi", 36001.0, (Segment(3599.9996, 36001, words),))
    by_srt = list(srt.parse(to_srt(transcript)))
    # 100 letters do not fit into two lines of 42: the long word begins beside the first one and ends in a second cue.
    assert [len(cue.content.split("\n")) for cue in by_srt] == [1, 2, 1]
    assert "".join("".join(cue.content for cue in by_srt).split()) == transcript.text.replace(" ", "")
    assert [by_srt[0].start.total_seconds(), by_srt[-1].start.total_seconds()] == [3600.0, 36000.0]
    by_vtt = list(webvtt.from_string(to_vtt(transcript)))
    assert [by_vtt[0].start, by_vtt[-1].start] == ["01:00:00.000", "10:00:00.000"]
    assert by_vtt[0].raw_text.startswith("&lt;b&gt;&amp; क")
    assert by_vtt[-1].raw_text == "--&gt;"


def test_streaming(client: openai.OpenAI, long: bytes) -> None:
    whole = client.audio.transcriptions.create(model="whisper-1", file=("a.flac", long)).text
    with client.audio.transcriptions.create(
        model="whisper-1", file=("a.flac", long), stream=True, include=["logprobs"], response_format="json"
    ) as stream:
        events = list(stream)
    assert [event.type for event in events[:-1]] == ["transcript.text.delta"] * (len(events) - 1)
    assert len(events) > 2
    assert events[-1].type == "transcript.text.done"
    assert "".join(event.delta for event in events[:-1]) == events[-1].text == whole
    assert [entry.token for entry in events[-1].logprobs] == whole.split()
    assert all(entry.logprob <= 0 for entry in events[-1].logprobs)


def test_streaming_with_masks_hides_as_much(client: openai.OpenAI, long: bytes) -> None:
    with client.audio.transcriptions.create(
        model="whisper-1", file=("a.flac", long), stream=True, extra_body={"mask": "all"}
    ) as stream:
        events = list(stream)
    assert "".join(event.delta for event in events[:-1]) == events[-1].text


def test_async(server: Server, text: str) -> None:
    async def ask() -> tuple[list[str], str]:
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", timeout=60) as client:
            create = client.audio.transcriptions.create
            plain = await asyncio.gather(*(create(model="whisper-1", file=("a.wav", GOOD)) for _ in range(4)))
            stream = await create(model="whisper-1", file=("a.wav", GOOD), stream=True)
            events = [event async for event in stream]
            return [answer.text for answer in plain], events[-1].text

    assert asyncio.run(ask()) == ([text] * 4, text)


def test_models(client: openai.OpenAI, server: Server, pipeline: Pipeline, text: str) -> None:
    models = client.models.list().data
    names = [model.id for model in models]
    assert names == [pipeline.bundle.tag, pipeline.bundle.manifest.name, *Settings().aliases]
    assert {"whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-realtime-whisper"} <= set(names)
    assert client.models.retrieve(pipeline.bundle.tag).id == pipeline.bundle.tag
    for name in names:
        assert client.audio.transcriptions.create(model=name, file=("a.wav", GOOD)).text == text
    with pytest.raises(openai.NotFoundError, match="no model 'gpt-9'"):
        client.models.retrieve("gpt-9")
    with pytest.raises(openai.NotFoundError) as caught:
        client.audio.transcriptions.create(model="gpt-9", file=("a.wav", GOOD))
    assert (caught.value.code, caught.value.type) == ("unknown_model", "invalid_request_error")


@pytest.mark.parametrize(
    ("wishes", "named"),
    [
        ({"temperature": -0.5}, "temperature"),
        ({"temperature": 3}, "temperature"),
        ({"response_format": "diarized_json", "extra_body": {"diarize": "false"}}, "diarize"),
        ({"timestamp_granularities": ["word"]}, "timestamp_granularities"),
        ({"include": ["logprobs"], "response_format": "verbose_json"}, "include"),
        ({"chunking_strategy": {"type": "semantic_vad"}}, "chunking_strategy"),
        ({"chunking_strategy": {"type": "server_vad", "threshold": "loud"}}, "chunking_strategy"),
        ({"chunking_strategy": {"type": "server_vad", "treshold": 0.7}}, "chunking_strategy"),
        ({"extra_body": {"numerals": "roman"}}, "numerals"),
        ({"extra_body": {"best_of": 3}}, "best_of"),
    ],
)
def test_what_cannot_be_honoured_is_named(client: openai.OpenAI, wishes: dict[str, object], named: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.transcriptions.create(model="whisper-1", file=("a.wav", GOOD), **wishes)
    assert named in caught.value.message
    assert caught.value.body["help"]


def test_options_without_effect_are_warnings(client: openai.OpenAI, text: str) -> None:
    raw = client.audio.transcriptions.with_raw_response.create(
        model="whisper-1", file=("a.wav", GOOD), prompt="बारिश OpenAI", language="auto", chunking_strategy="auto"
    )
    body = json.loads(raw.text)
    assert body["text"] == text
    assert [warning.split(":")[0] for warning in body["warnings"]] == ["language=auto", "prompt"]
    assert body["warnings"][1].endswith("OpenAI")
    assert "prompt" in raw.headers["x-warnings"]


def test_prompts_and_keywords_are_applied(client: openai.OpenAI, pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    """A name that greedy decoding misses; the prompt has it among other words, the keyword alone."""
    name, content = next(
        (name, content)
        for i, name in enumerate(domain_text.rare_names(12))
        if name not in pipeline.transcribe(content := speak(f"{name} को दो दिन से बुखार है", i), acoustic).text
        and name in pipeline.transcribe(content, acoustic, pipeline.options({"hotwords": f"{name}:2"})).text
    )
    file = ("a.wav", content)
    create = client.audio.transcriptions.create
    assert name not in create(model="whisper-1", file=file).text
    assert name in create(model="whisper-1", file=file, prompt=f"कल की बातचीत: {name} जी, अस्पताल, दवा").text
    assert name in create(model="whisper-1", file=file, extra_body={"keywords": [name]}).text
    with pytest.raises(openai.BadRequestError) as caught:
        create(model="whisper-1", file=file, extra_body={"keywords": ["OpenAI"]})
    assert caught.value.code == "invalid_hotwords"
    raw = json.loads(
        client.audio.transcriptions.with_raw_response.create(
            model="whisper-1", file=file, prompt=name, extra_body={"decoder": "greedy"}
        ).text
    )
    assert raw["warnings"] == [f"prompt: decoder=greedy takes no words: {name}"]


def test_errors_of_the_audio(client: openai.OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        client.audio.transcriptions.create(model="whisper-1", file=("a.wav", b"no audio" * 100))
    assert (caught.value.status_code, caught.value.code) == (415, "unsupported_audio")
    with pytest.raises(openai.APIStatusError) as caught:
        client.audio.transcriptions.create(model="whisper-1", file=("a.wav", wav(tone(21))), stream=True)
    assert (caught.value.status_code, caught.value.code) == (413, "audio_too_long")


def test_translations_are_not_offered(server: Server) -> None:
    response = httpx.post(f"{server.url}/v1/audio/translations", files={"file": ("a.wav", GOOD)})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "translation_not_offered")


def test_a_reader_that_disconnects_leaves_nothing_behind(server: Server, long: bytes) -> None:
    request = httpx.Request(
        "POST",
        f"{server.url}/v1/audio/transcriptions",
        files={"file": ("a.flac", long)},
        data={"model": "whisper-1", "stream": "true"},
    )
    request.read()
    head = f"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(request.content)}\r\n"
    head += f"Content-Type: {request.headers['content-type']}\r\n\r\n"
    for wait_s in (0.05, 0.3, 0.8):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(head.encode() + request.content)
            time.sleep(wait_s)
    assert eventually(lambda: quiet(server))


def test_routes_below_v1_have_errors_of_both_shapes(server: Server) -> None:
    for response in (
        httpx.get(f"{server.url}/v1/nowhere"),
        httpx.get(f"{server.url}/v1/audio/transcriptions"),
        httpx.post(f"{server.url}/v1/audio/transcriptions", files={"file": ("a.wav", GOOD)}),
    ):
        error = response.json()["error"]
        assert set(error) == {"code", "message", "status", "request_id", "help", "type", "param"}
        assert error["status"] == response.status_code


def test_a_models_folder_is_not_shown(server: Server) -> None:
    for path in ("../etc/passwd", str(Path.cwd())):
        assert httpx.get(f"{server.url}/v1/models/{path}").status_code == 404


def test_owners_are_named_as_a_reader_knows_them(server: Server, pipeline: Pipeline) -> None:
    models = httpx.get(f"{server.url}/v1/models").json()["data"]
    assert {model["owned_by"] for model in models} == {pipeline.bundle.manifest.name}
