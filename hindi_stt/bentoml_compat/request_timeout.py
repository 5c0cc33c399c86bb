"""Patch: the bound on the time until a response begins.

What: replaces BentoML's TimeoutMiddleware. Why: BentoML's starts a timer for each request and never cancels it, so that
whatever belongs to a request is held until the timeout has passed. Here that is hours, since one request may be hours
of audio, and memory would grow by 10 KB a request.
"""

from __future__ import annotations

import asyncio

from bentoml._internal.server.http import traffic
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["TimeoutMiddleware", "patch"]


class TimeoutMiddleware:
    """ASGI middleware that answers 504 when a response has not begun in time.

    Args:
        app: The application.
        timeout: Seconds until the first message of the response; the name is BentoML's.
    """

    def __init__(self, app: ASGIApp, timeout: float) -> None:
        self.app = app
        self._timeout_s = timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application on one request or WebSocket."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        timer = asyncio.timeout(self._timeout_s)

        async def send_and_stop_timer(message: Message) -> None:
            timer.reschedule(None)
            await send(message)

        try:
            async with timer:
                await self.app(scope, receive, send_and_stop_timer)
        except TimeoutError:
            if not timer.expired():  # the application's own
                raise
            if scope["type"] == "http":
                await PlainTextResponse("The request took too long.", 504)(scope, receive, send)


def patch() -> None:
    """Have BentoML use it for applications that are made from now on."""
    traffic.TimeoutMiddleware = TimeoutMiddleware
