"""LiteLLM: its SDK, and its proxy with this server behind it, asked by OpenAI's client."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import numpy as np
import pytest

from tests.support.litellm_proxy import KEY, LiteLLMProxy
from tests.support.server import Server
from tests.support.wav import wav

pytestmark = pytest.mark.clients
pytest.importorskip("litellm")

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
    with LiteLLMProxy(tmp_path_factory.mktemp("litellm"), CONFIG.format(url=server.url)) as url:
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
