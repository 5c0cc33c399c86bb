"""/readyz says what the service itself says, and asks no runner; in a real service of BentoML's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# In a process of its own, where the patch and the runner's address are nobody else's.
CODE = """
import os, socket, sys, threading
import bentoml
from bentoml.container import BentoMLContainer
from starlette.testclient import TestClient

if sys.argv[1] == "patched":
    from hindi_stt.bentoml_compat import readiness
    readiness.patch()
listener = socket.create_server(("127.0.0.1", 0))
BentoMLContainer.remote_runner_mapping.set({"Runner": "tcp://127.0.0.1:%d" % listener.getsockname()[1]})
OPTIONS = {"metrics": {"enabled": False}, "tracing": {"excluded_urls": ".*"}}

@bentoml.service(**OPTIONS)
class Runner:
    @bentoml.api
    def one(self) -> int:
        return 1

@bentoml.service(**OPTIONS)
class Service:
    runner = bentoml.depends(Runner)
    ready = True

    async def __is_ready__(self):
        return Service.inner.ready

    @bentoml.api
    def two(self) -> int:
        return 2

def say_when_asked():
    listener.accept()
    print("the runner is asked", flush=True)
    os._exit(0)

threading.Thread(target=say_when_asked, daemon=True).start()
with TestClient(Service.to_asgi()) as client:
    print(client.get("/readyz").status_code)
    Service.inner.ready = False
    print(client.get("/readyz").status_code)
with TestClient(Runner.to_asgi()) as client:
    print(client.get("/readyz").status_code)
    print(client.get("/livez").status_code)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "said"),
    [
        pytest.param("patched", ["200", "503", "200", "200"], id="patched"),
        pytest.param("usual", ["the runner is asked"], id="why: BentoML asks the runner"),
    ],
)
def test_what_readyz_says(how: str, said: list[str], tmp_path: Path) -> None:
    environment = {
        "BENTOML_HOME": str(tmp_path),
        "BENTOML_DO_NOT_TRACK": "True",
        "PYTHONPATH": ":".join(sys.path),
    }
    command = [sys.executable, "-W", "ignore", "-c", CODE, how]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=90)
    assert done.stdout.splitlines() == said, done.stderr
