"""Ports of their own, for protocols whose clients know no path.

Every API worker listens on them (SO_REUSEPORT): the kernel gives each connection to one of the workers.
"""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import AsyncGenerator
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from hindi_stt.api.live.inbox import POLICY
from hindi_stt.api.middleware.origins import check_host, check_origin
from hindi_stt.errors import HindiSTTError
from hindi_stt.observability.request_context import log
from hindi_stt.protocols.clients import ProtocolClients
from hindi_stt.protocols.messages import MAX_MESSAGE_BYTES
from hindi_stt.protocols.server import ProtocolServer
from hindi_stt.protocols.transport import WebsocketsTransport
from hindi_stt.protocols.vosk import VoskAdapter
from hindi_stt.settings import Settings

__all__ = ["listening", "vosk_port"]

# Messages that wait to be read: the session's inbox has the bound in seconds of audio.
_MAX_QUEUE: Final = 4
# Clients ask for whatever path; in the ledger it is the same as at the API's port.
_LEDGER_PATH: Final = "/vosk"
_quiet: Final = logging.getLogger("hindi_stt.websockets")


def listening(host: str, port: int) -> socket.socket:
    """Bind a port that several API workers share.

    Args:
        host: Address or name.
        port: The port.

    Returns:
        The socket; it listens when a server is given it.

    Raises:
        OSError: It cannot be bound.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    found = socket.socket(family, kind, protocol)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        found.bind(address)
    except OSError:
        found.close()
        raise
    return found


@contextlib.asynccontextmanager
async def vosk_port(server: ProtocolServer, clients: ProtocolClients, settings: Settings) -> AsyncGenerator[Server]:
    """Listen on HINDI_STT_VOSK_PORT until the block ends.

    Args:
        server: Serves connections.
        clients: Finds out whose they are.
        settings: The server's.

    Yields:
        The listening server.
    """

    async def connected(connection: ServerConnection) -> None:
        handshake = _handshake(connection)
        try:
            check_host(handshake, settings)
            check_origin(handshake, settings.origins)
            client = await clients.of_port(handshake)
        except HindiSTTError as error:
            log.info("vosk refused code=%s", error.code)
            with contextlib.suppress(ConnectionClosed):
                await connection.close(POLICY, error.code)
            return
        await server.serve(
            WebsocketsTransport(connection),
            VoskAdapter(),
            handshake,
            client,
            lambda key: clients.of(handshake, key),
        )

    async with serve(
        connected,
        sock=listening(settings.protocol_host, settings.vosk_port),
        compression=None,
        max_size=MAX_MESSAGE_BYTES,
        max_queue=_MAX_QUEUE,
        # Clients of Vosk may block between their messages and answer no ping; idle connections are closed anyway.
        ping_interval=None,
        logger=_quiet,
    ) as running:
        yield running


def _handshake(connection: ServerConnection) -> HTTPConnection:
    """The handshake in Starlette's form, which keys, hosts and origins are read from."""
    request = connection.request
    items = request.headers.raw_items() if request else ()
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in items]
    parts = urlsplit(request.path if request else "/")
    scope = {
        "type": "websocket",
        "path": _LEDGER_PATH,
        "query_string": parts.query.encode("latin-1", "replace"),
        "headers": headers,
        "client": connection.remote_address[:2],
        "subprotocols": [],
    }
    return HTTPConnection(scope)
