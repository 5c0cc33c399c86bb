"""A WebSocket that is refused with a response leaves no error in the log of a real server of uvicorn's."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from hindi_stt.bentoml_compat import denied_handshakes
from hindi_stt.observability.request_context import note_denied_handshake
from tests.support.uvicorn_server import serving

ERROR = "ASGI callable returned without completing handshake."


async def refuse(_: Scope, receive: Receive, send: Send) -> None:
    await receive()
    note_denied_handshake()
    await send({"type": "websocket.http.response.start", "status": 401, "headers": []})
    await send({"type": "websocket.http.response.body", "body": b"no"})


async def say_nothing(_: Scope, receive: Receive, __: Send) -> None:
    await receive()


@pytest.fixture(params=[True, False], ids=["patched", "usual"])
def patched(request: pytest.FixtureRequest) -> Iterator[bool]:
    logger = logging.getLogger("uvicorn.error")
    before = list(logger.filters)
    logger.filters = []
    if request.param:
        denied_handshakes.patch()
        denied_handshakes.patch()
        assert len(logger.filters) == 1
    yield request.param
    logger.filters = before


def errors(app: object, status: int, caplog: pytest.LogCaptureFixture) -> list[str]:
    with serving(app) as port, pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{port}/")
    assert refused.value.response.status_code == status
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_refusal_is_no_error(patched: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Without the patch it is one: when that fails, the patch may go."""
    assert errors(refuse, 401, caplog) == ([] if patched else [ERROR])


@pytest.mark.usefixtures("patched")
def test_no_response_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    assert errors(say_nothing, 500, caplog) == [ERROR]
