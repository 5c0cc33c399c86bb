"""HTTP requests are counted by route and WebSocket messages are not, in a real service of BentoML's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# In a process of its own: a process has one set of metrics.
CODE = """
import sys
import bentoml
from bentoml._internal.context import server_context
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient

if sys.argv[1] == "patched":
    from hindi_stt.bentoml_compat import traffic_metrics
    traffic_metrics.patch()

async def echo(websocket):
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())
    await websocket.close()

async def thing(request):
    return JSONResponse({"path": request.url.path})

routes = [Route("/things/{id}/parts", thing), Route("/things", thing), WebSocketRoute("/ws", echo)]
if sys.argv[1] == "patched":
    traffic_metrics.label_by_route(routes)

@bentoml.asgi_app(Starlette(routes=routes), path="/")
@bentoml.service
class Service:
    @bentoml.api
    def one(self) -> int:
        return 1

server_context.service_routes = ["/one"]  # as a worker of BentoML's has it
with TestClient(Service.to_asgi()) as client:
    client.post("/one", json={})
    with client.websocket_connect("/ws") as websocket:
        websocket.send_text("x")
        websocket.receive_text()
    for i in range(30):
        assert client.get(f"/things/{i}/parts").json() == {"path": f"/things/{i}/parts"}
        assert client.get(f"/nowhere/{i}").status_code == 404
    client.get("/things")
    lines = client.get("/metrics").text.splitlines()
print(any('_request_total{endpoint="/one"' in line and line.endswith(" 1.0") for line in lines))
print(any("_websocket_data_received_count{" in line for line in lines))
counted = [line.partition('endpoint="')[2].partition('"')[0] for line in lines if "_request_total{" in line]
print(len(set(counted)), "/things" in counted)
print(any('_request_total{endpoint="/things/{id}/parts"' in line and line.endswith(" 30.0") for line in lines))
print(any('_request_total{endpoint="other"' in line and line.endswith(" 30.0") for line in lines))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "counted"),
    [
        pytest.param("patched", ["True", "False", "4", "True", "True", "True"], id="patched"),
        pytest.param("usual", ["True", "True", "62", "True", "False", "False"], id="why: each path, each message"),
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
