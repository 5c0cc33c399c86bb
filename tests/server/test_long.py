"""Long recordings through a real server: memory, errors on the way, hang-ups, times."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import httpx
import numpy as np
import psutil
import pytest
import soundfile

from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.pipeline import Pipeline
from tests.conftest import DATA
from tests.support.responses import eventually, quiet
from tests.support.server import Server
from tests.support.wav import wav

pytestmark = pytest.mark.slow
RATE = 16_000


@pytest.fixture(scope="module")
def long_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the bounds of its own, but for few segments side by side and a bound of ten minutes."""
    running = Server(tmp_path_factory.mktemp("long"), HINDI_STT_SEGMENTS_IN_FLIGHT="2", HINDI_STT_MAX_AUDIO_S="600")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def speech(seconds: float) -> np.ndarray:
    """Sentences with pauses, int16."""
    samples, rate = soundfile.read(DATA / "family.flac", dtype="int16")
    assert rate == RATE
    sentence = np.concatenate([samples, np.zeros(RATE * 6 // 10, np.int16)])
    return np.resize(sentence, int(seconds * RATE))


def stream(server: Server, content: bytes) -> list[tuple[float, dict]]:
    """The events of a streamed answer, each with the seconds since the upload had ended."""
    sent_s = 0.0

    def body() -> Iterator[bytes]:
        nonlocal sent_s
        head = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        yield head % (b"model", b"whisper-1") + head % (b"stream", b"true")
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + content + b"\r\n--x--\r\n"
        sent_s = time.monotonic()

    with httpx.stream(
        "POST",
        f"{server.url}/v1/audio/transcriptions",
        content=body(),
        headers={"content-type": "multipart/form-data; boundary=x"},
        timeout=120,
    ) as response:
        assert response.status_code == 200, response.read()
        lines = ((time.monotonic() - sent_s, line) for line in response.iter_lines() if line)
        return [(after_s, json.loads(line.removeprefix("data: "))) for after_s, line in lines]


def test_segments_are_sent_as_they_are_transcribed(
    long_server: Server, pipeline: Pipeline, acoustic: LocalAcoustic
) -> None:
    content = wav(speech(120), container="FLAC")
    events = stream(long_server, content)
    text = "".join(event["delta"] for _, event in events[:-1])
    assert events[-1][1]["text"] == text == pipeline.transcribe(content, acoustic).text
    assert len(events) > 8
    assert events[0][0] < 0.9 * events[-1][0]  # not all of them at the end


def test_an_error_in_the_middle_ends_the_stream_with_its_name(long_server: Server) -> None:
    content = wav(speech(120), container="FLAC")
    events = stream(long_server, content[: len(content) * 9 // 10])
    assert len(events) > 3
    assert events[-1][1]["error"]["code"] == "truncated_audio"
    assert eventually(lambda: quiet(long_server))


@pytest.mark.slow
def test_memory_does_not_grow_with_length(long_server: Server) -> None:
    """From two minutes to ten: samples, features and log-probs of the difference would be 60 MB."""

    def peak_mb(seconds: float) -> float:
        assert long_server.transcribe(wav(speech(seconds), container="FLAC")).status_code == 200
        processes = psutil.Process(long_server.process.pid).children(recursive=True)
        return sum(process.memory_info().rss for process in processes) / 2**20

    peak_mb(120)
    before = peak_mb(120)
    assert peak_mb(590) - before < 50


def test_eleven_minutes_in_a_small_file_are_refused(long_server: Server) -> None:
    content = wav(np.zeros(660 * 8_000, np.int16), 8_000, container="FLAC")
    response = long_server.transcribe(content)
    assert (response.status_code, response.json()["error"]["code"]) == (413, "audio_too_long")


def test_a_disconnect_drops_the_remaining_work(long_server: Server) -> None:
    content = wav(speech(590), container="FLAC")
    for wait_s in (0.1, 0.15, 0.2, 0.3, 0.5, 1):
        with pytest.raises(httpx.TimeoutException):
            httpx.post(f"{long_server.url}/transcribe", files={"file": ("a", content)}, timeout=wait_s)
    assert eventually(lambda: quiet(long_server))
    assert not any("Traceback" in line for line in long_server.log.splitlines())
