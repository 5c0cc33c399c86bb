"""What every request gets: an id, a log line, and errors of one shape, whoever raised them."""

from __future__ import annotations

import contextlib
import contextvars
import json
import logging
import math
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from opentelemetry.trace import INVALID_SPAN, Span
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from hindi_stt.access.limits import Client
from hindi_stt.errors import (
    HindiSTTError,
    InternalError,
    StorageFull,
    TooManyJobs,
    TooManyUploads,
    TooMuchStored,
    Unauthenticated,
    UnsupportedEncoding,
    from_status,
)
from hindi_stt.observability.tracing import request_span

__all__ = [
    "RequestMiddleware",
    "RequestState",
    "answering",
    "current_client",
    "current_request_id",
    "deny_handshake",
    "error_body",
    "error_json",
    "error_response",
    "for_request",
    "handshake_was_denied",
    "log",
    "note_client",
    "state_of",
]

log = logging.getLogger("hindi_stt")

_SCOPE_KEY: Final = "hindi_stt"
_GIVEN_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_QUIET_PATHS: Final = frozenset({"/healthz", "/livez", "/readyz", "/metrics", "/health"})
_TRACED_FACTS: Final = frozenset({"audio_s", "code"})  # who it was stays in the log
_OPENAI_PATHS: Final = "/v1/"
# The body may not have been read to its end: closing the connection tells the client to stop sending.
_UNREAD_BODY: Final = frozenset({408, 413})
_BEFORE_THE_BODY: Final = (StorageFull, TooManyJobs, TooManyUploads, TooMuchStored)
_current_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="-")
_current_client: contextvars.ContextVar[str] = contextvars.ContextVar("client", default="-")


_denied: contextvars.ContextVar[bool] = contextvars.ContextVar("handshake_denied", default=False)
_NOBODY: Final = Client("-")


@dataclass(slots=True)
class RequestState:
    """What is known of a request while it is answered.

    client: whom it is counted for; openai: whether that may be a client for OpenAI; error: the one it is answered with,
    if any; keep_body: the body is meant as it is, whatever the status; facts: what the log line says beside the usual.
    """

    request_id: str
    client: Client = _NOBODY
    openai: bool = False
    error: HindiSTTError | None = None
    keep_body: bool = False
    facts: dict[str, Any] = field(default_factory=dict)


def current_request_id() -> str:
    """Id of the request that this task belongs to; "-" outside of any."""
    return _current_id.get()


@contextlib.contextmanager
def for_request(request_id: str) -> Iterator[None]:
    """What is logged within belongs to this request; for the runner, which no request reaches with its id."""
    before = _current_id.set(request_id)
    try:
        yield
    finally:
        _current_id.reset(before)


def current_client() -> str:
    """Name of the client whose request this task belongs to; "-" outside of any."""
    return _current_client.get()


def note_client(client: Client) -> None:
    """Say whose request this task, and those that it starts, belong to."""
    _current_client.set(client.name)


def state_of(request: HTTPConnection) -> RequestState:
    """The state that RequestMiddleware made for this request."""
    state: RequestState = request.scope[_SCOPE_KEY]
    return state


def error_response(request: Request, error: HindiSTTError) -> JSONResponse:
    """The answer for an error: `{"error": {code, message, status, request_id, help}}`."""
    state_of(request).error = error
    return JSONResponse(error_body(request, error), error.status, _headers(error))


def answering(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The handler of a route, with its errors as answers."""

    async def answering(request: Request) -> Response:
        try:
            return await handler(request)
        except HindiSTTError as error:
            return error_response(request, error)

    return answering


def error_body(request: HTTPConnection, error: HindiSTTError) -> dict[str, Any]:
    """The body of the answer for an error; below /v1 it also has OpenAI's `type` and `param`."""
    return error_json(error, state_of(request))


async def deny_handshake(websocket: WebSocket, error: HindiSTTError) -> None:
    """Answer a WebSocket's handshake with an error instead of accepting it, and log it."""
    _denied.set(True)
    log.info("WS %s %d code=%s", quote(websocket.scope["path"]), error.status, error.code)
    await websocket.send_denial_response(JSONResponse(error_body(websocket, error), error.status))


def handshake_was_denied() -> bool:
    """Whether the WebSocket of this task was refused by `deny_handshake`."""
    return _denied.get()


def error_json(error: HindiSTTError, state: RequestState) -> dict[str, Any]:
    """As `error_body`, where there is no request yet."""
    detail: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "status": error.status,
        "request_id": state.request_id,
        "help": error.help,
    }
    if state.openai:
        detail |= {"type": "server_error" if error.status >= 500 else "invalid_request_error", "param": error.param}
    return {"error": detail}


def _headers(error: HindiSTTError) -> dict[str, str]:
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


class RequestMiddleware:
    """ASGI middleware around every route of the service.

    count_error is told the code of each error answer; finished is told of each POST request that somebody known has
    sent: its path, state, status and seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        count_error: Callable[[str], None],
        finished: Callable[[str, RequestState, int, float], None] | None = None,
    ) -> None:
        self.app = app
        self._count_error = count_error
        self._finished = finished

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request through the application."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        state = RequestState(given if _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex)
        state.openai = scope["path"].startswith(_OPENAI_PATHS)
        scope[_SCOPE_KEY] = state
        _current_id.set(state.request_id)
        with _traced(scope, state) as span:
            if scope["type"] == "websocket":
                await self.app(scope, receive, send)
                return
            answer = _Answer(state, send)
            start = time.perf_counter()
            try:
                await self.app(scope, receive, answer.send)
            except Exception:
                log.exception("unexpected error")
                if answer.status:
                    raise
                await answer.replace(InternalError("An unexpected error has occurred."))
            finally:
                self._finish(scope, state, answer.status, time.perf_counter() - start)
                span.set_attribute("http.response.status_code", answer.status)
                span.set_attributes({name: state.facts[name] for name in _TRACED_FACTS & state.facts.keys()})

    def _finish(self, scope: Scope, state: RequestState, status: int, elapsed_s: float) -> None:
        quiet = status in {200, 503} and scope["path"] in _QUIET_PATHS
        if state.error is not None and not quiet:
            state.facts["code"] = state.error.code
            self._count_error(state.error.code)
        if self._finished is not None and scope["method"] == "POST" and state.client is not _NOBODY:
            self._finished(scope["path"], state, status, elapsed_s)
        facts = "".join(f" {key}={value}" for key, value in state.facts.items())
        level = logging.DEBUG if quiet else logging.INFO
        path = quote(scope["path"])  # a decoded path may hold line breaks
        elapsed_ms = round(elapsed_s * 1000, 1)
        fields = {"method": scope["method"], "path": path, "status": status, "elapsed_ms": elapsed_ms, **state.facts}
        log.log(level, "%s %s %d %.1f ms%s", scope["method"], path, status, elapsed_ms, facts, extra=fields)


@contextlib.contextmanager
def _traced(scope: Scope, state: RequestState) -> Iterator[Span]:
    """Around a request: the span of what may be a recording's; probes and pages have none."""
    method = scope.get("method", "WS")
    if method not in {"POST", "WS"}:
        yield INVALID_SPAN
        return
    facts = {"http.request.method": method, "url.path": scope["path"], "request_id": state.request_id}
    with request_span(f"{method} {scope['path'][:128]}", Headers(scope=scope), facts) as span:
        yield span


class _Answer:
    """Passes an answer on, adds the request id, and replaces the body of errors that are not in our shape."""

    def __init__(self, state: RequestState, send: Send) -> None:
        self.status = 0
        self._state = state
        self._send = send
        self._replacing = False

    async def send(self, message: Message) -> None:
        """Take the application's next message."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.status >= 400 and self._state.error is None and not self._state.keep_body:
                reason = _REASONS.get(self.status, "The request failed.")
                if allow := Headers(raw=message["headers"]).get("allow"):
                    allow = ", ".join(sorted(name.strip() for name in allow.split(",")))
                    reason = f"The route does not take this HTTP method; it takes {allow}."
                await self.replace(from_status(self.status, reason), allow=allow)
                self._replacing = True
                return
            MutableHeaders(raw=message["headers"])["X-Request-ID"] = self._state.request_id
        elif self._replacing:
            return
        await self._send(message)

    async def replace(self, error: HindiSTTError, *, allow: str | None = None) -> None:
        """Answer with this error instead. allow: the methods of the route, where another was used."""
        self._state.error = error
        self.status = error.status
        body = json.dumps(error_json(error, self._state)).encode()
        headers = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            "x-request-id": self._state.request_id,
            **_headers(error),
        }
        if allow:
            headers["allow"] = allow
        raw = [(key.lower().encode(), value.encode()) for key, value in headers.items()]
        await self._send({"type": "http.response.start", "status": error.status, "headers": raw})
        await self._send({"type": "http.response.body", "body": body})


_REASONS: Final = {
    404: "There is no such route.",
    405: "The route does not take this HTTP method.",
    503: "The service is not ready.",
}
