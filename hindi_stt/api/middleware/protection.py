"""Access control: whose request it is, and what one client may send at a time."""

from __future__ import annotations

import contextlib
import ipaddress
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.requests import HTTPConnection, Request
from starlette.types import Message, Receive

from hindi_stt.access.keys import Key, KeyRing
from hindi_stt.access.limits import Client, RateLimits
from hindi_stt.access.tokens import TOKEN_PREFIX, Tokens
from hindi_stt.api.middleware.credentials import key_of
from hindi_stt.api.uploads.disk_space import UploadSpace
from hindi_stt.api.uploads.receive import FRAMING_BYTES
from hindi_stt.errors import (
    HindiSTTError,
    InvalidKey,
    KeysUnavailable,
    TooManyUploads,
)
from hindi_stt.settings import Settings

__all__ = [
    "Protection",
]


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
        if self._keys is None:
            return self._client(_address_of(connection))
        token = key_of(connection)
        # A page may hold a token, and a page may only listen.
        by_token = token.startswith(TOKEN_PREFIX) and connection.scope["type"] == "websocket"
        return self._holder(self._keys.entry(self.tokens.key_id(token)) if by_token else self._keys.find(token))

    def client_with_key(self, key: str) -> Client:
        """Identify the client of a key that came in a message instead of a header; only where there are keys.

        Args:
            key: The key.

        Returns:
            The client and its limits.

        Raises:
            InvalidKey: The key is not one of this server's.
            KeyRevoked: The key was revoked.
            KeysUnavailable: The key file cannot be read, and the grace period is over.
        """
        if self._keys is None:
            raise InvalidKey("This server has no API keys.")
        return self._holder(self._keys.find(key))

    def client_named(self, name: str) -> Client:
        """Identify the client that a setting names; only where there are keys.

        Args:
            name: The name of a key.

        Returns:
            The client and its limits.

        Raises:
            InvalidKey: No valid key has this name.
            KeysUnavailable: The key file cannot be read, and the grace period is over.
        """
        if self._keys is None:
            raise InvalidKey("This server has no API keys.")
        return self._holder(self._keys.named(name))

    @property
    def has_keys(self) -> bool:
        """Whether the server has API keys."""
        return self._keys is not None

    def _client(self, name: str) -> Client:
        return Client(name, self._settings.requests_per_minute, self._settings.audio_s_per_hour)

    def _holder(self, key: Key) -> Client:
        client = self._client(key.name)
        return Client(
            key.name,
            client.requests_per_minute if key.requests_per_minute is None else key.requests_per_minute,
            client.audio_s_per_hour if key.audio_s_per_hour is None else key.audio_s_per_hour,
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


def _address_of(connection: HTTPConnection) -> str:
    """The client's address; a proxy may have put anything in its place."""
    host = connection.client.host if connection.client else ""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return "-"
