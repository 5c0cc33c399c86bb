"""Long recordings beside short ones through a real server: python -m benchmarks.recordings [--minutes 120] [--rounds 1]

Throughput of one long recording as a ratio to that of its sentences sent one by one, sixteen at a time, in turns on one
server; and how long after the end of its upload the first words come, or how much of it has arrived by then.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import select
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import soundfile
import soxr

from tests.support import evaluation_set
from tests.support.server import Server

RATE = 16_000
PAUSE_S = 0.7
CALLERS = 16
BLOCK_BYTES = 2**16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    sentences = [sentence(clip.wav) for clip in evaluation_set.clips()]
    n = -(-arguments.minutes * 60 * RATE // sum(map(len, sentences)))
    long = np.concatenate(sentences * n)
    duration_s = len(long) / RATE
    flac, short = written(long, "FLAC"), [written(samples, "FLAC") for samples in sentences]
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            server.wait_until_ready()
            asyncio.run(one_by_one(server, short))
            ratios = []
            for _ in range(arguments.rounds):
                long_s, short_s = whole(server, flac), asyncio.run(one_by_one(server, short * n))
                ratios.append(short_s / long_s)
                print(f"{duration_s:.0f} s of audio: in one {duration_s / long_s:.1f} x real time,", end=" ")
                print(f"one by one {duration_s / short_s:.1f} x: {ratios[-1]:.3f}", flush=True)
            print(f"throughput of the long recording: {statistics.median(ratios):.3f} of that of short ones")
            print(f"a form: first words {first_after_form(server, flac):.2f} s after the end of the upload")
            wav = written(long, "WAV")
            print(f"a raw body, chunked: first words after {share_at_first_words(server, wav):.2%} of it")
        finally:
            server.stop()


def sentence(content: bytes) -> np.ndarray:
    """Samples at 16 kHz, int16, with a pause."""
    samples, rate = soundfile.read(io.BytesIO(content), dtype="float32")
    padded = np.concatenate([soxr.resample(samples, rate, RATE), np.zeros(int(PAUSE_S * RATE), np.float32)])
    return (np.clip(padded, -1, 1) * 32767).astype(np.int16)


def written(samples: np.ndarray, container: str) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, RATE, format=container)
    return buffer.getvalue()


def whole(server: Server, content: bytes) -> float:
    """Seconds that one recording takes."""
    start = time.perf_counter()
    answer = httpx.post(f"{server.url}/transcribe", files={"file": ("a.flac", content)}, timeout=3_600)
    answer.raise_for_status()
    return time.perf_counter() - start


async def one_by_one(server: Server, files: list[bytes]) -> float:
    """Seconds that the recordings take, as many at a time as there are callers."""
    contents = iter(files)

    async def call(client: httpx.AsyncClient) -> None:
        for content in contents:
            answer = await client.post(f"{server.url}/transcribe", files={"file": ("a.flac", content)})
            answer.raise_for_status()

    start = time.perf_counter()
    async with httpx.AsyncClient(timeout=600) as client:
        await asyncio.gather(*(call(client) for _ in range(CALLERS)))
    return time.perf_counter() - start


def first_after_form(server: Server, content: bytes) -> float:
    """Seconds from the end of a form's upload to the first words."""
    sent = 0.0

    def body() -> Iterator[bytes]:
        nonlocal sent
        head = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        yield head % (b"model", b"whisper-1") + head % (b"stream", b"true")
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for at in range(0, len(content), BLOCK_BYTES):
            yield content[at : at + BLOCK_BYTES]
        yield b"\r\n--x--\r\n"
        sent = time.perf_counter()

    headers = {"content-type": "multipart/form-data; boundary=x"}
    url = f"{server.url}/v1/audio/transcriptions"
    with httpx.stream("POST", url, content=body(), headers=headers, timeout=600) as answer:
        next(line for line in answer.iter_lines() if "transcript.text.delta" in line)
        return time.perf_counter() - sent


def share_at_first_words(server: Server, content: bytes) -> float:
    """How much of a raw body has been sent when the first words come, at a hundred times real time."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        head = "POST /transcribe?stream=true HTTP/1.1\r\nHost: x\r\nContent-Type: audio/wav\r\n"
        connection.sendall((head + "Transfer-Encoding: chunked\r\n\r\n").encode())
        received = b""
        for at in range(0, len(content), BLOCK_BYTES):
            block = content[at : at + BLOCK_BYTES]
            connection.sendall(b"%x\r\n%s\r\n" % (len(block), block))
            if select.select([connection], [], [], 0)[0]:
                received += connection.recv(BLOCK_BYTES)
            if b"transcript.text.delta" in received:
                return (at + len(block)) / len(content)
            time.sleep(len(block) / (2 * RATE) / 100)
    return 1.0


if __name__ == "__main__":
    main()
