"""Patch: no metrics of WebSocket messages, and metrics of HTTP requests by route.

What: replaces BentoML's RunnerTrafficMetricsMiddleware, which it uses for every service. Why: it counts each message of
a WebSocket, which took a tenth of the event loop's time with realtime connections; ours are in hindi_stt_realtime_*.
And it keeps a set of metrics, of some 40 kB, for each path that was ever asked for: with ids of calls and jobs in them,
or whatever a stranger asks for, memory grew with every request, and /metrics showed the ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from bentoml._internal.context import server_context
from bentoml._internal.server.http import instruments
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["OTHER", "TrafficMetrics", "label_by_route", "patch"]

OTHER: Final = "other"
"""The label of all paths that belong to no route."""
# What BentoML answers itself.
_SYSTEM: Final = frozenset({"/", "/metrics", "/healthz", "/livez", "/readyz", "/schema.json", "/docs.json"})
# The scope as it came, in the one whose path is a label.
_SCOPE: Final = "hindi_stt_scope"
_routes: Final[dict[str, re.Pattern[str]]] = {}


def label_by_route(routes: Iterable[BaseRoute]) -> None:
    """Name the routes that metrics are labelled by in this process, besides those of BentoML's services.

    Args:
        routes: The routes; their order decides which of several that match a path is its label.
    """
    _routes.clear()
    _routes.update({route.path: route.path_regex for route in routes if isinstance(route, Route)})


class TrafficMetrics(instruments.RunnerTrafficMetricsMiddleware):  # type: ignore[misc]  # BentoML's is untyped
    """BentoML's metrics of HTTP requests, by route; none of WebSockets.

    Args:
        app: The application.
        *arguments: As of BentoML's middleware.
        **settings: As of BentoML's middleware.
    """

    def __init__(self, app: ASGIApp, *arguments: Any, **settings: Any) -> None:
        super().__init__(_with_own_scope(app), *arguments, **settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application on one request or WebSocket."""
        if scope["type"] == "websocket":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await super().__call__({**scope, "path": _label(scope["path"]), _SCOPE: scope}, receive, send)
        else:
            await super().__call__(scope, receive, send)


def _label(path: str) -> str:
    if path in _routes or path in _SYSTEM or path in server_context.service_routes:
        return path
    return next((name for name, pattern in _routes.items() if pattern.match(path)), OTHER)


def _with_own_scope(app: ASGIApp) -> ASGIApp:
    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope.get(_SCOPE, scope), receive, send)

    return run


def patch() -> None:
    """Have BentoML use it for applications that are made from now on."""
    instruments.RunnerTrafficMetricsMiddleware = TrafficMetrics
