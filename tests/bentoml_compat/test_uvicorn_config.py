"""uvicorn runs with this server's values; real servers of uvicorn's, and of BentoML's in test_connection_bounds."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.sync.client import connect

from hindi_stt.bentoml_compat import uvicorn_config
from hindi_stt.bentoml_compat.connection_bounds import BoundedProtocol, ConnectionBounds
from hindi_stt.settings import Settings
from tests.support.uvicorn_server import serving

FORWARDED = {"X-Forwarded-For": "203.0.113.7"}


async def who(request: Request) -> Response:
    assert request.client
    return PlainTextResponse(request.client.host)


async def listen(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


APP = Starlette(routes=[Route("/", who), WebSocketRoute("/ws", listen)])


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the patches change is as before after each test."""
    monkeypatch.setattr(uvicorn.Config, "__init__", uvicorn.Config.__init__)
    monkeypatch.setattr(BoundedProtocol, "bounds", BoundedProtocol.bounds)
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)


@pytest.fixture
def patched() -> None:
    uvicorn_config.patch(Settings(max_header_bytes=12_345, header_timeout_s=3, max_idle_connections=7))


def extensions(port: int) -> list[str]:
    with connect(f"ws://127.0.0.1:{port}/ws") as websocket:
        return [extension.name for extension in websocket.protocol.extensions]


def address(port: int) -> str:
    return httpx.get(f"http://127.0.0.1:{port}/", headers=FORWARDED).text


def test_usual_values_are_why() -> None:
    """When this fails, a part of the patch may go."""
    with serving(APP) as port:
        assert extensions(port) == ["permessage-deflate"]
        assert address(port) == "203.0.113.7", "whoever is on this machine may say who it is"
    assert uvicorn.Config(APP).timeout_keep_alive == 5


@pytest.mark.usefixtures("patched")
def test_patched_values() -> None:
    with serving(APP) as port:
        assert extensions(port) == []
        assert address(port) == "127.0.0.1"
    config = uvicorn.Config(APP, timeout_keep_alive=5, http="auto")
    assert config.timeout_keep_alive == 75
    assert config.http is BoundedProtocol
    bounds = BoundedProtocol.bounds
    assert bounds == ConnectionBounds(head_bytes=12_345, head_timeout_s=3, idle_timeout_s=75, idle_connections=7)


@pytest.fixture(params=["setting", "variable"])
def trusting(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server that believes this machine, by the setting or by uvicorn's own variable."""
    if request.param == "variable":
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", "127.0.0.1")
    uvicorn_config.patch(Settings(trusted_proxies="127.0.0.1" if request.param == "setting" else ""))
    with serving(APP) as port:
        yield port


def test_a_trusted_proxy_is_believed(trusting: int) -> None:
    assert address(trusting) == "203.0.113.7"


def test_patching_twice_is_patching_once() -> None:
    uvicorn_config.patch(Settings(trusted_proxies="127.0.0.1"))
    uvicorn_config.patch(Settings())
    assert uvicorn.Config(APP).proxy_headers is False
