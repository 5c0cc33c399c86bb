"""Attacks with few bytes and many connections: what is held open, half sent, or never asked for."""

from __future__ import annotations

import contextlib
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator

import httpx
import psutil
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from loadtests.attack.attack import Attack
from loadtests.attack.sounds import neighbours_clip, silence
from loadtests.attack.target import DECODER
from tests.chaos.parts import workers_of

__all__ = ["endless_headers", "half_sent_heads", "hung_decoders", "realtime_connections", "slow_uploads"]

REALTIME = 64
SLOW = 80
# Descriptors of the processes of the server, so that they run out within seconds.
DESCRIPTORS = 400
HUNG_S = 20.0


def opened(attack: Attack, key: str, stack: contextlib.ExitStack) -> ClientConnection | None:
    """A realtime connection that the server has taken, if it does."""
    url = f"ws://127.0.0.1:{attack.target.port}/v1/realtime?intent=transcription"
    try:
        headers = {"Authorization": f"Bearer {key}"}
        websocket = connect(url, additional_headers=headers, open_timeout=5, close_timeout=1)
        stack.callback(websocket.close)
        taken = "session.created" in str(websocket.recv(5))
    except (WebSocketException, OSError):
        return None
    return websocket if taken else None


@contextlib.contextmanager
def realtime_connections(attack: Attack) -> Iterator[None]:
    """As many realtime connections as the server takes, of one key, and then one of the neighbour's."""
    with contextlib.ExitStack() as stack:
        taken = sum(opened(attack, attack.target.attacker, stack) is not None for _ in range(REALTIME))
        attack.outcomes["taken"] = taken
        others = [opened(attack, attack.target.neighbour, stack) for _ in range(4)]
        attack.facts["realtime of the neighbour"] = f"{sum(one is not None for one in others)} of 4"
        yield


@contextlib.contextmanager
def slow_uploads(attack: Attack) -> Iterator[None]:
    """Uploads with stream=true that have begun and do not go on; and then one of the neighbour's, with stream=true."""
    clip = neighbours_clip()
    head = "POST /transcribe?stream=true HTTP/1.1\r\nHost: x\r\nContent-Type: audio/wav\r\n"
    with contextlib.ExitStack() as stack:
        for _ in range(SLOW):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", attack.target.port), timeout=5))
            lines = f"{head}Authorization: Bearer {attack.target.attacker}\r\nContent-Length: {len(clip)}\r\n\r\n"
            connection.sendall(lines.encode() + clip[: len(clip) // 2])
        time.sleep(1)
        try:
            start = time.monotonic()
            headers = {"Authorization": f"Bearer {attack.target.neighbour}", "Content-Type": "audio/wav"}
            url = f"{attack.target.url}/transcribe?stream=true"
            answer = httpx.post(url, content=clip, headers=headers, timeout=10)
            attack.facts["stream=true of the neighbour"] = f"{answer.status_code}, {time.monotonic() - start:.2f} s"
        except httpx.HTTPError:
            attack.facts["stream=true of the neighbour"] = "no answer in 10 s"
        yield


@contextlib.contextmanager
def hung_decoders(attack: Attack) -> Iterator[None]:
    """Recordings that FFmpeg decodes, and whose processes are stopped (SIGSTOP) as soon as they are there."""
    content = silence(0.5)
    path = attack.target.folder / "half-hour.m4a"
    command = ["ffmpeg", "-v", "error", "-y", "-i", "-", "-c:a", "aac", "-b:a", "16k", path]
    subprocess.run(command, input=content, check=True)
    recording = path.read_bytes()

    def stop() -> None:
        while not attack.ended.wait(0.02):
            for process in attack.target.processes(DECODER):
                with contextlib.suppress(psutil.Error):
                    process.send_signal(signal.SIGSTOP)

    threading.Thread(target=stop, daemon=True).start()
    with attack.threads(4, lambda _: attack.post(recording, "a.m4a")):
        time.sleep(1)
        yield
    attack.facts["decoders stopped"] = str(len(attack.target.processes(DECODER)))


@contextlib.contextmanager
def endless_headers(attack: Attack) -> Iterator[None]:
    """Headers without an end, 20 MB on each of eight connections, without a key."""

    def send(_: int) -> None:
        with socket.create_connection(("127.0.0.1", attack.target.port), timeout=10) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ")
            try:
                for _ in range(320):
                    connection.sendall(b"a" * 65_536)
                    if attack.ended.is_set():
                        return
                attack.outcomes["20 MB taken"] += 1
            except OSError:
                attack.outcomes["cut off"] += 1

    with attack.threads(8, send):
        yield


@contextlib.contextmanager
def half_sent_heads(attack: Attack) -> Iterator[None]:
    """Heads without an end, until the server has no descriptors; afterwards its runner stands still (SIGSTOP)."""
    server = psutil.Process(attack.target.process.pid)
    for process in server.children(recursive=True):
        with contextlib.suppress(psutil.Error, OSError):
            resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    held: list[socket.socket] = []

    def send(_: int) -> None:
        connection = socket.create_connection(("127.0.0.1", attack.target.port), timeout=5)
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
        held.append(connection)
        if len(held) > 2 * DESCRIPTORS:
            time.sleep(0.1)
            held.pop(0).close()

    with attack.threads(4, send):
        yield
    for connection in held:
        connection.close()
    time.sleep(2)
    runner = next(iter(workers_of(attack.target, "ConformerRunner")), None)
    if runner is None:
        attack.facts["a runner that stands still afterwards"] = "there is none"
        return
    runner.send_signal(signal.SIGSTOP)
    start = time.monotonic()
    attack.facts["a runner that stands still afterwards"] = "is not replaced within 20 s"
    while time.monotonic() - start < HUNG_S:
        if not runner.is_running() or runner.status() == psutil.STATUS_ZOMBIE:
            attack.facts["a runner that stands still afterwards"] = f"is ended after {time.monotonic() - start:.1f} s"
            break
        time.sleep(0.1)
    else:
        runner.send_signal(signal.SIGCONT)
