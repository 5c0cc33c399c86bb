"""openai-node, which asks for wss whatever its base URL says: by TLS in front of the server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support.tls_proxy import NODE_MODULES
from tests.support.wav import pcm_24_khz

pytestmark = pytest.mark.clients

SCRIPT = Path(__file__).with_name("realtime.cjs")


def run(tls: tuple[int, Path], model: str, file: Path) -> subprocess.CompletedProcess[str]:
    port, certificate = tls
    environment = os.environ | {"NODE_PATH": str(NODE_MODULES), "NODE_EXTRA_CA_CERTS": str(certificate)}
    command = ["node", str(SCRIPT), f"https://localhost:{port}/v1", model, str(file)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("model", ["gpt-4o-transcribe", "whisper-1"])
def test_realtime_by_model_alone(
    tls: tuple[int, Path], tmp_path: Path, rain: np.ndarray, alike: Callable[[str], bool], model: str
) -> None:
    file = tmp_path / "rain.pcm"
    file.write_bytes(pcm_24_khz(rain))
    done = run(tls, model, file)
    assert done.returncode == 0, done.stderr
    assert alike(done.stdout.strip())


def test_a_refusal_reaches_it_as_an_event(tls: tuple[int, Path], tmp_path: Path) -> None:
    done = run(tls, "no-such-model", tmp_path / "none")
    assert done.returncode == 1
    assert "unknown_model" in done.stderr
