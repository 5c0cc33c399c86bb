"""The image that HINDI_STT_TEST_IMAGE names, run as an operator would: see `Container`."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

HARDENED = (
    *("--read-only", "--tmpfs", "/tmp:rw,mode=1777,size=1g", "--cap-drop", "all", "--pids-limit", "256"),
    *("--security-opt", "no-new-privileges", "--memory", "2g", "--cpus", "2"),
)


class Tool:
    """docker or podman."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run([self.name, *arguments], capture_output=True, text=True, check=False, timeout=120)
        assert not check or done.returncode == 0, f"{self.name} {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def inspect(self, image: str) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads(self("image", "inspect", image))[0]
        return facts


class Container:
    """A container with a read-only root, no capabilities, bounds on memory, cores and processes, and one tmpfs."""

    def __init__(self, tool: Tool, image: str) -> None:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.tool = tool
        self.url = f"http://127.0.0.1:{port}"
        # Docker writes nowhere else with --read-only; podman would, unasked.
        implicit = ["--read-only-tmpfs=false"] if tool.name == "podman" else []
        settings = ["-e", "BENTOML_HOST=127.0.0.1", "-e", f"BENTOML_PORT={port}"]
        self.started_s = time.monotonic()
        self.id = tool("run", "-d", "--network", "host", *HARDENED, *implicit, *settings, image).strip()

    def wait_until_ready(self, timeout_s: float = 90) -> float:
        """Seconds from the call that started it to the first /readyz that says so, from now on."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            assert self.tool("inspect", "-f", "{{.State.Running}}", self.id).strip() == "true", self.log
            try:
                if httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200:
                    return time.monotonic() - self.started_s
            except httpx.TransportError:
                time.sleep(0.1)
        pytest.fail(f"not ready after {timeout_s} s: {self.log}")

    def run(self, *command: str) -> str:
        """Standard output of a command inside."""
        return self.tool("exec", self.id, *command)

    @property
    def log(self) -> str:
        done = subprocess.run([self.tool.name, "logs", self.id], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def remove(self) -> None:
        self.tool("rm", "-f", self.id)


@pytest.fixture(scope="session")
def tool() -> Tool:
    for name in (os.environ.get("TOOL"), "docker", "podman"):
        if name and name != "buildah" and shutil.which(name):
            return Tool(name)
    pytest.skip("there is neither docker nor podman")


@pytest.fixture(scope="session")
def image(tool: Tool) -> str:
    name = os.environ.get("HINDI_STT_TEST_IMAGE")
    if not name:
        pytest.skip("HINDI_STT_TEST_IMAGE names no image (make prove-image)")
    return name


@pytest.fixture(scope="session")
def container(tool: Tool, image: str) -> Iterator[Container]:
    started = Container(tool, image)
    try:
        print(f"\nready after {started.wait_until_ready():.1f} s")
        yield started
    finally:
        started.remove()
