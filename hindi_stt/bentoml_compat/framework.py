"""What BentoML chooses, chosen anew: how long an answer may take to begin, how long an idle connection stays, and what
is counted of each message of a WebSocket (nothing).

BentoML's middleware starts a timer for each request and never cancels it: whatever belongs to a request is held until
the timeout has passed. Here that is hours, since hours of audio may be heard in one request, and memory would grow by
10 KB a request. And API worker and runner close a connection that has been idle for five seconds: whoever keeps it for
longer (proxies a minute, BentoML's own client 15 s) now and then sends a request into one that is just going.
"""

from __future__ import annotations

import asyncio
import functools
import os
import tempfile
from typing import Any, Final

import uvicorn
from bentoml._internal.server import base_app
from bentoml._internal.server.http import instruments, traffic
from bentoml.container import BentoMLContainer
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hindi_stt.bentoml_compat.connection_bounds import BoundedProtocol, ConnectionBounds
from hindi_stt.bentoml_compat.metrics_files import install_preallocated_files
from hindi_stt.errors import InvalidSetting
from hindi_stt.processes.runtime_folder import make_runtime_folder
from hindi_stt.settings import Settings

__all__ = [
    "TimeoutMiddleware",
    "check_processes_often",
    "check_socket_paths",
    "install",
    "remember_media_types",
    "use_runtime_folder",
]

# Longer than clients and proxies keep a connection that nobody uses.
_KEEP_ALIVE_S: Final = 75
_CHECK_S: Final = 1.0


def check_socket_paths() -> None:
    """Check that BentoML can make its Unix sockets: it asserts a bound on their paths and gives no reason.

    Raises:
        InvalidSetting: The folder for temporary files has too long a name.
    """
    if "BENTOML_NO_UDS" in os.environ:
        return
    from _bentoml_impl.server.serving import MAX_AF_UNIX_PATH_LENGTH  # what only the supervisor imports otherwise

    folder = tempfile.gettempdir()
    # A folder by mkdtemp, whose name ends in eight random letters; in it a file named by an object's address.
    below = len("/bentoml-uds-12345678/") + len(f"{id(folder)}.sock")
    longest = MAX_AF_UNIX_PATH_LENGTH - 1 - below
    if len(folder) > longest:
        raise InvalidSetting(
            f"TMPDIR={folder!r} has {len(folder)} letters, and the paths of Unix sockets below it would pass the "
            f"system's bound: set TMPDIR to a folder of at most {longest} letters, /tmp for instance."
        )


class TimeoutMiddleware:
    """ASGI middleware. timeout: seconds until the first message of an answer, after which the request ends with 504."""

    def __init__(self, app: ASGIApp, timeout: float) -> None:
        self.app = app
        self._timeout_s = timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application on one request or WebSocket."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        timer = asyncio.timeout(self._timeout_s)

        async def sent(message: Message) -> None:
            timer.reschedule(None)
            await send(message)

        try:
            async with timer:
                await self.app(scope, receive, sent)
        except TimeoutError:
            if not timer.expired():
                raise
            if scope["type"] == "http":
                await PlainTextResponse("The request took too long.", 504)(scope, receive, send)


class TrafficMetrics(instruments.RunnerTrafficMetricsMiddleware):  # type: ignore[misc]  # BentoML's is untyped
    """BentoML's metrics of requests; none of WebSockets, where they took a tenth of the event loop's time."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application on one request or WebSocket."""
        if scope["type"] == "websocket":
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def remember_media_types(service: Any) -> None:
    """Find the media type of each API's answers once.

    BentoML 1.4.40 makes a JSON schema of the output type for each answer that is not a model of its own, to see whether
    it is a string or a file: 1.5 ms of the event loop.

    Args:
        service: A BentoML service.
    """
    for api in service.apis.values():
        api.output_spec.media_type = api.output_spec.mime_type()


def use_runtime_folder(parent: str) -> None:
    """Have BentoML's supervisor put the metrics, and with them our locks, into a new folder of this server.

    BentoML's own, below BENTOML_HOME, is emptied by every server that starts. The folder is made when a server is
    served, not here. And metrics files get their space before they are used.

    Args:
        parent: See `make_runtime_folder`.
    """
    BentoMLContainer.prometheus_multiproc_dir._provide = lambda: str(make_runtime_folder(parent))  # noqa: SLF001
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        install_preallocated_files()


def check_processes_often() -> None:
    """Have BentoML's supervisor look every second for processes that have died, instead of every ten.

    A look refuses whatever comes at the same time, SIGTERM as well: that is therefore tried again until it is taken.
    """
    from bentoml._internal.utils import circus  # what only the supervisor imports otherwise
    from circus.sighandler import SysHandler

    make_arbiter = circus.Arbiter.__init__

    @functools.wraps(make_arbiter)
    def checking(self: Any, *args: Any, **kwargs: Any) -> None:
        make_arbiter(self, *args, **kwargs | {"check_delay": _CHECK_S})

    quit_once = SysHandler.quit

    def quit_until_taken(self: Any) -> None:
        controller = self.controller

        def again() -> None:
            if not controller.arbiter._stopping:  # noqa: SLF001
                quit_once(self)
                controller.loop.call_later(_CHECK_S, again)

        controller.loop.add_callback_from_signal(again)

    circus.Arbiter.__init__ = checking
    SysHandler.quit = quit_until_taken


_usual_routes: Final = base_app.BaseAppFactory.get_system_routes


def _system_routes(self: base_app.BaseAppFactory, path_prefix: str = "") -> list[BaseRoute]:
    """BentoML's, but for /readyz."""
    return [
        Route(route.path, functools.partial(_readyz, self), name=route.name) if route.name == "readyz" else route
        for route in _usual_routes(self, path_prefix)
    ]


async def _readyz(factory: Any, _: Request) -> Response:
    """In place of BentoML's, which asks the runner through the connections that requests use, and so fails under load.

    BentoML's setting to leave that out is read again, with the service's own configuration, after we could set it.
    """
    ready = getattr(getattr(factory, "_service_instance", None), "__is_ready__", None)  # BentoML's own method
    if ready is not None and not await ready():
        raise HTTPException(503)
    return PlainTextResponse("\n")


def install(trusted_proxies: str = "", settings: Settings | None = None) -> None:
    """Have BentoML use these for the services of this process; before it makes their applications.

    Args:
        trusted_proxies: Addresses and networks, with commas between, whose X-Forwarded-For is believed; empty for those
            of uvicorn's variable FORWARDED_ALLOW_IPS, or none.
        settings: With the bounds on connections.
    """
    if settings is not None:
        BoundedProtocol.bounds = ConnectionBounds(
            head_bytes=settings.max_header_bytes,
            head_timeout_s=settings.header_timeout_s,
            idle_timeout_s=_KEEP_ALIVE_S,
            idle_connections=settings.max_idle_connections,
        )
    base_app.BaseAppFactory.get_system_routes = _system_routes
    traffic.TimeoutMiddleware = TimeoutMiddleware
    instruments.RunnerTrafficMetricsMiddleware = TrafficMetrics
    configure = uvicorn.Config.__init__

    @functools.wraps(configure)
    def patiently(self: uvicorn.Config, *args: Any, **kwargs: Any) -> None:
        configure(self, *args, **kwargs)
        if self.http in {"auto", "httptools"}:
            self.http = BoundedProtocol
        self.timeout_keep_alive = max(self.timeout_keep_alive, _KEEP_ALIVE_S)
        # Speech in base64 shrinks by a quarter, for a tenth of the event loop's time and 300 KB a connection.
        self.ws_per_message_deflate = False
        # Uvicorn's own default is the loopback address: everybody on this machine.
        self.forwarded_allow_ips = trusted_proxies or os.environ.get("FORWARDED_ALLOW_IPS", "")
        self.proxy_headers = bool(self.forwarded_allow_ips)

    uvicorn.Config.__init__ = patiently  # type: ignore[method-assign]
