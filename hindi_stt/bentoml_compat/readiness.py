"""Patch: the route /readyz.

What: replaces BentoML's handler by one that asks the service's `__is_ready__` alone. Why: BentoML's also asks the
runner, through the connections that requests use, and so fails under load. BentoML's setting to leave that out is
read again, with the service's own configuration, after we could set it.
"""

from __future__ import annotations

import functools
from typing import Any, Final

from bentoml._internal.server import base_app
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

__all__ = ["patch"]

_system_routes: Final = base_app.BaseAppFactory.get_system_routes


def _routes(self: base_app.BaseAppFactory, path_prefix: str = "") -> list[BaseRoute]:
    """BentoML's routes, with another handler for /readyz."""
    return [
        Route(route.path, functools.partial(_readyz, self), name=route.name) if route.name == "readyz" else route
        for route in _system_routes(self, path_prefix)
    ]


async def _readyz(factory: Any, _: Request) -> Response:
    is_ready = getattr(factory._service_instance, "__is_ready__", None)  # noqa: SLF001  # the service's object
    if is_ready is not None and not await is_ready():
        raise HTTPException(503)
    return PlainTextResponse("\n")


def patch() -> None:
    """Have BentoML use it for applications that are made from now on."""
    base_app.BaseAppFactory.get_system_routes = _routes
