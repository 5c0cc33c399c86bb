"""A server that is told to end: its runner ends last, and can be reached until then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SERVER = """
import asyncio, os, signal, socket, sys, time
from urllib.parse import urlsplit
from bentoml.container import BentoMLContainer
from hindi_stt.bentoml_compat.shutdown import end_after_api_workers, keep_runner

def say(text):
    os.write(1, text.encode() + b"\\n")

path = os.environ["PROMETHEUS_MULTIPROC_DIR"] + "/runner.sock"
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()
ready, begins = os.pipe()
if not os.fork():
    addresses = {"Runner": "file://" + path, "hindi_stt": "tcp://127.0.0.1:3000"}
    BentoMLContainer.remote_runner_mapping.set(addresses)
    keep_runner()
    say("worker begins")
    os.write(begins, b"x")
    while os.path.exists(path):  # what BentoML deletes first
        time.sleep(0.01)
    time.sleep(0.5)
    client = socket.socket(socket.AF_UNIX)
    client.connect(urlsplit(addresses["Runner"]).path)
    say("worker reaches the runner")
    os._exit(0)

async def runner():
    ended = asyncio.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    end_after_api_workers()
    await asyncio.to_thread(os.read, ready, 1)
    os.unlink(path)
    os.kill(os.getpid(), signal.SIGTERM)
    await ended.wait()
    say("runner ends")

asyncio.run(runner())
"""


def test_the_runner_ends_after_the_api_workers(tmp_path: Path) -> None:
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-W", "ignore", "-c", SERVER]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines() == ["worker begins", "worker reaches the runner", "runner ends"]
