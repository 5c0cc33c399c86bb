"""LiteLLM: its SDK, and its proxy with this server behind it, asked by OpenAI's client."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.server import Server
from tests.wav import wav

pytestmark = pytest.mark.clients
pytest.importorskip("litellm")

KEY = "sk-" + "0123456789abcdef" * 4  # the proxy's own, which it does not start without
CONFIG = """
model_list:
  - model_name: hindi
    litellm_params:
      model: openai/whisper-1
      api_base: {url}/v1
      api_key: none
    model_info:
      mode: audio_transcription
"""


@pytest.fixture(scope="module")
def proxy(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("litellm")
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(url=server.url))
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    command = [str(Path(sys.executable).with_name("litellm")), "--config", str(config), "--port", str(port)]
    environment = os.environ | {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MASTER_KEY": KEY}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1"], env=environment, stdout=log, stderr=log, cwd=folder
        )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            assert process.poll() is None, (folder / "log").read_text()
            try:
                if httpx.get(f"{url}/health/liveliness", timeout=2).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.5)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_its_sdk(server: Server, rain: np.ndarray, text: str) -> None:
    import litellm

    answer = litellm.transcription(
        model="openai/whisper-1", file=("rain.wav", wav(rain)), api_base=f"{server.url}/v1", api_key="none"
    )
    assert answer.text == text


@pytest.mark.parametrize("response_format", ["json", "verbose_json", "text", "srt"])
def test_its_proxy(proxy: str, rain: np.ndarray, text: str, response_format: str) -> None:
    data = {"model": "hindi", "response_format": response_format}
    answer = httpx.post(
        f"{proxy}/v1/audio/transcriptions",
        data=data,
        files={"file": ("rain.wav", wav(rain))},
        headers={"Authorization": f"Bearer {KEY}"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    assert text in (answer.json()["text"] if "json" in response_format else " ".join(answer.text.split()))


@pytest.mark.parametrize("given", [{}, {"response_format": "verbose_json"}, {"response_format": "srt"}])
def test_the_proxy_streams_nothing_and_gets_a_plain_answer_with_a_warning(
    proxy: str, rain: np.ndarray, text: str, given: dict[str, str]
) -> None:
    """It asks for verbose_json where no format was asked for, and reads every answer to its end before it sends it."""
    answer = httpx.post(
        f"{proxy}/v1/audio/transcriptions",
        data={"model": "hindi", "stream": "true", **given},
        files={"file": ("rain.wav", wav(rain))},
        headers={"Authorization": f"Bearer {KEY}"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    assert text in " ".join(answer.json()["text"].split())
    assert "stream=true" in answer.headers["llm_provider-x-warnings"]
