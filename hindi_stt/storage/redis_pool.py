"""Connections to the operator's Redis, bounded in number and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from redis.asyncio import BlockingConnectionPool

__all__ = ["connection_pool"]

_TIMEOUT_S: Final = 2.0
_MAX_CONNECTIONS: Final = 16


def connection_pool(url: str, *, max_connections: int = _MAX_CONNECTIONS) -> BlockingConnectionPool:
    """Make a pool of connections.

    Args:
        url: Redis://… or rediss://….
        max_connections: Most connections at a time.

    Returns:
        The pool; the caller awaits its `aclose`.
    """
    from redis.asyncio import BlockingConnectionPool  # half a second, of which most servers have no use

    return BlockingConnectionPool.from_url(
        url,
        max_connections=max_connections,
        timeout=_TIMEOUT_S,
        socket_timeout=_TIMEOUT_S,
        socket_connect_timeout=_TIMEOUT_S,
    )
