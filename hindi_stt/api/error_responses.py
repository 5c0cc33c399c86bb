"""Error responses, and the state of a request while it is answered."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket

from hindi_stt.access.limits import Client
from hindi_stt.errors import (
    HindiSTTError,
    StorageFull,
    TooManyJobs,
    TooManyUploads,
    TooMuchStored,
    Unauthenticated,
    UnsupportedEncoding,
    UpgradeRequired,
)
from hindi_stt.errors.body import error_json
from hindi_stt.observability.request_context import log, note_denied_handshake

__all__ = [
    "NOBODY",
    "SCOPE_KEY",
    "RequestState",
    "answering",
    "deny_handshake",
    "error_body",
    "error_headers",
    "error_response",
    "state_of",
    "upgrade_required",
]

# Where the ASGI scope has the request's state.
SCOPE_KEY: Final = "hindi_stt"
# Of requests that are not yet counted for anybody.
NOBODY: Final = Client("-")
# The body may not have been read to its end: closing the connection tells the client to stop sending.
_UNREAD_BODY: Final = frozenset({408, 413})
_BEFORE_THE_BODY: Final = (StorageFull, TooManyJobs, TooManyUploads, TooMuchStored)


@dataclass(slots=True)
class RequestState:
    """The state of a request while it is answered.

    Attributes:
        request_id: Its id.
        client: The client whose limits it counts against.
        openai: Whether errors are in OpenAI's form.
        error: The error that is its answer, if any.
        keep_body: Whether the body is sent as it is, whatever the status.
        facts: Additional fields of its log line.
    """

    request_id: str
    client: Client = NOBODY
    openai: bool = False
    error: HindiSTTError | None = None
    keep_body: bool = False
    facts: dict[str, Any] = field(default_factory=dict)


def state_of(request: HTTPConnection) -> RequestState:
    """The state that RequestMiddleware made for this request."""
    state: RequestState = request.scope[SCOPE_KEY]
    return state


def error_response(request: Request, error: HindiSTTError) -> JSONResponse:
    """Make the response for an error: `{"error": {code, message, status, request_id, help}}`.

    Args:
        request: The request.
        error: The error.

    Returns:
        The response.
    """
    state_of(request).error = error
    return JSONResponse(error_body(request, error), error.status, error_headers(error))


def answering(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The handler of a route, with its errors as answers."""

    async def answering(request: Request) -> Response:
        try:
            return await handler(request)
        except HindiSTTError as error:
            return error_response(request, error)

    return answering


async def upgrade_required(request: Request) -> Response:
    """Answer an ordinary request to the address of a WebSocket.

    Args:
        request: The request.

    Returns:
        The error.
    """
    response = error_response(request, UpgradeRequired("This address takes WebSocket connections only."))
    response.headers["Upgrade"] = "websocket"
    return response


def error_body(request: HTTPConnection, error: HindiSTTError) -> dict[str, Any]:
    """Make the body of an error response; below /v1 it also has OpenAI's `type` and `param`.

    Args:
        request: The request.
        error: The error.

    Returns:
        The JSON object.
    """
    state = state_of(request)
    return error_json(error, state.request_id, openai=state.openai)


async def deny_handshake(websocket: WebSocket, error: HindiSTTError) -> None:
    """Answer a WebSocket's handshake with an error instead of accepting it, and log it.

    Args:
        websocket: The connection, before it is accepted.
        error: The error.
    """
    note_denied_handshake()
    log.info("WS %s %d code=%s", quote(websocket.scope["path"]), error.status, error.code)
    await websocket.send_denial_response(JSONResponse(error_body(websocket, error), error.status))


def error_headers(error: HindiSTTError) -> dict[str, str]:
    """Return the headers of an error response, without those of its body."""
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, UnsupportedEncoding):
        headers["Accept-Encoding"] = "identity"  # RFC 9110, 15.5.16
    if error.status in _UNREAD_BODY or isinstance(error, _BEFORE_THE_BODY):
        headers["Connection"] = "close"
    return headers
