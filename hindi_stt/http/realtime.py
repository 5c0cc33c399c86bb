"""WS /v1/realtime: who may connect, how many may, and what they get when the server is stopped; tokens for pages."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from hindi_stt.access.tokens import Tokens
from hindi_stt.errors import (
    HindiSTTError,
    InvalidRequest,
    OriginNotAllowed,
    ShuttingDown,
    TooManyConnections,
)
from hindi_stt.http.realtime_session import GOING_AWAY, RealtimeSession
from hindi_stt.http.recognition import Recognizer
from hindi_stt.http.requests import answering, error_body, state_of
from hindi_stt.http.uploads import bounded

__all__ = ["DRAIN_S", "Realtime", "realtime_routes"]

_SUBPROTOCOL: Final = "realtime"
# Longer than a final takes, shorter than what a supervisor waits before it kills.
DRAIN_S: Final = 20.0


_MAX_TOKEN_REQUEST_BYTES: Final = 65_536


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ExpiresAfter(_Strict):
    """As OpenAI has it: seconds from now."""

    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[int, Field(ge=10, le=7200)] = 600


class TokenSession(_Strict):
    """What a token is for. Everything else is said by `session.update`."""

    type: Literal["transcription"] = "transcription"


class TokenRequest(_Strict):
    """The body of POST /v1/realtime/client_secrets."""

    expires_after: ExpiresAfter = ExpiresAfter()
    session: TokenSession = TokenSession()


def realtime_routes(realtime: Callable[[], Realtime], tokens: Tokens) -> list[BaseRoute]:
    """The endpoint, and that of its tokens; realtime: the worker's, asked for at each connection."""

    async def make_token(request: Request) -> Response:
        settings = realtime().recognizer.settings
        async with bounded(request, _MAX_TOKEN_REQUEST_BYTES, settings) as receive:
            body = await Request(request.scope, receive).body()
        try:
            wish = TokenRequest.model_validate_json(body or b"{}")
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part)[:64] for part in first["loc"]) or "the body"
            raise InvalidRequest(f"{where}: {first['msg'][:200]}.") from error
        token = tokens.make(state_of(request).client.key_id, wish.expires_after.seconds)
        session = {
            "id": f"sess_{uuid.uuid4().hex}",
            "object": "realtime.transcription_session",
            "type": wish.session.type,
            "expires_at": token.expires_at,
        }
        return JSONResponse({"value": token.value, "expires_at": token.expires_at, "session": session})

    async def connect(websocket: WebSocket) -> None:
        try:
            realtime().check(websocket)
        except HindiSTTError as error:
            await websocket.send_denial_response(JSONResponse(error_body(websocket, error), error.status))
            return
        await realtime().serve(websocket)

    secrets = Route("/v1/realtime/client_secrets", answering(make_token), methods=["POST"])
    return [WebSocketRoute("/v1/realtime", connect), secrets]


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
