"""Recordings that are heard while they arrive: the same words as in one piece, and errors that are told."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
import soundfile

from hindi_stt import audio
from hindi_stt.api.uploads.streaming_upload import ArrivingFile, promised_by_riff
from hindi_stt.audio import AudioLimits, RawFormat
from hindi_stt.errors import CorruptAudio, TruncatedAudio
from tests.conftest import DATA
from tests.support.responses import eventually, is_error, quiet
from tests.support.server import Server
from tests.support.wav import tone, wav

MODULES_UNDER_TEST = ("hindi_stt/api/uploads/streaming_upload.py",)

RATE = 16_000
LIMITS = AudioLimits(600.0, 0.1, 8)


def speech(seconds: float) -> np.ndarray:
    """Sentences with pauses, int16."""
    samples, _ = soundfile.read(DATA / "family.flac", dtype="int16")
    return np.resize(np.concatenate([samples, np.zeros(RATE * 6 // 10, np.int16)]), int(seconds * RATE))


def written(samples: np.ndarray, **how: str) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, RATE, **how)
    return buffer.getvalue()


def streamed_wav(samples: np.ndarray) -> bytes:
    """As a program writes it that cannot seek back: sizes of all ones."""
    content = bytearray(written(samples, format="WAV"))
    content[4:8] = content[40:44] = b"\xff" * 4
    return bytes(content)


def streamed_flac(samples: np.ndarray) -> bytes:
    """As a program writes it that cannot seek back: a count of 0 samples, of 36 bits."""
    content = bytearray(written(samples, format="FLAC"))
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    return bytes(content)


SAMPLES = speech(50)
KINDS = {
    "wav": (written(SAMPLES, format="WAV"), None),
    "streamed wav": (streamed_wav(SAMPLES), None),
    "flac": (written(SAMPLES, format="FLAC"), None),
    "streamed flac": (streamed_flac(SAMPLES), None),
    "raw": (SAMPLES.astype("<i2").tobytes(), RawFormat("PCM_16", RATE)),
    "ogg, which is read when it is whole": (written(SAMPLES, format="OGG"), None),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_samples_as_in_one_piece(kind: str) -> None:
    """The reader gets its first block when no more than a part is there; without waiting it could not go on."""
    content, raw = KINDS[kind]
    expected = np.concatenate([block.samples for block in audio.blocks(content, RATE, LIMITS, raw=raw)])
    file = ArrivingFile(2**30, 2**20)
    file.append(content[:64])
    file.forward = not kind.startswith("ogg")
    if "wav" in kind:
        file.promised = min(2**30, promised_by_riff(content))
    found: list[np.ndarray] = []
    first = threading.Event()

    def read() -> None:
        for block in audio.blocks(file, RATE, LIMITS, raw=raw):
            found.append(block.samples)
            first.set()

    reader = threading.Thread(target=read)
    reader.start()
    part = len(content) * 6 // 10
    file.append(content[64:part])
    if file.forward:
        assert first.wait(30)
    for at in range(part, len(content), 10_000):
        file.append(content[at : at + 10_000])
    file.end()
    reader.join(30)
    assert not reader.is_alive()
    assert np.array_equal(np.concatenate(found), expected)


@pytest.mark.parametrize(
    ("kind", "code"), [("wav", "truncated_audio"), ("flac", "truncated_audio"), ("raw", "truncated_audio")]
)
def test_one_that_ends_too_early_is_an_error(kind: str, code: str) -> None:
    content, raw = KINDS[kind]
    file = ArrivingFile(2**30, 2**20)
    file.append(content[: len(content) * 6 // 10 | 1])
    file.forward = True
    file.end()
    with pytest.raises((CorruptAudio, TruncatedAudio)) as caught:
        list(audio.blocks(file, RATE, LIMITS, raw=raw))
    assert caught.value.code == code


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("patient"), HINDI_STT_UPLOAD_TIMEOUT_S="10")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def begin(server: Server, content_type: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    head = f"POST /transcribe?stream=true HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n"
    connection.sendall((head + "Transfer-Encoding: chunked\r\n\r\n").encode())
    return connection


def send(connection: socket.socket, data: bytes) -> None:
    connection.sendall(b"%x\r\n%s\r\n" % (len(data), data) if data else b"0\r\n\r\n")


def some(connection: socket.socket) -> bytes:
    received = connection.recv(2**16)
    assert received, "the server has closed"
    return received


def events(text: str) -> list[dict]:
    return [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content_type", "kind"),
    [("audio/L16;rate=16000;endianness=little-endian", "raw"), ("audio/wav", "wav"), ("audio/flac", "flac")],
)
def test_words_come_before_the_end_of_the_upload(patient: Server, content_type: str, kind: str) -> None:
    content = KINDS[kind][0]
    whole = httpx.post(
        f"{patient.url}/transcribe", content=content, headers={"content-type": content_type}, timeout=60
    ).json()
    with begin(patient, content_type) as connection:
        part = len(content) * 8 // 10
        send(connection, content[:part])
        received = b""
        while b"transcript.text.delta" not in received:
            received += some(connection)
        assert received.startswith(b"HTTP/1.1 200")
        send(connection, content[part:])
        send(connection, b"")
        while b"transcript.text.done" not in received or not received.endswith(b"0\r\n\r\n"):
            received += some(connection)
    assert events(received.decode())[-1]["text"] == whole["text"]
    assert eventually(lambda: quiet(patient))


@pytest.mark.slow
def test_errors_in_late_parts_are_reported(patient: Server) -> None:
    """Before the first words with their status, after them as an event."""
    content, _ = KINDS["wav"]
    headers = {"content-type": "audio/wav"}
    url = f"{patient.url}/transcribe?stream=true"
    is_error(httpx.post(url, content=b"no audio" * 1000, headers=headers), 415, "unsupported_audio")
    is_error(httpx.post(url, content=b"https://example.org/a.wav", headers=headers), 400, "url_not_accepted")
    is_error(httpx.post(url, content=wav(tone(0.01)), headers=headers), 422, "audio_too_short")
    is_error(httpx.post(url, content=iter([b""]), headers=headers), 400, "empty_audio")
    with begin(patient, "audio/wav") as connection:  # it is cut off
        send(connection, content[: len(content) * 8 // 10])
        received = b""
        while b"transcript.text.delta" not in received:
            received += some(connection)
        send(connection, b"")
        while b"truncated_audio" not in received:
            received += some(connection)
    with begin(patient, "audio/wav") as connection:  # nothing comes any more
        send(connection, content[: len(content) * 8 // 10])
        received = b""
        while b"upload_timeout" not in received:
            received += some(connection)
    assert received.startswith(b"HTTP/1.1 200")
    assert eventually(lambda: quiet(patient))


@pytest.mark.slow
def test_a_client_that_disconnects_leaves_nothing_behind(patient: Server) -> None:
    content, _ = KINDS["wav"]
    for share in (0.0, 0.001, 0.1, 0.5, 0.9):
        with begin(patient, "audio/wav") as connection:
            if share:
                send(connection, content[: int(share * len(content))])
    assert eventually(lambda: quiet(patient))
    assert patient.transcribe(content).status_code == 200
