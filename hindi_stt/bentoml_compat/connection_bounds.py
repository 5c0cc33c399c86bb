"""Patch: bounds on connections before there is a request: bytes and seconds of its head, and how many may be idle.

What: a subclass of uvicorn's HTTP protocol, which `uvicorn_config` puts in its place. Why: uvicorn's parser lets a
header grow without bound, and a connection that never sends the end of its head stays for ever, until there are no
descriptors for anybody else. Connections over Unix sockets, those of this server's own processes, have no bounds but
that on bytes.
"""

from __future__ import annotations

import asyncio
import json
import resource
import uuid
from dataclasses import dataclass
from typing import ClassVar, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from hindi_stt.errors import HeadersTooLarge, HeaderTimeout, HindiSTTError
from hindi_stt.errors.body import error_json
from hindi_stt.observability.request_context import log

__all__ = ["BoundedProtocol", "ConnectionBounds"]

# Of the descriptors that a process may have, so many may be idle connections: others are files, and requests.
_IDLE_SHARE: Final = 0.25
# Time to read the answer before a connection that was cut off is closed.
_LINGER_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class ConnectionBounds:
    """Bounds on the connections of one process.

    Attributes:
        head_bytes: Bytes of a request line with its headers, of the trailers of a body, and of a chunk's extensions; up
            to twice as many may pass.
        head_timeout_s: Seconds from the first byte of a head to its last.
        idle_timeout_s: Seconds until the first byte on a connection.
        idle_connections: Number of connections without a request.
    """

    head_bytes: int = 65_536
    head_timeout_s: float = 20.0
    idle_timeout_s: float = 75.0
    idle_connections: int = 512


class _IdleConnections:
    """The connections without a request, by address, the oldest first."""

    def __init__(self) -> None:
        self._by_address: dict[str, dict[BoundedProtocol, None]] = {}
        self._n = 0

    def add(self, connection: BoundedProtocol, bound: int) -> None:
        """Add a connection; past the bound, close the oldest of the address that has the most.

        Args:
            connection: One that has no request.
            bound: Number of connections.
        """
        own = self._by_address.setdefault(connection.address, {})
        if connection in own:
            return
        own[connection] = None
        self._n += 1
        while self._n > bound:
            most = max(self._by_address.values(), key=len)
            oldest = next(iter(most))
            self.discard(oldest)
            oldest.drop()

    def discard(self, connection: BoundedProtocol) -> None:
        """Take a connection out, if it is there."""
        own = self._by_address.get(connection.address, {})
        if connection in own:
            del own[connection]
            self._n -= 1
            if not own:
                del self._by_address[connection.address]


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with bounds.

    Attributes:
        bounds: Bounds of the process; they must be set before connections are made.
        address: IP address of the client; empty over a Unix socket.
    """

    bounds: ClassVar[ConnectionBounds] = ConnectionBounds()
    _idle: ClassVar[_IdleConnections] = _IdleConnections()
    address: str = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Begin to count and to time a connection; called by asyncio."""
        super().connection_made(transport)
        self._unparsed_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._is_local = self.client is None
        self.address = self.client[0] if self.client else ""
        self._set_timer(self.bounds.idle_timeout_s)
        self._set_idle()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection; called by asyncio."""
        self._set_timer(None)
        self._idle.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count bytes that belong to no body yet, before they are parsed; called by asyncio."""
        bound = self.bounds.head_bytes
        if self._unparsed_bytes + len(data) <= bound:
            self._unparsed_bytes += len(data)
            super().data_received(data)
            return
        # In a body the count begins anew with every piece.
        for start in range(0, len(data), bound):
            if self._unparsed_bytes >= bound:
                self._refuse(HeadersTooLarge(f"The headers have more than {bound} bytes."))
            if self.transport.is_closing():
                return
            piece = data[start : start + bound]
            self._unparsed_bytes += len(piece)
            super().data_received(piece)
            if self.transport.get_protocol() is not self:  # it has become a WebSocket
                return

    def on_message_begin(self) -> None:
        """Begin to time a head; called by the parser at its first byte."""
        super().on_message_begin()
        self._set_timer(self.bounds.head_timeout_s)

    def on_headers_complete(self) -> None:
        """Stop timing: there is a request; called by the parser."""
        self._unparsed_bytes = 0
        self._set_timer(None)
        self._idle.discard(self)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Begin to count anew; called by the parser for a part of a body."""
        self._unparsed_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Begin to count anew; called by the parser at the end of a request."""
        self._unparsed_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Take the connection for idle where no other request waits; called by uvicorn at the end of a response."""
        super().on_response_complete()
        if not self.transport.is_closing() and (self.cycle is None or self.cycle.response_complete):
            self._set_idle()

    def drop(self) -> None:
        """Close a connection that has no request at once, in favour of others."""
        self._set_timer(None)
        self.transport.abort()

    def _set_idle(self) -> None:
        if not self._is_local:
            soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
            self._idle.add(self, max(1, min(self.bounds.idle_connections, int(_IDLE_SHARE * soft))))

    def _set_timer(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None or self._is_local else self.loop.call_later(seconds, self._too_slow)

    def _too_slow(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:  # of a request that waits for another's end
            self._set_timer(self.bounds.head_timeout_s)
        elif self._unparsed_bytes:
            self._refuse(HeaderTimeout(f"The headers have not come within {self.bounds.head_timeout_s:g} s."))
        else:
            self.drop()

    def _refuse(self, error: HindiSTTError) -> None:
        """Answer with this error, and close."""
        log.info("connection from %s refused code=%s", self.address, error.code)
        self._idle.discard(self)
        self._set_timer(None)
        if (
            self.cycle is None or self.cycle.response_complete
        ):  # else the answer in progress would be broken by this one
            body = json.dumps(error_json(error, uuid.uuid4().hex)).encode()
            self.transport.write(
                STATUS_LINE[error.status]
                + b"content-type: application/json\r\nconnection: close\r\ncontent-length: "
                + str(len(body)).encode()
                + b"\r\n\r\n"
                + body
            )
        self.transport.close()
        self.loop.call_later(_LINGER_S, self.transport.abort)
