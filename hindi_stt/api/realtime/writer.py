"""The sending side of a realtime connection."""

from __future__ import annotations

import asyncio
import contextlib

from starlette.websockets import WebSocket, WebSocketDisconnect

from hindi_stt.api.realtime.inbox import POLICY, SessionClosing
from hindi_stt.api.realtime.server_events import ServerEvent, error_event
from hindi_stt.errors import HindiSTTError, SlowReader
from hindi_stt.observability.metrics import Metrics

__all__ = ["EventWriter"]


class EventWriter:
    """Sends events, each within a bound of time.

    Args:
        websocket: An accepted connection.
        metrics: Count the errors that are sent.
        timeout_s: Longest wait until the client has taken an event.
    """

    def __init__(self, websocket: WebSocket, metrics: Metrics, timeout_s: float) -> None:
        self._websocket = websocket
        self._metrics = metrics
        self._timeout_s = timeout_s

    async def send(self, event: ServerEvent) -> None:
        """Send an event.

        Raises:
            SessionClosing: The client does not read it.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._websocket.send_text(event.model_dump_json())
        except TimeoutError as error:
            slow = SlowReader(f"An event was not read within {self._timeout_s:g} s.")
            raise SessionClosing(slow, POLICY) from error

    async def send_error(self, error: HindiSTTError, event_id: str | None = None) -> None:
        """Count an error, and send the event about it.

        Args:
            error: The error.
            event_id: The client's event that it is about.

        Raises:
            SessionClosing: The client does not read it.
        """
        self.count(error)
        await self.send(error_event(error, event_id))

    def count(self, error: HindiSTTError) -> None:
        """Count an error in the metrics."""
        self._metrics.errors.labels(error.code).inc()

    async def close(self, code: int, error: HindiSTTError) -> None:
        """Close the connection, with the error's code as the reason.

        Args:
            code: A close code of RFC 6455.
            error: Why.

        Raises:
            TimeoutError: The client does not take it.
        """
        async with asyncio.timeout(self._timeout_s):
            await self._websocket.close(code, error.code)

    async def refuse(self, error: HindiSTTError, code: int) -> None:
        """Send a connection that has just been accepted the error that it is refused for, and close it.

        Args:
            error: Why.
            code: A close code of RFC 6455.
        """
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError, SessionClosing):
            await self.send_error(error)
            await self.close(code, error)
