"""Requests that a page of another site makes a browser send: by a rebound name, by a form, or by a WebSocket."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from hindi_stt.errors import HostNotAllowed, OriginNotAllowed
from hindi_stt.settings import Settings

__all__ = ["check_host", "check_origin", "check_site"]

# Orchestrators and Prometheus ask by whatever name they have.
_ANY_HOST: Final = frozenset({"/health", "/healthz", "/livez", "/readyz", "/metrics"})
# Paths where a form of another site could have a lasting effect. Other requests only return an answer, which the page
# cannot read.
_LASTING: Final = ("/v1/jobs", "/v1/uploads")
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def check_host(connection: HTTPConnection, settings: Settings) -> None:
    """Check the name by which a client asks, where anybody who can send a request may use the server.

    A page whose name is made to lead here (DNS rebinding) is the server's own for its visitor's browser, which sends
    the page's name. Addresses cannot be rebound. Where there are API keys, such a page has none, and names are checked
    only if HINDI_STT_ALLOWED_HOSTS lists some.

    Args:
        connection: A request or WebSocket; one without the header Host is none of a browser's.
        settings: The server's.

    Raises:
        HostNotAllowed: The Host header has a name that is not listed.
    """
    if "*" in settings.hosts or (settings.key_file and not settings.hosts) or connection.scope["path"] in _ANY_HOST:
        return
    given = connection.headers.get("host", "")
    name = _name_of(given)
    if given and name not in {"localhost", *settings.hosts} and not _is_address(name):
        raise HostNotAllowed(
            f"The server does not answer to the host name {name[:128]!r}: HINDI_STT_ALLOWED_HOSTS lists others."
        )


def check_origin(connection: HTTPConnection, allowed: tuple[str, ...]) -> None:
    """Check the origin of the page that sends a request; browsers state it, other clients do not.

    Args:
        connection: A request or WebSocket.
        allowed: Origins in addition to the server's own; * for all.

    Raises:
        OriginNotAllowed: The page is none of this server's and not listed.
    """
    origin = connection.headers.get("origin")
    if origin is None or "*" in allowed or origin in allowed:
        return
    try:
        netloc = urlsplit(origin).netloc
    except ValueError:  # brackets that are no IPv6 address
        netloc = ""
    if not netloc or netloc != connection.headers.get("host"):
        raise OriginNotAllowed(f"Pages of {origin[:128]} may not use this route.")


def check_site(connection: HTTPConnection, allowed: tuple[str, ...]) -> None:
    """Check the origin of a request that has a lasting effect, such as creating a job.

    Args:
        connection: The request.
        allowed: Origins in addition to the server's own; * for all.

    Raises:
        OriginNotAllowed: It comes from a page of another site.
    """
    if connection.scope["method"] in _SAFE_METHODS or not connection.scope["path"].startswith(_LASTING):
        return
    check_origin(connection, allowed)
    crosses = connection.headers.get("sec-fetch-site", "") in {"cross-site", "same-site"}
    if crosses and "origin" not in connection.headers:
        raise OriginNotAllowed("Pages of other sites may not use this route.")


def _name_of(host: str) -> str:
    """The header Host without its port, in lower case."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower().rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True
