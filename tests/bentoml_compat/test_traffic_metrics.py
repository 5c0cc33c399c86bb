"""HTTP requests are counted and WebSocket messages are not, in a real service of BentoML's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# In a process of its own: a process has one set of metrics.
CODE = """
import sys
import bentoml
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient

if sys.argv[1] == "patched":
    from hindi_stt.bentoml_compat import traffic_metrics
    traffic_metrics.patch()

async def echo(websocket):
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())
    await websocket.close()

@bentoml.asgi_app(Starlette(routes=[WebSocketRoute("/ws", echo)]), path="/live")
@bentoml.service
class Service:
    @bentoml.api
    def one(self) -> int:
        return 1

with TestClient(Service.to_asgi()) as client:
    client.post("/one", json={})
    with client.websocket_connect("/live/ws") as websocket:
        websocket.send_text("x")
        websocket.receive_text()
    lines = client.get("/metrics").text.splitlines()
print(any('_request_total{endpoint="/one"' in line and line.endswith(" 1.0") for line in lines))
print(any("_websocket_data_received_count{" in line for line in lines))
"""


@pytest.mark.parametrize(
    ("how", "counted"),
    [
        pytest.param("patched", ["True", "False"], id="patched"),
        pytest.param("usual", ["True", "True"], id="why: BentoML counts each message"),
    ],
)
def test_what_is_counted(how: str, counted: list[str], tmp_path: Path) -> None:
    environment = {
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
        "BENTOML_HOME": str(tmp_path / "home"),
        "BENTOML_DO_NOT_TRACK": "True",
        "PYTHONPATH": ":".join(sys.path),
    }
    command = [sys.executable, "-W", "ignore", "-c", CODE, how]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.split() == counted, done.stderr
