"""Raw connections to a server."""

from __future__ import annotations

import contextlib
import socket


def everything(connection: socket.socket) -> bytes:
    parts = []
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts)
