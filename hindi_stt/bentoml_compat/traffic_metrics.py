"""Patch: no metrics of WebSocket messages.

What: replaces BentoML's RunnerTrafficMetricsMiddleware, which it uses for every service. Why: it counts each message of
a WebSocket, which took a tenth of the event loop's time with realtime connections; ours are in hindi_stt_realtime_*.
"""

from __future__ import annotations

from bentoml._internal.server.http import instruments
from starlette.types import Receive, Scope, Send

__all__ = ["TrafficMetrics", "patch"]


class TrafficMetrics(instruments.RunnerTrafficMetricsMiddleware):  # type: ignore[misc]  # BentoML's is untyped
    """BentoML's metrics of HTTP requests; none of WebSockets."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application on one request or WebSocket."""
        if scope["type"] == "websocket":
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def patch() -> None:
    """Have BentoML use it for applications that are made from now on."""
    instruments.RunnerTrafficMetricsMiddleware = TrafficMetrics
