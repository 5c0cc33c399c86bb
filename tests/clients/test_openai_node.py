"""openai-node, which asks for wss whatever its base URL says: by TLS in front of the server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.clients.test_openai_sdk import doubled
from tests.support.server import Server

pytestmark = pytest.mark.clients

MODULES = Path(sys.prefix) / "node" / "node_modules"
SCRIPT = Path(__file__).with_name("realtime.cjs")


async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def end(listening: asyncio.Server) -> None:
    listening.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@pytest.fixture(scope="module")
def tls(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """The port of a proxy that ends TLS, and its certificate."""
    if shutil.which("node") is None or shutil.which("openssl") is None or not MODULES.is_dir():
        pytest.skip("needs node, openssl and the openai package for node")
    folder: Path = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    loop = asyncio.new_event_loop()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", server.port)
        await asyncio.gather(forward(reader, to_writer), forward(to_reader, writer))

    listening = loop.run_until_complete(asyncio.start_server(connected, "localhost", 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield listening.sockets[0].getsockname()[1], certificate
    asyncio.run_coroutine_threadsafe(end(listening), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def run(tls: tuple[int, Path], model: str, file: Path) -> subprocess.CompletedProcess[str]:
    port, certificate = tls
    environment = os.environ | {"NODE_PATH": str(MODULES), "NODE_EXTRA_CA_CERTS": str(certificate)}
    command = ["node", str(SCRIPT), f"https://localhost:{port}/v1", model, str(file)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("model", ["gpt-4o-transcribe", "whisper-1"])
def test_realtime_by_model_alone(
    tls: tuple[int, Path], tmp_path: Path, rain: np.ndarray, alike: Callable[[str], bool], model: str
) -> None:
    file = tmp_path / "rain.pcm"
    file.write_bytes(doubled(rain))
    done = run(tls, model, file)
    assert done.returncode == 0, done.stderr
    assert alike(done.stdout.strip())


def test_a_refusal_reaches_it_as_an_event(tls: tuple[int, Path], tmp_path: Path) -> None:
    done = run(tls, "no-such-model", tmp_path / "none")
    assert done.returncode == 1
    assert "unknown_model" in done.stderr
