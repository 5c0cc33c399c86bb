"""Requests as programs that are in use send them, read from their public source and sent again as they do.

Each test names the repository, the file and the commit that it was read from. Their code is not used: what they put
into a request is written down here, and sent by the HTTP library of the same kind.

Longer than 300 lines: the tests share one server.
"""

from __future__ import annotations

import base64
import io
import json
import wave
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import openai
import pytest
import requests
import soundfile
from websockets.sync.client import connect

from tests.conftest import DATA
from tests.support.guarded import Guarded
from tests.support.server import Server

MODULES_UNDER_TEST = (
    "hindi_stt/api/forms/transcription_request.py",
    "hindi_stt/render/transcripts.py",
)

WAV = (DATA / "rain_16k.wav").read_bytes()
OPUS = (DATA / "rain_opus.ogg").read_bytes()
MP3 = (DATA / "rain.mp3").read_bytes()
PATH = "/v1/audio/transcriptions"
Alike = Callable[[str], bool]


@pytest.fixture(scope="module")
def text(server: Server) -> str:
    found: str = server.transcribe(WAV).json()["text"]
    assert len(found.split()) > 4
    return found


@pytest.fixture(scope="module")
def alike(text: str) -> Alike:
    """Whether it is this text but for a word or two, which another codec may change."""
    return lambda found: len(set(text.split()) & set(found.split())) >= len(text.split()) - 2


@pytest.mark.parametrize("language", [None, "hi", "en"])
@pytest.mark.parametrize(("name", "content"), [("0b1c.wav", WAV), ("0b1c.mp3", MP3)])
def test_open_webui(server: Server, alike: Alike, name: str, content: bytes, language: str | None) -> None:
    """open-webui/open-webui, backend/open_webui/routers/audio.py, 39861074f248a64b7eecfa1119c73d298e446f6b.

    requests; a file part without a type; the model, the language where the page has one, and headers about the user.
    """
    headers = {
        "Authorization": "Bearer none",
        "X-OpenWebUI-User-Name": "A%20B",
        "X-OpenWebUI-User-Id": "1",
        "X-OpenWebUI-User-Email": "a@example.org",
        "X-OpenWebUI-User-Role": "user",
    }
    data = {"model": "whisper-1"} | ({"language": language} if language else {})
    answer = requests.post(
        server.url + PATH, headers=headers, files={"file": (name, io.BytesIO(content))}, data=data, timeout=60
    )
    answer.raise_for_status()
    body = answer.json()
    assert alike(body["text"])
    assert [warning.split(":")[0] for warning in body["warnings"]] == (["language=en"] if language == "en" else [])


def test_open_webui_shows_what_is_wrong(server: Server) -> None:
    """The same file: it shows `error.message` of the body to its user."""
    answer = requests.post(server.url + PATH, files={"file": ("a.wav", b"x" * 99)}, data={"model": "gpt-9"}, timeout=60)
    assert answer.status_code == 404
    assert "gpt-9" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("name", "content", "media"),
    [
        ("file_3.oga", OPUS, "audio/ogg"),
        ("voice.ogg", OPUS, "audio/ogg; codecs=opus"),
        ("data.wav", WAV, "audio/x-wav"),
        ("data.wav", WAV, "audio/wave"),
        ("data", WAV, "application/octet-stream"),
        ("a.au", WAV, "audio/basic"),
        ("a.pcm", WAV, "audio/pcm"),
        ("a.mpga", MP3, "audio/mpga"),
        ("a.webm", OPUS, "video/webm"),
    ],
)
@pytest.mark.parametrize("options", [{}, {"language": "hi", "temperature": "0.2"}])
def test_n8n(server: Server, alike: Alike, name: str, content: bytes, media: str, options: dict[str, str]) -> None:
    """n8n-io/n8n, packages/@n8n/nodes-langchain/nodes/vendors/OpenAi/v2/actions/audio/transcribe.operation.ts,
    8bd7c56bab6a013467dc9a4ae1075de7618df05a.

    A form whose file part has the name and the type that the node before has found; `temperature` where it is not 0.
    """
    parts: list[tuple[str, Any]] = [("model", (None, "whisper-1")), *((k, (None, v)) for k, v in options.items())]
    parts.append(("file", (name, content, media)))
    answer = httpx.post(server.url + PATH, files=parts, headers={"accept": "application/json"}, timeout=60)
    assert answer.status_code == 200, answer.text
    assert alike(answer.json()["text"])
    assert len(answer.json()["warnings"]) == ("temperature" in options)


@pytest.mark.parametrize(
    ("name", "content", "media"), [("1.webm", OPUS, "audio/webm"), ("1.mp4", WAV, "audio/mp4"), ("1.wav", WAV, "")]
)
def test_lobe_chat(server: Server, alike: Alike, name: str, content: bytes, media: str) -> None:
    """lobehub/lobe-tts, src/server/createOpenaiAudioTranscriptions.ts, 0114d303352b38e1bdb1494a3ee4bdb3cb8e757b, which
    lobehub/lobe-chat calls in src/app/(backend)/webapi/stt/openai/route.ts, 2992094cab6c7bf23700c18bb115cfb709c1fe81.

    OpenAI's client with `Accept: */*`; the type is what the browser records, or what it was told to.
    """
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        answer = client.audio.transcriptions.create(
            model="whisper-1", file=(name, content, media), extra_headers={"Accept": "*/*"}
        )
    assert alike(answer.text)


@pytest.mark.parametrize("language", ["hi", "en"])
@pytest.mark.parametrize(("kind", "content"), [("wav", WAV), ("ogg", OPUS)])
def test_home_assistant(server: Server, alike: Alike, kind: str, content: bytes, language: str) -> None:
    """home-assistant/core, homeassistant/components/openai_conversation/stt.py,
    0c3b5f1f135ab20202b81bd12348187937301789.

    OpenAI's asynchronous client; its default prompt is English, and its model gpt-4o-mini-transcribe.
    """
    prompt = "The following conversation is a smart home user talking to Home Assistant."
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        raw = client.audio.transcriptions.with_raw_response.create(
            model="gpt-4o-mini-transcribe",
            file=(f"a.{kind}", content),
            response_format="json",
            language=language,
            prompt=prompt,
        )
    body = json.loads(raw.text)
    assert alike(body["text"])
    without_effect = [warning.split(":")[0] for warning in body["warnings"]]
    assert without_effect == (["language=en"] if language == "en" else []) + ["prompt"]


@pytest.mark.parametrize("prompt", ["", "बारिश"])
@pytest.mark.parametrize("temperature", ["0", "0.2", "1"])
def test_home_assistant_openai_stt(server: Server, text: str, prompt: str, temperature: str) -> None:
    """einToast/openai_stt_ha, custom_components/openai_stt/stt.py, 047bb0cfec2b4a405dcff05568cae5a4a033722f.

    httpx with every field as a part of `files`, an empty prompt by default; it reads `text` of the JSON.
    """
    samples, rate = soundfile.read(io.BytesIO(WAV), dtype="int16")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    files = {
        "file": ("whisper_audio.wav", buffer.getvalue(), "audio/wav"),
        "model": (None, "gpt-4o-mini-transcribe"),
        "language": (None, "hi"),
        "prompt": (None, prompt),
        "temperature": (None, temperature),
        "response_format": (None, "json"),
    }
    answer = httpx.post(server.url + PATH, headers={"Authorization": "Bearer none"}, files=files, timeout=60)
    if not prompt:
        assert answer.json()["text"] == text
    assert answer.json()["text"]
    assert len(answer.json()["warnings"]) == (temperature != "0")


def test_home_assistant_local_openai_stt(server: Server, text: str) -> None:
    """NickM-27/hass_local_openai_stt, custom_components/local_openai_stt/stt.py,
    0a29560dc9b5fd2c57fc2a93b8ffe06737ac8633: OpenAI's client, a float as temperature, a language without region.
    """
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        answer = client.audio.transcriptions.create(
            model="whisper-1",
            file=("audio.wav", WAV, "audio/wav"),
            response_format="json",
            temperature=0.0,
            language="hi",
        )
    assert answer.text == text


@pytest.mark.parametrize("stream", [True, False])
def test_wyoming_openai(server: Server, text: str, stream: bool) -> None:
    """roryeckel/wyoming_openai, src/wyoming_openai/handler.py, 777c2cf9994ed1fcbacc4bef7b49662c00d0ce08.

    Home Assistant's Wyoming protocol over OpenAI's client; it joins the deltas and sends `stream=false` otherwise.
    """
    file = io.BytesIO(WAV)
    file.name = "recording.wav"
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        answer: Any = client.audio.transcriptions.create(
            file=file, model="gpt-4o-transcribe", response_format="json", stream=stream
        )
        if stream:
            found = "".join(event.delta for event in answer if event.type == "transcript.text.delta")
        else:
            found = answer.text
    assert found == text


def test_librechat(server: Server, alike: Alike) -> None:
    """danny-avila/LibreChat, api/server/services/Files/Audio/STTService.js, aedebe8a6c9edaa32cced2e8d85436a7ff0c4d4b.

    axios; whatever was recorded is called audio.webm where its type is unknown, and form-data calls that video/webm.
    Later versions send the language, too.
    """
    for language in ({}, {"language": (None, "hi")}):
        files = {"file": ("audio.webm", WAV, "video/webm"), "model": (None, "whisper-1"), **language}
        answer = httpx.post(server.url + PATH, files=files, timeout=60)
        assert alike(answer.json()["text"])


@pytest.mark.parametrize("language", ["", "en", "auto"])
def test_whisper_for_obsidian(server: Server, text: str, language: str) -> None:
    """nikdanilov/whisper-obsidian-plugin, src/Transcriber.ts, 3102e676794cdb8121b44a9334db0461fa81cb03.

    axios in a browser: the language is sent even where the user has left it empty.
    """
    files = {"file": ("Recording.wav", WAV, "audio/wav")}
    answer = httpx.post(server.url + PATH, files=files, data={"model": "whisper-1", "language": language}, timeout=60)
    assert answer.json()["text"] == text
    assert len(answer.json()["warnings"]) == bool(language)


def test_dify(server: Server, text: str) -> None:
    """langgenius/dify, api/core/model_runtime/model_providers/openai_api_compatible/speech2text/speech2text.py,
    0019fb9f8b695834483bf78918453156640fb7d6: requests with a list of files, and the model.
    """
    with (DATA / "rain_16k.wav").open("rb") as file:
        answer = requests.post(server.url + PATH, data={"model": "whisper-1"}, files=[("file", file)], timeout=60)
    assert answer.json()["text"] == text


@pytest.mark.parametrize("model", ["whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe-2025-12-15"])
@pytest.mark.parametrize("options", [False, True])
def test_vercels_ai_sdk(server: Server, text: str, model: str, options: bool) -> None:
    """vercel/ai, packages/openai/src/transcription/openai-transcription-model.ts,
    036463bbaf0e4de9d4a4a664f7c7308d02028295.

    With options it sends OpenAI's defaults of those that were not given: temperature=0, granularities of segments.
    """
    data: dict[str, Any] = {"model": model}
    if model == "whisper-1":
        data["response_format"] = "verbose_json"
    if options:
        if model != "whisper-1":
            data["response_format"] = "verbose_json" if model.endswith("15") else "json"
        data |= {"language": "hi", "temperature": "0", "timestamp_granularities[]": ["segment"]}
    answer = httpx.post(server.url + PATH, data=data, files={"file": ("audio.wav", WAV, "audio/wav")}, timeout=60)
    body = answer.json()
    assert body["text"] == text
    if data.get("response_format") == "verbose_json":
        assert " ".join(segment["text"] for segment in body["segments"]) == text
        assert all(segment["start"] < segment["end"] for segment in body["segments"])
        assert body["duration"] > 1


@pytest.mark.slow
def test_vercels_ai_sdk_in_real_time(guarded: Guarded, text: str) -> None:
    """The same file: the key in a subprotocol, one session.update, audio, one commit, and it ends with the first
    `completed`; any `error` ends it, too.
    """
    samples = np.frombuffer(WAV[44:], "<i2")
    places = np.arange(0, len(samples) - 1, 2 / 3)
    data = np.interp(places, np.arange(len(samples)), samples).astype("<i2").tobytes()
    protocols: Any = ["realtime", f"openai-insecure-api-key.{guarded.key}"]
    url = f"ws://127.0.0.1:{guarded.port}/v1/realtime?intent=transcription"
    transcription = {"model": "gpt-realtime-whisper", "language": "hi", "delay": "low"}
    audio = {"format": {"type": "audio/pcm", "rate": 24_000}, "transcription": transcription, "turn_detection": None}
    update = {"type": "session.update", "session": {"type": "transcription", "audio": {"input": audio}}}
    deltas: dict[str, str] = {}
    with connect(url, subprotocols=protocols, open_timeout=20) as ws:
        ws.send(json.dumps(update))
        for start in range(0, len(data), 4_800):
            part = base64.b64encode(data[start : start + 4_800]).decode()
            ws.send(json.dumps({"type": "input_audio_buffer.append", "audio": part}))
        ws.send(json.dumps({"type": "input_audio_buffer.commit"}))
        while True:
            event = json.loads(ws.recv(timeout=60))
            assert event["type"] != "error", event
            if event["type"].endswith("transcription.delta"):
                deltas[event["item_id"]] = deltas.get(event["item_id"], "") + event["delta"]
            if event["type"].endswith("transcription.completed"):
                break
    assert len(set(event["transcript"].split()) & set(text.split())) >= len(text.split()) - 2
    assert event["item_id"] in deltas


def test_spring_ai(server: Server, text: str) -> None:
    """spring-projects/spring-ai, models/spring-ai-openai/src/main/java/org/springframework/ai/openai/api/
    OpenAiAudioApi.java, 00dcfe7b9d20e5103e007efc0e20a14176efc077.

    Every part has a type of its own, numbers are JSON, and the file is audio.webm whatever it is.
    """
    plain = "text/plain;charset=UTF-8"
    files = {
        "file": ("audio.webm", WAV, "video/webm"),
        "model": (None, "whisper-1", plain),
        "language": (None, "hi", plain),
        "prompt": (None, "बारिश".encode(), plain),
        "response_format": (None, "verbose_json", plain),
        "temperature": (None, "0.7", "application/json"),
        "timestamp_granularities[]": (None, "word", plain),
    }
    body = httpx.post(server.url + PATH, files=files, timeout=60).json()
    assert [word["word"] for word in body["words"]] == body["text"].split()
    assert [warning.partition(":")[0] for warning in body["warnings"]] == ["temperature=0.7"]
    assert text
