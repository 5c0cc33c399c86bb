"""The middleware that asks `Protection` about each request and WebSocket, before a body is read.

Open to all clients: the page, the documents that describe the API, and the probes. Everything else needs a key
where there are keys. Only requests with a body (POST, PATCH) count against limits.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from hindi_stt.access.limits import Client
from hindi_stt.api.error_responses import deny_handshake, error_response, state_of
from hindi_stt.api.middleware.origins import check_host, check_site
from hindi_stt.api.middleware.protection import Protection
from hindi_stt.errors import HindiSTTError, LimitsUnavailable, MissingKey, UnsupportedEncoding
from hindi_stt.observability.request_context import set_current_client

__all__ = ["ProtectionMiddleware"]

_OPEN: Final = frozenset({"/", "/docs.json", "/schema.json", "/health", "/healthz", "/livez", "/readyz", "/ui"})
_SENDING: Final = frozenset({"POST", "PATCH"})
# Protocols whose clients cannot send headers: the key comes in a message, or the network stands for one.
_KEY_LATER: Final = ("/v1/telephony/", "/vosk")
_OPEN_FOLDERS: Final = ("/reference/", "/ui/")
# So much of a refused body is read, so that its sender reads the answer and not a broken connection.
_LINGER_BYTES: Final = 2**20
_LINGER_S: Final = 2.0
# Close codes of WebSockets, as IANA lists them.
_POLICY_VIOLATION: Final = 1008
_TRY_AGAIN_LATER: Final = 1013


class ProtectionMiddleware:
    """ASGI middleware inside RequestMiddleware: refuses what `Protection` refuses.

    Args:
        app: The application.
        protection: Keys, limits and upload bounds.
    """

    def __init__(self, app: ASGIApp, protection: Protection) -> None:
        self.app = app
        self._protection = protection

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request or WebSocket through, or refuse it."""
        if scope["type"] == "http":
            await self._request(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            check_host(Request(scope), self._protection.settings)
            check_site(Request(scope), self._protection.settings.origins)
        except HindiSTTError as error:
            await self._refuse(error, scope, receive, send)
            return
        if scope["path"] in _OPEN or scope["path"].startswith(_OPEN_FOLDERS):
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        with contextlib.ExitStack() as stack:
            try:
                client = self._protection.client_of(request)
                state = state_of(request)
                state.client = client
                set_current_client(client.name)
                state.facts["client"] = client.name
                _check_encoding(request)
                if scope["method"] in _SENDING:
                    await self._protection.limits.count_request(client)
                    receive = stack.enter_context(self._protection.receiving(client, request, receive))
            except HindiSTTError as error:
                await self._refuse(error, scope, receive, send)
                return
            await self.app(scope, receive, send)

    async def _refuse(self, error: HindiSTTError, scope: Scope, receive: Receive, send: Send) -> None:
        ended = await _linger(receive)
        response = error_response(Request(scope), error)
        if not ended:
            response.headers["Connection"] = "close"
        await response(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            check_host(HTTPConnection(scope), self._protection.settings)
            client = self._socket_client(scope)
            if client is not None:
                await self._protection.limits.count_request(client)
        except HindiSTTError as error:
            # As an answer to the handshake where the server can, which every client reports with its status.
            if "websocket.http.response" in scope.get("extensions", {}):
                await deny_handshake(WebSocket(scope, receive, send), error)
            else:
                code = _TRY_AGAIN_LATER if isinstance(error, LimitsUnavailable) else _POLICY_VIOLATION
                await send({"type": "websocket.close", "code": code, "reason": error.code})
            return
        scope["hindi_stt_client"] = client
        if client is not None:
            set_current_client(client.name)
        await self.app(scope, receive, send)

    def _socket_client(self, scope: Scope) -> Client | None:
        """The client of a WebSocket; None where its protocol may say only later whose it is."""
        try:
            return self._protection.client_of(HTTPConnection(scope))
        except MissingKey:
            if scope["path"].startswith(_KEY_LATER):
                return None
            raise


def _check_encoding(request: Request) -> None:
    encoding = request.headers.get("content-encoding", "").strip()
    if encoding.lower() not in {"", "identity"}:
        raise UnsupportedEncoding(f"The body has the Content-Encoding {encoding[:64]!r}; send it without.")


async def _linger(receive: Receive) -> bool:
    """Read and forget what comes of a body, within bounds; whether it came to its end."""
    received = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_S):
            while received <= _LINGER_BYTES:
                message = await receive()
                received += len(message.get("body", b""))
                if not message.get("more_body"):
                    return True
    return False
