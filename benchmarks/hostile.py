"""What neighbours notice of uploads that mean harm: python -m benchmarks.hostile [--requests 200]

One caller sends a short clip again and again; in every other turn others send a bomb, a file of five hundred channels,
mutated files, nine hours in 25 MB and bodies past the bound, ten a second, while thirty uploads come a byte a second.
The figure is the ratio of the caller's 95th percentiles, in one run.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import random
import socket
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import soundfile

from tests.server.mutations import mutated
from tests.support.server import Server

DATA = Path(__file__).parent.parent / "tests" / "data"
SLOW = 30
INTERVAL_S = 0.1
TURNS = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200)
    n = parser.parse_args().requests
    with tempfile.TemporaryDirectory() as folder:
        bad = uploads(Path(folder))
        server = Server(Path(folder), HINDI_STT_MAX_BODY_BYTES=str(2**25))
        try:
            server.wait_until_ready()
            neighbour(server, 20)
            alone: list[float] = []
            pressed: list[float] = []
            outcomes: Counter[int] = Counter()
            for _ in range(TURNS):
                alone += neighbour(server, n // TURNS)
                with pressing(server, bad, outcomes):
                    pressed += neighbour(server, n // TURNS)
        finally:
            server.stop()
    print(f"answers to the others: {dict(outcomes)}")
    for name, times in (("alone", alone), ("pressed", pressed)):
        print(f"{name}: median {np.median(times) * 1000:.0f} ms, p95 {np.percentile(times, 95) * 1000:.0f} ms")
    print(f"ratio of p95: {np.percentile(pressed, 95) / np.percentile(alone, 95):.2f}")


def neighbour(server: Server, n: int) -> list[float]:
    """Seconds that each of n requests took."""
    content, times = (DATA / "rain_16k.wav").read_bytes(), []
    with httpx.Client(timeout=60) as client:
        for _ in range(n):
            start = time.perf_counter()
            client.post(f"{server.url}/transcribe", files={"file": ("a.wav", content)}).raise_for_status()
            times.append(time.perf_counter() - start)
    return times


def uploads(folder: Path) -> Iterator[bytes]:
    """Contents that mean harm, for ever."""
    hours = io.BytesIO()
    with soundfile.SoundFile(hours, "w", 8_000, 1, format="FLAC") as file:
        for _ in range(30):
            file.write(np.zeros(600 * 8_000, np.int16))
    many = io.BytesIO()
    soundfile.write(many, np.zeros((800, 500), np.float32), 16_000, format="WAV")
    ten, nine = folder / "ten.opus", folder / "nine.opus"
    source = "-f lavfi -i anoisesrc=r=16000:a=0.1:d=600 -c:a libopus -b:a 6k -vbr off -compression_level 0"
    subprocess.run(["ffmpeg", "-v", "error", *source.split(), ten], check=True)
    subprocess.run(["ffmpeg", "-v", "error", "-stream_loop", "53", "-i", ten, "-c", "copy", nine], check=True)
    rng, good = random.Random(0), (DATA / "rain.flac").read_bytes()
    rare = [hours.getvalue(), many.getvalue(), nine.read_bytes(), bytes(2**25 + 2**20)]
    for content in itertools.cycle(rare):
        yield from (mutated(good, rng) for _ in range(9))
        yield content


@contextlib.contextmanager
def pressing(server: Server, bad: Iterator[bytes], outcomes: Counter[int]) -> Iterator[None]:
    ended = threading.Event()
    slow = []
    for _ in range(SLOW):
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.sendall(
            b"POST /transcribe HTTP/1.1\r\nHost: x\r\nContent-Type: audio/wav\r\nContent-Length: 99999\r\n\r\n"
        )
        slow.append(connection)

    def press() -> None:
        with httpx.Client(timeout=60) as client:
            while not ended.wait(INTERVAL_S):
                with contextlib.suppress(httpx.TransportError):  # the server may close before all is sent
                    answer = client.post(f"{server.url}/transcribe", files={"file": ("a", next(bad))})
                    outcomes[answer.status_code] += 1

    def drip() -> None:
        while not ended.wait(1):
            for connection in slow:
                with contextlib.suppress(OSError):
                    connection.sendall(b"x")

    threads = [threading.Thread(target=work) for work in (press, drip)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()
        for connection in slow:
            connection.close()


if __name__ == "__main__":
    main()
