"""Signatures of the handshakes of telephony platforms.

Twilio: base64 of HMAC-SHA-1 of the address, X-Twilio-Signature. Plivo: base64 of HMAC-SHA-256 of the address, a dot
and a nonce, X-Plivo-Signature-V3. Both with the account's auth token, of the address as the platform was given it.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import HTTPConnection

from hindi_stt.errors import SignatureInvalid
from hindi_stt.settings import Settings

__all__ = ["verify_plivo", "verify_twilio"]

_DEFAULT_PORTS: Final = {"wss": 443, "ws": 80, "https": 443, "http": 80}


def verify_twilio(connection: HTTPConnection, settings: Settings) -> bool:
    """Check the signature of Twilio, where its auth token is set.

    Args:
        connection: The handshake.
        settings: The server's.

    Returns:
        Whether there is a signature, and it is valid; False where no auth token is set.

    Raises:
        SignatureInvalid: The auth token is set, and the signature is missing or another one.
    """
    if not settings.twilio_auth_token:
        return False
    token, given = settings.twilio_auth_token.encode(), connection.headers.get("x-twilio-signature", "")
    wanted = [_base64_hmac(token, address, "sha1") for address in _addresses(connection, settings)]
    return _check("X-Twilio-Signature", [given], wanted)


def verify_plivo(connection: HTTPConnection, settings: Settings) -> bool:
    """Check the signature of Plivo, where its auth token is set.

    Args:
        connection: The handshake.
        settings: The server's.

    Returns:
        Whether there is a signature, and it is valid; False where no auth token is set.

    Raises:
        SignatureInvalid: The auth token is set, and the signature is missing or another one.
    """
    if not settings.plivo_auth_token:
        return False
    token, nonce = settings.plivo_auth_token.encode(), connection.headers.get("x-plivo-signature-v3-nonce", "")
    wanted = [
        _base64_hmac(token, f"{_sorted_query(address)}.{nonce}", "sha256")
        for address in _addresses(connection, settings)
    ]
    given = connection.headers.get("x-plivo-signature-v3", "").split(",")
    return _check("X-Plivo-Signature-V3", given if nonce else [], wanted)


def _check(header: str, given: Sequence[str], wanted: Sequence[bytes]) -> bool:
    """Compare signatures; True, or SignatureInvalid."""
    for one in given:
        if any(hmac.compare_digest(one.strip().encode(), signature) for signature in wanted):
            return True
    raise SignatureInvalid(f"The header {header} is missing, or is not the signature of this address.")


def _addresses(connection: HTTPConnection, settings: Settings) -> Iterator[str]:
    """The forms in which a platform may have signed the address: with a port or a slash at its end, or without."""
    query = connection.scope.get("query_string", b"").decode("latin-1")
    base = settings.public_url.rstrip("/") or f"wss://{connection.headers.get('host', '')}"
    try:
        parts = urlsplit(base)
        given_port = parts.port
    except ValueError:  # the client's header Host
        return
    path = f"{parts.path}{connection.scope['path']}"
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    tail = f"?{query}" if query else ""
    for scheme in dict.fromkeys((parts.scheme, {"wss": "https", "https": "wss"}.get(parts.scheme, parts.scheme))):
        port = given_port or _DEFAULT_PORTS.get(scheme, 443)
        for name in (host, f"{host}:{port}"):
            yield f"{scheme}://{name}{path}{tail}"
            yield f"{scheme}://{name}{path}/{tail}"


def _sorted_query(address: str) -> str:
    """An address with the parameters of its query in order, as Plivo signs it."""
    base, _, query = address.partition("?")
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    return f"{base}?{'&'.join(f'{name}={value}' for name, value in pairs)}" if pairs else base


def _base64_hmac(key: bytes, text: str, digest: str) -> bytes:
    return base64.b64encode(hmac.digest(key, text.encode(), digest))
