"""Where a request or a WebSocket has its key, and where it should not have it."""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import HTTPConnection

from hindi_stt.access.tokens import TOKEN_PREFIX
from hindi_stt.errors import MissingKey

__all__ = ["KEY_PROTOCOLS", "holds_key", "key_of", "misplaced_key", "token_of"]

KEY_PROTOCOLS: Final = ("token", "bearer")
"""Subprotocols of a WebSocket after which Deepgram's clients in browsers name the key."""

# A browser's WebSocket cannot send headers; OpenAI's clients name the key in a subprotocol instead.
_KEY_PROTOCOL: Final = "openai-insecure-api-key."
# Where clients of other services put their keys.
_KEY_HEADERS: Final = ("X-API-Key", "API-Key", "XI-API-Key", "Ocp-Apim-Subscription-Key", "X-Auth-Token")
_KEY_PARAMETERS: Final = frozenset({"api_key", "api-key", "apikey", "key", "token", "access_token"})
_NO_KEY: Final = "The request has no API key."
# A key of ours, or a token, wherever it is put.
_KEY: Final = re.compile(r"\b(?:stt|ek)_[0-9a-f]{8}_")


def token_of(connection: HTTPConnection) -> str | None:
    """The short-lived token that a WebSocket's client sends in a key's place, if it sends one."""
    try:
        token = key_of(connection)
    except MissingKey:
        return None
    return token if token.startswith(TOKEN_PREFIX) else None


def key_of(connection: HTTPConnection) -> str:
    """Return the key of a request.

    Args:
        connection: The request or WebSocket.

    Raises:
        MissingKey: There is none; with advice, if it is in the wrong place.
    """
    for name, value in connection.query_params.multi_items():
        if name.lower() in _KEY_PARAMETERS or _KEY.search(value):
            raise MissingKey(
                f"API keys in the address ({name[:64]}=…) are refused, because addresses are logged by proxies; "
                "replace this key: others may have read it."
            )
    authorization = connection.headers.get("authorization", "").strip()
    scheme, _, token = authorization.partition(" ")
    # "Token" is how Deepgram's clients say it.
    if scheme.lower() in {"bearer", "token"} and token.strip():
        return token.strip()
    for protocol in connection.scope.get("subprotocols", ()):
        if protocol.startswith(_KEY_PROTOCOL):
            return str(protocol).removeprefix(_KEY_PROTOCOL)
    offered: list[str] = connection.scope.get("subprotocols") or []
    if len(offered) > 1 and offered[0].lower() in KEY_PROTOCOLS:
        return offered[1]
    if authorization:  # not repeated: it may be a key without a scheme
        raise MissingKey("The header Authorization has another form than 'Authorization: Bearer KEY'.")
    raise MissingKey(_without_authorization(connection))


def _without_authorization(connection: HTTPConnection) -> str:
    """Make the error for a request without the header Authorization."""
    known = (header for header in _KEY_HEADERS if header in connection.headers)
    alike = (header[:64] for header, value in connection.headers.items() if _KEY.search(value))
    header = next(known, None) or next(alike, None)
    if header:
        return f"Keys are not taken from the header {header}: write 'Authorization: Bearer KEY'."
    return _NO_KEY


def misplaced_key(connection: HTTPConnection) -> MissingKey | None:
    """Find a key that is in the wrong place.

    Args:
        connection: The request or WebSocket.

    Returns:
        The error with the advice; None where there is a key in its place, or none at all.
    """
    try:
        key_of(connection)
    except MissingKey as error:
        return error if error.message != _NO_KEY else None
    return None


def holds_key(text: str) -> bool:
    """Whether a text holds an API key of this kind of server, or a token."""
    return _KEY.search(text) is not None
