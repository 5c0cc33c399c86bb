"""Access control: checks keys, rate limits and uploads before a body is read.

Open to all clients: the page, the documents that describe the API, and the probes. Everything else needs a key
where there are keys. Only requests with a body (POST, PATCH) count against limits.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from hindi_stt.access.keys import KeyRing
from hindi_stt.access.limits import Client, RateLimits
from hindi_stt.access.tokens import TOKEN_PREFIX, Tokens
from hindi_stt.api.error_responses import deny_handshake, error_response, state_of
from hindi_stt.api.middleware.credentials import key_of
from hindi_stt.api.middleware.origins import check_host, check_site
from hindi_stt.api.uploads.disk_space import UploadSpace
from hindi_stt.api.uploads.receive import FRAMING_BYTES
from hindi_stt.errors import (
    HindiSTTError,
    KeysUnavailable,
    LimitsUnavailable,
    TooManyUploads,
    UnsupportedEncoding,
)
from hindi_stt.observability.request_context import set_current_client
from hindi_stt.settings import Settings

__all__ = ["Protection", "ProtectionMiddleware"]

_OPEN: Final = frozenset({"/", "/docs.json", "/schema.json", "/health", "/healthz", "/livez", "/readyz", "/ui"})
_SENDING: Final = frozenset({"POST", "PATCH"})
_OPEN_FOLDERS: Final = ("/reference/", "/ui/")
# So much of a refused body is read, so that its sender reads the answer and not a broken connection.
_LINGER_BYTES: Final = 2**20
_LINGER_S: Final = 2.0
# Close codes of WebSockets, as IANA lists them.
_POLICY_VIOLATION: Final = 1008
_TRY_AGAIN_LATER: Final = 1013


class Protection:
    """Keys, limits and upload bounds, shared by the requests of one API worker.

    Args:
        settings: The server's settings.

    Raises:
        KeyFileInvalid: The key file cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self.limits = RateLimits(settings.limits_url, settings.limits_without_redis)
        self.tokens = Tokens(settings.token_secret)
        self.settings = self._settings = settings
        self.read_keys()
        # A longer body is refused for its length.
        self._most_bytes = settings.max_body_bytes + FRAMING_BYTES
        self._uploads: Counter[str] = Counter()
        self._space = UploadSpace(settings)

    def read_keys(self) -> None:
        """Read the key file as it is now; for a worker that was forked long after the supervisor has read it."""
        file, grace_s = self.settings.key_file, self.settings.key_grace_s
        self._keys = KeyRing(Path(file), grace_s) if file else None

    def client_of(self, connection: HTTPConnection) -> Client:
        """Identify the client of a connection.

        Args:
            connection: The request or WebSocket.

        Returns:
            The client and its limits.

        Raises:
            MissingKey: There is no key.
            InvalidKey: The key is not one of this server's.
            KeyRevoked: The key was revoked.
            KeysUnavailable: The key file cannot be read, and the grace period is over.
        """
        requests, audio_s = self._settings.requests_per_minute, self._settings.audio_s_per_hour
        if self._keys is None:
            return Client(_address_of(connection), requests, audio_s)
        token = key_of(connection)
        # A page may hold a token, and a page may only listen.
        by_token = token.startswith(TOKEN_PREFIX) and connection.scope["type"] == "websocket"
        key = self._keys.entry(self.tokens.key_id(token)) if by_token else self._keys.find(token)
        return Client(
            key.name,
            requests if key.requests_per_minute is None else key.requests_per_minute,
            audio_s if key.audio_s_per_hour is None else key.audio_s_per_hour,
            key.id,
        )

    def knows(self, connection: HTTPConnection) -> bool:
        """Tell whether a request for an open path comes from a client that may use the server."""
        try:
            self.client_of(connection)
        except HindiSTTError:
            return False
        return True

    def check_still_valid(self, client: Client) -> None:
        """Check the key of a connection that is already open.

        Args:
            client: The client.

        Raises:
            InvalidKey: The key is not in the key file any more.
            KeyRevoked: It has been revoked.
        """
        if self._keys is not None:
            with contextlib.suppress(KeysUnavailable):  # who is connected stays so
                self._keys.entry(client.key_id)

    def key_file_report(self) -> dict[str, Any] | None:
        """Report a key file that cannot be read, for GET /health.

        Returns:
            `refusing`: whether requests are refused; `grace_s`: seconds until they will be. None if the file can be
            read.
        """
        problem = self._keys.problem() if self._keys is not None else None
        if problem is None:
            return None
        return {
            "error": "The key file cannot be read; the server's log says why.",
            "age_s": round(problem.age_s, 1),
            "grace_s": round(problem.grace_s, 1) if math.isfinite(problem.grace_s) else None,
            "refusing": problem.grace_s == 0,
        }

    @contextlib.contextmanager
    def receiving(self, client: Client, request: Request, receive: Receive) -> Iterator[Receive]:
        """Count an upload of the client until its body has arrived, and reserve disk space until it is closed.

        Args:
            client: The client.
            request: The head of the request.
            receive: ASGI's receive.

        Yields:
            A receive that releases the count when the body has ended.

        Raises:
            TooManyUploads: The client has as many uploads, or as many bytes, as it may.
            StorageFull: There is no disk space.
            HindiSTTError: As `UploadSpace.body` raises.
        """
        if self._uploads[client.name] >= self._settings.max_uploads_per_client:
            raise TooManyUploads(f"{client.name} is sending {self._uploads[client.name]} recordings.", retry_after_s=1)
        self._uploads[client.name] += 1
        held = True

        def leave() -> None:
            nonlocal held
            if held:
                held = False
                self._uploads[client.name] -= 1
                if not self._uploads[client.name]:
                    del self._uploads[client.name]

        length = request.headers.get("content-length", "")
        # Parts of resumable uploads do not lie there.
        needs_space = request.method == "POST"
        stated = int(length) if needs_space and length.isdecimal() else None
        try:
            body = self._space.body(client.name, stated if stated is None else min(stated, self._most_bytes))
        except HindiSTTError:
            leave()
            raise

        async def watched() -> Message:
            message = await receive()
            if needs_space:
                body.add(len(message.get("body", b"")))
            if not message.get("more_body"):
                leave()
            return message

        try:
            yield watched
        finally:
            leave()
            body.close()


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
            client = self._protection.client_of(HTTPConnection(scope))
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
        set_current_client(client.name)
        await self.app(scope, receive, send)


def _address_of(connection: HTTPConnection) -> str:
    """The client's address; a proxy may have put anything in its place."""
    host = connection.client.host if connection.client else ""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return "-"


def _check_encoding(request: Request) -> None:
    encoding = request.headers.get("content-encoding", "").strip()
    if encoding.lower() not in {"", "identity"}:
        raise UnsupportedEncoding(f"The body has Content-Encoding {encoding[:64]!r}, which this server does not undo.")


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
