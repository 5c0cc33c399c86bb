"""Patch: uvicorn's configuration, of which BentoML exposes only a few values.

What: changes each uvicorn.Config after it was made. Why:
- API workers and runner would close a connection that has been idle for five seconds. Whoever keeps it for longer
  (proxies a minute, BentoML's own client 15 s) would now and then send a request into one that is just closing.
- Connections need bounds before there is a request: see `connection_bounds`.
- Compression of WebSocket messages takes a tenth of the event loop's time and 300 KB a connection, to make speech in
  base64 a quarter shorter.
- uvicorn by default trusts X-Forwarded-For from every process on this machine.
"""

from __future__ import annotations

import functools
import os
from typing import Any, Final

import uvicorn

from hindi_stt.bentoml_compat.connection_bounds import BoundedProtocol, ConnectionBounds
from hindi_stt.settings import Settings

__all__ = ["patch"]

# Longer than clients and proxies keep an idle connection.
_KEEP_ALIVE_S: Final = 75

_configure: Final = uvicorn.Config.__init__


def patch(settings: Settings) -> None:
    """Have uvicorn use these values for servers that are made from now on.

    Args:
        settings: With the bounds on connections, and the proxies whose X-Forwarded-For is believed. Where they name no
            proxies, those of uvicorn's own variable FORWARDED_ALLOW_IPS are.
    """
    BoundedProtocol.bounds = ConnectionBounds(
        head_bytes=settings.max_header_bytes,
        head_timeout_s=settings.header_timeout_s,
        idle_timeout_s=_KEEP_ALIVE_S,
        idle_connections=settings.max_idle_connections,
    )

    @functools.wraps(_configure)
    def configure(self: uvicorn.Config, *args: Any, **kwargs: Any) -> None:
        _configure(self, *args, **kwargs)
        if self.http in {"auto", "httptools"}:
            self.http = BoundedProtocol
        self.timeout_keep_alive = max(self.timeout_keep_alive, _KEEP_ALIVE_S)
        self.ws_per_message_deflate = False
        self.forwarded_allow_ips = settings.trusted_proxies or os.environ.get("FORWARDED_ALLOW_IPS", "")
        self.proxy_headers = bool(self.forwarded_allow_ips)

    uvicorn.Config.__init__ = configure  # type: ignore[method-assign]
