"""Gives every request an id, a log line, and errors of one form."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import quote

from opentelemetry.trace import INVALID_SPAN, Span
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hindi_stt.api.error_responses import NOBODY, SCOPE_KEY, RequestState, error_headers
from hindi_stt.errors import HindiSTTError, InternalError, from_status
from hindi_stt.errors.body import error_json
from hindi_stt.observability.request_context import log, set_current_request_id
from hindi_stt.observability.tracing import request_span

__all__ = ["RequestMiddleware"]


_GIVEN_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_QUIET_PATHS: Final = frozenset({"/healthz", "/livez", "/readyz", "/metrics", "/health"})
_TRACED_FACTS: Final = frozenset({"audio_s", "code"})  # who it was stays in the log
_OPENAI_PATHS: Final = "/v1/"


class RequestMiddleware:
    """ASGI middleware around every route of the service.

    Args:
        app: The application.
        count_error: Called with the code of each error response.
        finished: Called after each POST request of a known client with its path, state, status and seconds.
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
        scope[SCOPE_KEY] = state
        set_current_request_id(state.request_id)
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
        if self._finished is not None and scope["method"] == "POST" and state.client is not NOBODY:
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
        """Answer with an error instead; `allow` are the route's methods for MethodNotAllowed."""
        self._state.error = error
        self.status = error.status
        body = json.dumps(error_json(error, self._state.request_id, openai=self._state.openai)).encode()
        headers = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            "x-request-id": self._state.request_id,
            **error_headers(error),
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
