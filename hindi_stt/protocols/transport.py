"""Connections as adapters' sessions see them: messages in and out, within bounds of time."""

from __future__ import annotations

import asyncio
from typing import Protocol

from starlette.websockets import WebSocket
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from hindi_stt.api.live.inbox import POLICY, SessionClosing
from hindi_stt.errors import SlowReader
from hindi_stt.protocols.adapter import Message

__all__ = ["StarletteTransport", "Transport", "WebsocketsTransport", "send_within"]


class Transport(Protocol):
    """One connection that has been accepted."""

    async def receive(self) -> Message | None:
        """Return the next message; None when the client has gone."""
        ...

    async def send(self, message: Message) -> None:
        """Send a message; raises one of `api.live.session.CONNECTION_LOST` when the client is gone."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Close the connection.

        Args:
            code: A close code of RFC 6455.
            reason: Code of an error, or empty.
        """
        ...


class StarletteTransport:
    """A WebSocket of the API's port.

    Args:
        websocket: The connection, accepted.
    """

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def receive(self) -> Message | None:
        """See Transport."""
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            return None
        text: str | None = message.get("text")
        return text if text is not None else bytes(message.get("bytes") or b"")

    async def send(self, message: Message) -> None:
        """See Transport."""
        if isinstance(message, str):
            await self._websocket.send_text(message)
        else:
            await self._websocket.send_bytes(message)

    async def close(self, code: int, reason: str) -> None:
        """See `Transport.close`."""
        await self._websocket.close(code, reason)


class WebsocketsTransport:
    """A WebSocket of a port of its own.

    Args:
        connection: The connection, accepted.
    """

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection

    async def receive(self) -> Message | None:
        """See Transport."""
        try:
            return await self._connection.recv()
        except ConnectionClosed:
            return None

    async def send(self, message: Message) -> None:
        """See Transport."""
        try:
            await self._connection.send(message)
        except ConnectionClosed as closed:
            raise ConnectionResetError("The client has closed the connection.") from closed

    async def close(self, code: int, reason: str) -> None:
        """See `Transport.close`."""
        await self._connection.close(code, reason)


async def send_within(transport: Transport, message: Message, timeout_s: float) -> None:
    """Send a message within a bound of time.

    Args:
        transport: The connection.
        message: The message.
        timeout_s: Longest wait until the client has taken it.

    Raises:
        SessionClosing: The client does not read it.
    """
    try:
        async with asyncio.timeout(timeout_s):
            await transport.send(message)
    except TimeoutError as error:
        raise SessionClosing(SlowReader(f"A message was not read within {timeout_s:g} s."), POLICY) from error
