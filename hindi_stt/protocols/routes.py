"""The routes of the protocols that are on, at the API's port."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from hindi_stt.api.error_responses import deny_handshake, upgrade_required
from hindi_stt.api.middleware.credentials import KEY_PROTOCOLS
from hindi_stt.api.middleware.origins import check_origin
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.errors import CallsUnavailable, HindiSTTError
from hindi_stt.protocols.calls.page import call_page_routes
from hindi_stt.protocols.calls.routes import call_routes
from hindi_stt.protocols.calls.service import Calls
from hindi_stt.protocols.clients import ProtocolClients
from hindi_stt.protocols.deepgram.live import DeepgramAdapter
from hindi_stt.protocols.deepgram.recordings import listen
from hindi_stt.protocols.endpoints import ENDPOINTS, Endpoint
from hindi_stt.protocols.server import ProtocolServer
from hindi_stt.protocols.transport import StarletteTransport
from hindi_stt.settings import Settings

__all__ = ["Protocols", "protocol_routes"]


@dataclass(frozen=True, slots=True)
class Protocols:
    """What the routes need.

    Attributes:
        recognizer: Transcribes.
        server: Serves connections.
        clients: Finds out whose they are.
        calls: The calls; None where no protocol has any.
    """

    recognizer: Recognizer
    server: ProtocolServer
    clients: ProtocolClients
    calls: Calls | None


def protocol_routes(settings: Settings, protocols: Callable[[], Protocols]) -> list[BaseRoute]:
    """Make the routes of the protocols that the settings name.

    Args:
        settings: The server's.
        protocols: Returns the worker's protocols; called for each connection.

    Returns:
        The routes.
    """
    names = settings.protocol_names
    on = [endpoint for name, endpoint in ENDPOINTS.items() if name in names]
    routes: list[BaseRoute] = [_route(endpoint, settings, protocols) for endpoint in on]
    if DeepgramAdapter.name in names:

        async def listen_to(request: Request) -> Response:
            return await listen(request, protocols().recognizer)

        routes.append(Route(ENDPOINTS[DeepgramAdapter.name].path, listen_to, methods=["POST"]))
    routes += [Route(endpoint.path, upgrade_required, methods=["GET", "POST"]) for endpoint in on]
    if settings.takes_calls:

        def calls() -> Calls:
            found = protocols().calls
            if found is None:
                raise CallsUnavailable("The server has just started.", retry_after_s=1)
            return found

        routes += [*call_routes(calls), *call_page_routes(settings)]
    return routes


def _check_origin(websocket: WebSocket, settings: Settings) -> None:
    """As `check_origin`; libraries of platforms may state this server's own name, without its port or a scheme."""
    origin = websocket.headers.get("origin", "")
    try:
        name = urlsplit(origin if "://" in origin else f"//{origin}").hostname
        own = urlsplit(f"//{websocket.headers.get('host', '')}").hostname
    except ValueError:
        name = own = None
    if name is None or name != own:
        check_origin(websocket, settings.origins)


def _route(endpoint: Endpoint, settings: Settings, protocols: Callable[[], Protocols]) -> WebSocketRoute:
    async def connect(websocket: WebSocket) -> None:
        try:
            _check_origin(websocket, settings)
            signed = endpoint.signed(websocket, settings)
            current = protocols()
            adapter = endpoint.adapter(websocket, current.recognizer.registry)
        except HindiSTTError as error:
            await deny_handshake(websocket, error)
            return
        # Browsers close a connection for which the server chooses none of the subprotocols that they offer.
        offered = websocket.scope.get("subprotocols", ())
        await websocket.accept(next((name for name in offered if name in KEY_PROTOCOLS), None))
        await current.server.serve(
            StarletteTransport(websocket),
            adapter,
            websocket,
            websocket.scope["hindi_stt_client"],
            lambda key: current.clients.of(websocket, key, key_name=settings.telephony_key_name if signed else ""),
        )

    return WebSocketRoute(endpoint.path, connect)
