"""Server-sent events: an answer in parts, which ends when the client has gone or does not read it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from hindi_stt.api.disconnect import unless_disconnected
from hindi_stt.api.error_responses import state_of
from hindi_stt.errors import ClientClosedRequest

__all__ = ["EventStream", "event"]


def event(body: dict[str, Any]) -> bytes:
    """Encode one event.

    Args:
        body: The JSON object that is sent.

    Returns:
        The bytes of the event.
    """
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n".encode()


class EventStream(Response):
    """Sends the first event, then the others; whatever happens, it closes them and what they need.

    Args:
        request: The request; its body may still be arriving.
        first: The first event, which was waited for so that an error before it has a status of its own.
        events: The others.
        resources: Closed when the events have ended.
        write_timeout_s: Longest wait until the client has taken an event.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        request: Request,
        first: bytes,
        events: AsyncGenerator[bytes],
        resources: contextlib.AsyncExitStack,
        write_timeout_s: float,
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._request = request
        self._first = first
        self._events = events
        self._resources = resources
        self._write_timeout_s = write_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        """Answer; that a client went away is noted in the request's state."""
        async with self._resources, contextlib.aclosing(self._events):
            try:
                await unless_disconnected(self._request, self._send_all(send))
            except ClientClosedRequest as error:
                state_of(self._request).error = error
            except TimeoutError:
                state_of(self._request).error = ClientClosedRequest("The client did not read its answer.")

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await self._send(send, self._first, more=True)
        async for part in self._events:
            await self._send(send, part, more=True)
        await self._send(send, b"", more=False)

    async def _send(self, send: Send, part: bytes, *, more: bool) -> None:
        async with asyncio.timeout(self._write_timeout_s):
            await send({"type": "http.response.body", "body": part, "more_body": more})
