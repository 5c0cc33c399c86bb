"""LiteLLM's proxy as a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

KEY = "sk-" + "0123456789abcdef" * 4  # the proxy's own, which it does not start without


class LiteLLMProxy:
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
