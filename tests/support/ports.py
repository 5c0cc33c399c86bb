"""Ports that are free."""

from __future__ import annotations

import contextlib
import socket


def free_ports(n: int) -> list[int]:
    """Ports of the loopback address that no program has, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(n)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
