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

from tests.support.server import Server
from tests.support.wav import wav

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


class Proxy:
    """The address of a LiteLLM proxy with this configuration, which ends with the block that it is used in."""

    def __init__(self, folder: Path, configuration: str) -> None:
        self._folder = folder
        (folder / "config.yaml").write_text(configuration)

    def __enter__(self) -> str:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        command = [str(Path(sys.executable).with_name("litellm")), "--config", "config.yaml", "--port", str(port)]
        environment = os.environ | {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MASTER_KEY": KEY}
        log = self._folder / "log"
        with log.open("w") as file:
            self._process = subprocess.Popen(
                [*command, "--host", "127.0.0.1"], env=environment, stdout=file, stderr=file, cwd=self._folder
            )
        url = f"http://127.0.0.1:{port}"
        for _ in range(240):
            assert self._process.poll() is None, log.read_text()
            try:
                if httpx.get(f"{url}/health/liveliness", timeout=2).status_code == 200:
                    return url
            except httpx.TransportError:
                pass
            time.sleep(0.5)
        self._process.kill()
        pytest.fail(f"the proxy was not ready:\n{log.read_text()}")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)


@pytest.fixture(scope="module")
def proxy(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Proxy(tmp_path_factory.mktemp("litellm"), CONFIG.format(url=server.url)) as url:
        yield url


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
