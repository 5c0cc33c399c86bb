"""A server without settings, recordings, and what the server itself says of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.support.server import Server
from tests.support.tls_proxy import NODE_MODULES, tls_proxy
from tests.support.wav import wav

DATA = Path(__file__).parent.parent / "data"
RATE = 16_000


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With the defaults of an operator who has set nothing."""
    running = Server(tmp_path_factory.mktemp("server"))
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def rain() -> np.ndarray:
    """Somebody speaks: int16 at 16 kHz, half a second of silence before it and two seconds behind."""
    samples, rate = soundfile.read(DATA / "rain.flac", dtype="int16")
    assert rate == RATE
    return np.concatenate([np.zeros(RATE // 2, np.int16), samples, np.zeros(2 * RATE, np.int16)])


@pytest.fixture(scope="session")
def text(server: Server, rain: np.ndarray) -> str:
    """What the server says of the recording."""
    found: str = server.transcribe(wav(rain)).json()["text"]
    assert len(found.split()) > 4
    return found


@pytest.fixture(scope="session")
def alike(text: str) -> Callable[[str], bool]:
    """Whether a transcript is this text; silence around it or another rate may change a word."""

    def compare(found: str) -> bool:
        said = text.split()
        return len(set(said) & set(found.split())) >= len(said) - 2

    return compare


@pytest.fixture(scope="session")
def tls(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """The port of a proxy that ends TLS, and its certificate."""
    if shutil.which("node") is None or shutil.which("openssl") is None or not NODE_MODULES.is_dir():
        pytest.skip("needs node, openssl and the openai package for node")
    with tls_proxy(tmp_path_factory.mktemp("tls"), server.port) as proxy:
        yield proxy
