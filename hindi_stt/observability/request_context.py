"""The request and client for which a task works, for log lines and for sharing resources by client."""

from __future__ import annotations

import contextlib
import contextvars
import logging
from collections.abc import Iterator
from typing import Final

__all__ = [
    "current_client",
    "current_request_id",
    "for_request",
    "handshake_was_denied",
    "log",
    "note_denied_handshake",
    "set_current_client",
    "set_current_request_id",
]

log: Final = logging.getLogger("hindi_stt")

_current_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="-")
_current_client: contextvars.ContextVar[str] = contextvars.ContextVar("client", default="-")


_denied: contextvars.ContextVar[bool] = contextvars.ContextVar("handshake_denied", default=False)


def current_request_id() -> str:
    """Id of the request that this task belongs to; "-" outside of any."""
    return _current_id.get()


@contextlib.contextmanager
def for_request(request_id: str) -> Iterator[None]:
    """Attribute log lines inside the block to this request; for the runner, whose requests carry no id."""
    before = _current_id.set(request_id)
    try:
        yield
    finally:
        _current_id.reset(before)


def current_client() -> str:
    """Name of the client whose request this task belongs to; "-" outside of any."""
    return _current_client.get()


def set_current_client(name: str) -> None:
    """Say whose request this task, and those that it starts, belong to.

    Args:
        name: Name of the client.
    """
    _current_client.set(name)


def set_current_request_id(request_id: str) -> None:
    """Say which request this task, and those that it starts, belong to."""
    _current_id.set(request_id)


def note_denied_handshake() -> None:
    """Say that the handshake of this task's WebSocket was answered with an error."""
    _denied.set(True)


def handshake_was_denied() -> bool:
    """Whether the handshake of this task's WebSocket was answered with an error."""
    return _denied.get()
