"""WS /v1/realtime, and POST /v1/realtime/client_secrets: tokens for pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from hindi_stt.access.tokens import Tokens
from hindi_stt.api.error_responses import answering, deny_handshake, state_of, upgrade_required
from hindi_stt.api.middleware.origins import check_origin
from hindi_stt.api.realtime.connections import PATH, Realtime
from hindi_stt.api.realtime.server_events import new_id
from hindi_stt.api.realtime.session_config import initial_config
from hindi_stt.api.realtime.validation import RequestModel, invalid_request
from hindi_stt.api.uploads.receive import bounded
from hindi_stt.errors import HindiSTTError, NotFound

__all__ = ["TokenRequest", "realtime_routes"]

_MAX_TOKEN_REQUEST_BYTES: Final = 65_536


class _Body(RequestModel):
    model_config = ConfigDict(strict=False)

    named_in_errors: ClassVar[str] = "the body"


class ExpiresAfter(_Body):
    """As OpenAI has it: seconds from now."""

    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[int, Field(ge=10, le=7200)] = 600


class TokenRequest(_Body):
    """The body of POST /v1/realtime/client_secrets."""

    expires_after: ExpiresAfter = Field(default_factory=ExpiresAfter)
    session: dict[str, Any] = Field(
        default_factory=dict, description="A session as in session.update, which the token keeps."
    )


def realtime_routes(realtime: Callable[[], Realtime], tokens: Tokens) -> list[BaseRoute]:
    """Make the routes of the endpoint and of its tokens.

    Args:
        realtime: Returns the worker's connections; called for each request.
        tokens: Signs and reads tokens.

    Returns:
        The routes.
    """

    async def make_token(request: Request) -> Response:
        settings = realtime().recognizer.settings
        async with bounded(request, _MAX_TOKEN_REQUEST_BYTES, settings) as receive:
            body = await Request(request.scope, receive).body()
        try:
            wanted = TokenRequest.model_validate_json(body or b"{}")
        except ValidationError as error:
            raise invalid_request(error) from error
        # What a session.update would refuse is refused here, and not when the token is used.
        config = initial_config({}, wanted.session, realtime().recognizer)
        token = tokens.make(state_of(request).client.key_id, wanted.expires_after.seconds, wanted.session)
        session = {"expires_at": token.expires_at, **config.described(new_id("sess"), beta=False).model_dump()}
        return JSONResponse({"value": token.value, "expires_at": token.expires_at, "session": session})

    async def connect(websocket: WebSocket) -> None:
        try:
            check_origin(websocket, realtime().recognizer.settings.origins)
        except HindiSTTError as error:
            await deny_handshake(websocket, error)
            return
        await realtime().serve(websocket, tokens)

    async def unknown(websocket: WebSocket) -> None:
        await deny_handshake(websocket, NotFound("There is no such route for WebSocket connections."))

    return [
        WebSocketRoute(PATH, connect),
        WebSocketRoute("/{path:path}", unknown),
        Route(PATH, upgrade_required, methods=["GET"]),
        Route(f"{PATH}/client_secrets", answering(make_token), methods=["POST"]),
    ]
