"""Uploads that mean harm: the right status, no crash, bounded memory, and neighbours that get their answers."""

from __future__ import annotations

import gzip
import select
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile

from tests.conftest import DATA
from tests.support.responses import eventually, is_error, quiet
from tests.support.server import ROOT, Server
from tests.support.wav import raw_wav, wav

pytestmark = pytest.mark.api
GOOD = (DATA / "rain_16k.wav").read_bytes()
MAX_GROWTH = 150 * 2**20


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the bounds that it has unless told otherwise, but for the time that a slow upload gets."""
    running = Server(tmp_path_factory.mktemp("usual"), HINDI_STT_UPLOAD_TIMEOUT_S="15")
    try:
        running.wait_until_ready()
        running.transcribe(GOOD)
        yield running
    finally:
        running.stop()


@pytest.fixture
def within_bounds(usual: Server) -> Iterator[None]:
    """Memory stays within its bound while a neighbour goes on being answered, and nothing is left in the end."""
    before, highest, answers, ended = usual.memory(), 0, [], threading.Event()

    def watch() -> None:
        nonlocal highest
        while not ended.wait(0.2):
            highest = max(highest, usual.memory())

    def neighbour() -> None:
        while not ended.wait(0.1):
            answers.append(usual.transcribe(GOOD).status_code)

    threads = [threading.Thread(target=work) for work in (watch, neighbour)]
    for thread in threads:
        thread.start()
    yield
    ended.set()
    for thread in threads:
        thread.join()
    assert set(answers) == {200}
    assert highest - before <= MAX_GROWTH
    assert eventually(lambda: quiet(usual))


@pytest.mark.usefixtures("within_bounds")
def test_a_gigabyte_without_its_length(usual: Server) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        for _ in range(2**14):
            sent += 2**16
            yield bytes(2**16)

    headers = {"content-type": "multipart/form-data; boundary=x"}
    try:
        answer = httpx.post(f"{usual.url}/transcribe", content=endless(), headers=headers, timeout=120)
        is_error(answer, 413, "body_too_large")
    except (httpx.WriteError, httpx.ReadError):  # it may close before we stop sending
        pass
    assert 500 * 2**20 <= sent < 2**30


@pytest.mark.usefixtures("within_bounds")
def test_bombs(usual: Server, tmp_path: Path) -> None:
    hours = tmp_path / "hours.flac"
    with soundfile.SoundFile(hours, "w", 8000, 1, format="FLAC") as file:
        for _ in range(30):
            file.write(np.zeros(600 * 8000, np.int16))
    honest = hours.read_bytes()
    assert len(honest) < 2_000_000
    is_error(usual.transcribe(honest), 413, "audio_too_long")
    # STREAMINFO's 36 bits of total samples, in bytes 21 to 25: 0 means unknown.
    silent = honest[:21] + bytes([honest[21] & 0xF0]) + bytes(4) + honest[26:]
    is_error(usual.transcribe(silent), 413, "audio_too_long")
    is_error(usual.transcribe(raw_wav(bytes(8_000), claimed_bytes=2**30)), 422, "truncated_audio")
    is_error(usual.transcribe(wav(np.zeros((800, 500)))), 422, "too_many_channels")


@pytest.mark.usefixtures("within_bounds")
def test_nine_hours_of_audio_in_25_megabytes(usual: Server, tmp_path: Path) -> None:
    """Opus at 6 kbit/s, made of ten minutes that go on and on."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    ten, hours = tmp_path / "ten.opus", tmp_path / "hours.opus"
    encode = "-f lavfi -i anoisesrc=r=16000:a=0.1:d=600 -c:a libopus -b:a 6k -vbr off -compression_level 0"
    ffmpeg(*encode.split(), str(ten))
    ffmpeg("-stream_loop", "53", "-i", str(ten), "-c", "copy", str(hours))
    content = hours.read_bytes()
    assert 20 * 2**20 < len(content) < 30 * 2**20
    is_error(usual.transcribe(content), 413, "audio_too_long")
    body = {"content": content, "headers": {"content-type": "audio/ogg"}, "timeout": 60}
    is_error(httpx.post(f"{usual.url}/transcribe?stream=true", **body), 413, "audio_too_long")


@pytest.mark.usefixtures("within_bounds")
def test_a_byte_a_second(usual: Server) -> None:
    """Fifty at a time: a form, a body, and a body that is to be heard while it arrives."""
    clients = []
    for i in range(50):
        path, kind = (
            ("/transcribe", "multipart/form-data; boundary=x"),
            ("/transcribe", "audio/wav"),
            ("/transcribe?stream=true", "audio/wav"),
        )[i % 3]
        client = socket.create_connection(("127.0.0.1", usual.port))
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: 100000\r\n\r\n"
        part = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        client.sendall((head + part * ("multipart" in kind)).encode())
        clients.append(client)
    answers: dict[int, bytes] = {}
    for second in range(60):
        for i, client in enumerate(clients):
            if i in answers:
                continue
            if select.select([client], [], [], 0)[0]:
                answers[i] = client.recv(4096)
            else:
                client.sendall(GOOD[second : second + 1])
        if len(answers) == len(clients):
            break
        time.sleep(1)
    for client in clients:
        client.close()
    assert {answer[:12] for answer in answers.values()} == {b"HTTP/1.1 408"}
    assert len(answers) == len(clients)


@pytest.mark.usefixtures("within_bounds")
def test_a_body_that_unpacks(usual: Server) -> None:
    """A gigabyte of zeros in a megabyte: an encoding is refused by name and never undone."""
    packed = gzip.compress(bytes(2**30), 1)
    headers = {"content-type": "audio/wav", "content-encoding": "gzip"}
    answer = httpx.post(f"{usual.url}/transcribe", content=packed, headers=headers, timeout=60)
    is_error(answer, 415, "unsupported_encoding")


def ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments], check=True)


def test_mutated_files() -> None:
    """In a process of its own, which has to end well: whatever is wrong with a file is an error with a code."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.server.mutations", "1500", "40", "2500", "6000"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("corrupt_audio") == 2
    assert "ended well" in done.stdout
    assert "by signal" not in done.stdout
