"""WS /v1/realtime: who may connect, how many may, and what they get when the server is stopped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket

from hindi_stt.errors import (
    HindiSTTError,
    InvalidRequest,
    OriginNotAllowed,
    ShuttingDown,
    TooManyConnections,
)
from hindi_stt.http.realtime_session import GOING_AWAY, RealtimeSession
from hindi_stt.http.recognition import Recognizer
from hindi_stt.http.requests import error_body

__all__ = ["DRAIN_S", "Realtime", "realtime_routes"]

_SUBPROTOCOL: Final = "realtime"
# Longer than a final takes, shorter than what a supervisor waits before it kills.
DRAIN_S: Final = 20.0


def realtime_routes(realtime: Callable[[], Realtime]) -> list[BaseRoute]:
    """The endpoint; realtime: the worker's, asked for at each connection."""

    async def connect(websocket: WebSocket) -> None:
        try:
            realtime().check(websocket)
        except HindiSTTError as error:
            await websocket.send_denial_response(JSONResponse(error_body(websocket, error), error.status))
            return
        await realtime().serve(websocket)

    return [WebSocketRoute("/v1/realtime", connect)]


class Realtime:
    """The connections of one API worker."""

    def __init__(self, recognizer: Recognizer) -> None:
        self.recognizer = recognizer
        self._sessions: set[RealtimeSession] = set()
        self._draining = False

    def check(self, websocket: WebSocket) -> None:
        """Raises OriginNotAllowed, InvalidRequest, UnknownModel for what is refused before it is accepted."""
        _check_origin(websocket, self.recognizer.settings.origins)
        if (intent := websocket.query_params.get("intent")) != "transcription":
            raise InvalidRequest(f"intent={str(intent)[:64]!r} is not offered; it has to be 'transcription'.")
        if (model := websocket.query_params.get("model")) is not None:
            self.recognizer.registry.choose(model, ())

    async def serve(self, websocket: WebSocket) -> None:
        """One connection from its beginning to its end."""
        offered = websocket.scope.get("subprotocols", ())
        await websocket.accept(subprotocol=_SUBPROTOCOL if _SUBPROTOCOL in offered else None)
        bound = self.recognizer.settings.realtime_connections
        session = RealtimeSession(websocket, self.recognizer)
        # Refused only now: browsers show a page neither status nor body of a refused handshake.
        if self._draining:
            await session.refuse(ShuttingDown("The server is being stopped."))
        elif len(self._sessions) >= bound:
            await session.refuse(TooManyConnections(f"{bound} realtime connections are open, which is the bound."))
        else:
            self._sessions.add(session)
            self.recognizer.metrics.realtime_connections.inc()
            try:
                await session.run()
            finally:
                session.closed.set()
                self._sessions.discard(session)
                self.recognizer.metrics.realtime_connections.dec()

    async def drain(self) -> None:
        """Send what was said so far, close every connection, and accept none any more."""
        self._draining = True
        for session in self._sessions:
            session.end(ShuttingDown("The server is being stopped."), GOING_AWAY)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                await asyncio.gather(*(session.closed.wait() for session in self._sessions))


def _check_origin(connection: HTTPConnection, allowed: tuple[str, ...]) -> None:
    """A browser tells whose page connects: this server's own, or one that is listed. Other clients tell nothing."""
    origin = connection.headers.get("origin")
    if origin is None or "*" in allowed or origin in allowed:
        return
    if urlsplit(origin).netloc != connection.headers.get("host"):
        raise OriginNotAllowed(f"Pages of {origin[:128]} may not connect.")
