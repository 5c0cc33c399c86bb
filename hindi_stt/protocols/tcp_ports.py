"""Ports for protocols over TCP without HTTP.

As with the port of Vosk's clients, every API worker listens on them (SO_REUSEPORT), and the kernel gives each
connection to one of the workers.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from starlette.requests import HTTPConnection

from hindi_stt.api.live.inbox import NORMAL, POLICY, SessionClosing
from hindi_stt.api.live.session import CONNECTION_LOST
from hindi_stt.errors import HindiSTTError, InvalidRequest
from hindi_stt.protocols.adapter import Adapter, Message
from hindi_stt.protocols.clients import ProtocolClients
from hindi_stt.protocols.ports import listening
from hindi_stt.protocols.server import ProtocolServer
from hindi_stt.settings import Settings

__all__ = ["ReadMessage", "StreamTransport", "TcpProtocol", "tcp_port"]

ReadMessage = Callable[[asyncio.StreamReader], Awaitable[bytes]]
"""Reads a message; raises IncompleteReadError at the end of the stream, InvalidRequest where it finds no message."""

# What a reader holds at most before the sender has to wait, and the longest line.
_BUFFER_BYTES: Final = 2**16
# So much, and for so long, is read of what a client still sends when its connection is closed.
_LINGER_BYTES: Final = 2**20
_LINGER_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class TcpProtocol:
    """A protocol over TCP.

    Attributes:
        name: Its name in the ledger and the log.
        adapter: Makes the adapter of a connection.
        read: Reads a message of it.
    """

    name: str
    adapter: Callable[[], Adapter]
    read: ReadMessage


class StreamTransport:
    """A TCP connection; see `protocols.transport.Transport`.

    Args:
        reader: What comes from the client.
        writer: What goes to it.
        read: Reads a message.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, read: ReadMessage) -> None:
        self._reader = reader
        self._writer = writer
        self._read = read

    async def receive(self) -> Message | None:
        """Return the next message; None when the client has gone.

        Raises:
            SessionClosing: What comes is no message, so that nobody knows where the next one begins.
        """
        try:
            return await self._read(self._reader)
        except (asyncio.IncompleteReadError, OSError):  # also of a host that is out of reach
            return None
        except asyncio.LimitOverrunError as error:
            raise SessionClosing(InvalidRequest("The line is longer than a message may be."), POLICY) from error
        except InvalidRequest as error:
            raise SessionClosing(error, POLICY) from error

    async def send(self, message: Message) -> None:
        """See Transport."""
        try:
            self._writer.write(message.encode() if isinstance(message, str) else message)
            await self._writer.drain()
        except OSError as error:
            raise ConnectionResetError("The client cannot be reached.") from error

    async def close(self, code: int, reason: str) -> None:
        """See `Transport.close`; TCP has no codes. What the client still sends is read by `end`."""
        del code, reason
        with contextlib.suppress(OSError, RuntimeError):  # it has gone
            self._writer.write_eof()

    async def end(self) -> None:
        """Close the connection, after reading for a while what the client still sends.

        A socket that is closed with unread data is reset, and its client may then not read why it was closed.
        """
        received = 0
        try:
            async with asyncio.timeout(_LINGER_S):
                while not self._writer.is_closing() and received <= _LINGER_BYTES:
                    data = await self._reader.read(_BUFFER_BYTES)
                    received += len(data)
                    if not data:
                        break
        except (TimeoutError, OSError):
            pass
        finally:
            self._writer.close()


@contextlib.asynccontextmanager
async def tcp_port(
    protocol: TcpProtocol, port: int, server: ProtocolServer, clients: ProtocolClients, settings: Settings
) -> AsyncGenerator[asyncio.Server]:
    """Listen on a port until the block ends.

    Args:
        protocol: What is spoken there.
        port: The port.
        server: Serves connections.
        clients: Finds out whose they are.
        settings: The server's.

    Yields:
        The listening server.
    """

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        transport = StreamTransport(reader, writer, protocol.read)
        try:
            await _serve(transport, _handshake(protocol, writer))
            await transport.close(NORMAL, "")
            await transport.end()
        finally:
            writer.close()

    async def _serve(transport: StreamTransport, handshake: HTTPConnection) -> None:
        adapter = protocol.adapter()
        try:
            client = await clients.of_port(handshake)
        except HindiSTTError as error:
            await server.refuse(transport, adapter, error)
            return
        with contextlib.suppress(*CONNECTION_LOST):
            await server.serve(transport, adapter, handshake, client, lambda key: clients.of(handshake, key))

    running = await asyncio.start_server(
        connected, sock=listening(settings.protocol_host, port), limit=_BUFFER_BYTES, start_serving=True
    )
    try:
        yield running
    finally:
        running.close()  # connections have been drained before


def _handshake(protocol: TcpProtocol, writer: asyncio.StreamWriter) -> HTTPConnection:
    """What is known of a connection, in the form in which keys and networks are read."""
    address = writer.get_extra_info("peername") or ("", 0)
    scope = {
        "type": "websocket",
        "path": f"/{protocol.name}",
        "query_string": b"",
        "headers": [],
        "client": tuple(address[:2]),
        "subprotocols": [],
    }
    return HTTPConnection(scope)
