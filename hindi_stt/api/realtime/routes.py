"""WS /v1/realtime: who may connect, how many may, and what they get when the server is stopped; tokens for pages."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from hindi_stt.access.limits import Client
from hindi_stt.access.tokens import Tokens
from hindi_stt.api.error_responses import answering, deny_handshake, error_response, state_of
from hindi_stt.api.middleware.origins import check_origin
from hindi_stt.api.middleware.protection import token_of
from hindi_stt.api.realtime.protocol import new_id
from hindi_stt.api.realtime.session import GOING_AWAY, POLICY, TRY_LATER, RealtimeSession, refuse
from hindi_stt.api.realtime.session_config import initial_config
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.api.uploads.receive import bounded
from hindi_stt.concurrency.places import NoPlace, Places
from hindi_stt.errors import (
    HindiSTTError,
    InvalidRequest,
    NotFound,
    SessionExpired,
    SessionIdle,
    ShuttingDown,
    TooManyConnections,
    UpgradeRequired,
)
from hindi_stt.observability.request_context import log

__all__ = ["DRAIN_S", "Realtime", "realtime_routes"]

_SUBPROTOCOL: Final = "realtime"
# Longer than a final takes, shorter than what a supervisor waits before it kills.
DRAIN_S: Final = 20.0


_MAX_TOKEN_REQUEST_BYTES: Final = 65_536
_PATH: Final = "/v1/realtime"
# How often the keys of open connections are looked up.
_KEY_CHECK_S: Final = 1.0
# What the usage ledger says of a connection that ended well: its handshake's status.
_SWITCHED: Final = 101
_USUAL_ENDS: Final = (SessionExpired, SessionIdle, ShuttingDown)

NoteUsage = Callable[[str, str, str, int, float, float], None]
"""Takes client, path, model, status, seconds of audio and seconds, as `Ledger.note` does."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ExpiresAfter(_Strict):
    """As OpenAI has it: seconds from now."""

    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[int, Field(ge=10, le=7200)] = 600


class TokenRequest(_Strict):
    """The body of POST /v1/realtime/client_secrets."""

    expires_after: ExpiresAfter = ExpiresAfter()
    session: dict[str, Any] = Field(default_factory=dict)


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
            where = ".".join(str(part)[:64] for part in first["loc"])
            raise InvalidRequest(f"{where or 'the body'}: {first['msg'][:200]}.", param=where or None) from error
        # What a session.update would refuse is refused here, and not when the token is used.
        config = initial_config({}, wish.session, realtime().recognizer)
        token = tokens.make(state_of(request).client.key_id, wish.expires_after.seconds, wish.session)
        session = {"expires_at": token.expires_at, **config.described(new_id("sess"), beta=False)}
        return JSONResponse({"value": token.value, "expires_at": token.expires_at, "session": session})

    async def connect(websocket: WebSocket) -> None:
        try:
            check_origin(websocket, realtime().recognizer.settings.origins)
        except HindiSTTError as error:
            await deny_handshake(websocket, error)
            return
        await realtime().serve(websocket, tokens)

    async def upgrade(request: Request) -> Response:
        response = error_response(request, UpgradeRequired("This address takes WebSocket connections only."))
        response.headers["Upgrade"] = "websocket"
        return response

    async def unknown(websocket: WebSocket) -> None:
        await deny_handshake(websocket, NotFound("There is no such route for WebSocket connections."))

    secrets = Route("/v1/realtime/client_secrets", answering(make_token), methods=["POST"])
    return [
        WebSocketRoute(_PATH, connect),
        WebSocketRoute("/{path:path}", unknown),
        Route(_PATH, upgrade, methods=["GET"]),
        secrets,
    ]


class Realtime:
    """The connections of one API worker."""

    def __init__(self, recognizer: Recognizer, check_still_valid: Callable[[Client], None], ledger: NoteUsage) -> None:
        """Make it without connections.

        Args:
            recognizer: What hears them.
            check_still_valid: Raises HindiSTTError where a connected client's key is none any more.
            ledger: Is told of each connection that has ended.
        """
        self.recognizer = recognizer
        self._check_still_valid = check_still_valid
        self._note_usage = ledger
        self._sessions: set[RealtimeSession] = set()
        settings = recognizer.settings
        bound = settings.realtime_connections
        self._places: Places[RealtimeSession] = Places(
            bound, settings.client_bound(bound), lambda session: session.idle_s, _make_room
        )
        self._draining = False
        self._key_watch: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch the keys of open connections; needs a running event loop."""
        self._key_watch = asyncio.get_running_loop().create_task(self._watch_keys())

    async def stop(self) -> None:
        """Stop watching."""
        if self._key_watch is not None:
            self._key_watch.cancel()
            await asyncio.gather(self._key_watch, return_exceptions=True)

    async def _watch_keys(self) -> None:
        while True:
            await asyncio.sleep(_KEY_CHECK_S)
            try:
                self.end_revoked()
            except Exception:  # whatever it is, the watch goes on
                log.exception("the keys of realtime connections cannot be checked")

    def end_revoked(self) -> None:
        """End the connections whose key is none any more."""
        by_key: dict[str, list[RealtimeSession]] = {}
        for session in self._sessions:
            by_key.setdefault(session.client.key_id, []).append(session)
        for sessions in by_key.values():
            try:
                self._check_still_valid(sessions[0].client)
            except HindiSTTError as error:
                for session in sessions:
                    session.abort(error, POLICY)

    async def serve(self, websocket: WebSocket, tokens: Tokens) -> None:
        """One connection from its beginning to its end; tokens: read what a client's token says of its session."""
        offered = websocket.scope.get("subprotocols", ())
        await websocket.accept(subprotocol=_SUBPROTOCOL if _SUBPROTOCOL in offered else None)
        # Refused only now: many clients show neither status nor body of a refused handshake.
        if self._draining:
            await refuse(websocket, self.recognizer, ShuttingDown("The server is being stopped."), TRY_LATER)
            return
        client: Client = websocket.scope["hindi_stt_client"]
        try:
            self._places.check(client.name)
        except NoPlace as full:
            whose = f" of {client.name}" if full.own else ""
            error = TooManyConnections(f"{full.n} realtime connections{whose} are open, which is the bound.")
            await refuse(websocket, self.recognizer, error, TRY_LATER)
            return
        try:
            token = token_of(websocket)
            wanted = tokens.session(token) if token else None
            config = initial_config(websocket.query_params, wanted, self.recognizer)
        except HindiSTTError as error:
            await refuse(websocket, self.recognizer, error, POLICY)
            return
        session, start_s = RealtimeSession(websocket, self.recognizer, config), time.monotonic()
        self._sessions.add(session)
        self.recognizer.metrics.realtime_connections.inc()
        try:
            with self._places.held(client.name, session):
                await session.run()
        finally:
            session.closed.set()
            self._sessions.discard(session)
            self._note(session, time.monotonic() - start_s)
            self.recognizer.metrics.realtime_connections.dec()

    def _note(self, session: RealtimeSession, elapsed_s: float) -> None:
        """A row for each model that was used, as a rule one."""
        error = session.error
        status = _SWITCHED if error is None or isinstance(error, _USUAL_ENDS) else error.status
        for tag, audio_s in session.audio_s.items() or [(self.recognizer.registry.default.tag, 0.0)]:
            self._note_usage(session.client.name, _PATH, tag, status, audio_s, elapsed_s)

    async def drain(self) -> None:
        """Send what was said so far, close every connection, and accept none any more."""
        self._draining = True
        for session in self._sessions:
            session.end(ShuttingDown("The server is being stopped."), GOING_AWAY)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                await asyncio.gather(*(session.closed.wait() for session in self._sessions))


def _make_room(session: RealtimeSession) -> None:
    """End an idle session, whose place another client gets."""
    session.end(SessionIdle("All places are taken, and this connection was idle for the longest time."), TRY_LATER)
