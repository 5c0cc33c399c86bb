"""A server that is full says so by a request's headers, before anything of its body is there."""

from __future__ import annotations

import io
import socket
import threading
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile

from tests.conftest import DATA
from tests.support.responses import eventually, quiet
from tests.support.server import Server

pytestmark = pytest.mark.slow

GOOD = (DATA / "rain_16k.wav").read_bytes()
BOUND_S = 30


def hours_of_tone() -> bytes:
    """Two hours in a file that is no trouble to send: it takes a minute or so to hear, and this test a part of it."""
    buffer = io.BytesIO()
    minute = np.tile(np.round(9_000 * np.sin(2 * np.pi * np.arange(20) / 20)).astype(np.int16), 60 * 400)
    with soundfile.SoundFile(buffer, "w", 8_000, 1, format="FLAC") as file:
        for _ in range(120):
            file.write(minute)
    return buffer.getvalue()


def answer_to_headers(server: Server) -> bytes:
    """What comes within a second for a request that sends no byte of its body."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=1) as connection:
        head = "POST /transcribe HTTP/1.1\r\nHost: localhost\r\nContent-Type: audio/wav\r\n"
        head += "Transfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode())
        try:
            return connection.recv(4096)
        except TimeoutError:
            return b""


def test_refusal_by_headers(tmp_path: Path) -> None:
    """A long recording holds the queue full. As long as short ones are refused, so are those that have only begun."""
    server = Server(tmp_path, HINDI_STT_MAX_QUEUE_S=str(BOUND_S))
    knocked: list[httpx.Response] = []
    ended = threading.Event()

    def knock() -> None:
        while not ended.wait(0.1):
            knocked.append(server.transcribe(GOOD))

    def in_progress_s() -> float:
        return httpx.get(f"{server.url}/stats").json()["audio_in_progress_seconds"]

    knocking = threading.Thread(target=knock)
    try:
        server.wait_until_ready()
        content = hours_of_tone()
        holder = socket.create_connection(("127.0.0.1", server.port))
        head = "POST /transcribe HTTP/1.1\r\nHost: localhost\r\nContent-Type: audio/flac\r\n"
        holder.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        assert eventually(lambda: in_progress_s() >= BOUND_S)
        knocking.start()
        answers: list[bytes] = []
        assert eventually(lambda: answers.append(answer_to_headers(server)) or answers[-1] != b"")
        assert answers[-1].startswith(b"HTTP/1.1 429")
        assert b"retry-after: " in answers[-1].lower()
        assert in_progress_s() >= BOUND_S, "the queue was still full"
        ended.set()
        knocking.join()
        assert {answer.status_code for answer in knocked} == {429}
        assert {answer.json()["error"]["code"] for answer in knocked} == {"overloaded"}
        holder.close()
        assert eventually(lambda: quiet(server))
        assert eventually(lambda: server.transcribe(GOOD).status_code == 200), "a refusal speaks for a second"
    finally:
        ended.set()
        server.stop()
