"""The OpenAPI document's part on realtime connections.

OpenAPI has no WebSockets: the path is described as the GET request that asks for one, and the extension `x-websocket`
has the messages. docs/streaming.md describes them at length.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

from hindi_stt.api.openapi.operations import ERROR, Json, Operation, inlined, json_content
from hindi_stt.api.openapi.served_models import EXAMPLE_ALIAS, EXAMPLE_LANGUAGE
from hindi_stt.api.openapi.transcription import OPENAI
from hindi_stt.api.realtime.client_events import CLIENT_EVENTS
from hindi_stt.api.realtime.routes import TokenRequest
from hindi_stt.api.realtime.server_events import SERVER_EVENTS
from hindi_stt.api.schemas import ClientSecret

__all__ = ["REALTIME_OPERATIONS", "REALTIME_SCHEMAS"]


class ConnectionQuery(BaseModel):
    """Query parameters of a connection."""

    model: str | SkipJsonSchema[None] = Field(
        None,
        description="A name that GET /v1/models lists; the server's first model by default.",
        examples=[EXAMPLE_ALIAS],
    )
    language: str | SkipJsonSchema[None] = Field(
        None, description="A language that the model is for.", examples=[EXAMPLE_LANGUAGE]
    )
    intent: Literal["transcription"] = "transcription"


def _summary(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").partition("\n")[0].removesuffix(".")


def _client_event(model: type[BaseModel]) -> Json:
    schema = inlined(model)
    (name,) = schema["properties"]["type"]["enum"]
    properties = schema["properties"] | {"type": {"const": name}}
    wanted = {"type": "object", "properties": properties, "required": schema["required"]}
    return {name: {"summary": _summary(model), "schema": wanted}}


REALTIME_SCHEMAS: Final[tuple[type[BaseModel], ...]] = (ClientSecret,)
_WEBSOCKET: Final[Json] = {
    "subprotocols": ["realtime"],
    "client-events": {name: event for model in CLIENT_EVENTS for name, event in _client_event(model).items()},
    "server-events": {model.model_fields["type"].default: _summary(model) for model in SERVER_EVENTS},
}
_SECRET: Final[dict[str, Any]] = {
    "value": "ek_0123abcd_600_0123456789abcdef",
    "expires_at": 600,
    "session": {
        "id": "sess_1",
        "object": "realtime.transcription_session",
        "type": "transcription",
        "expires_at": 600,
    },
}
REALTIME_OPERATIONS: Final = (
    Operation(
        "get",
        "/v1/realtime",
        "openRealtimeConnection",
        "Transcribe live audio over a WebSocket",
        tag=OPENAI,
        query=ConnectionQuery,
        status=None,
        responses={
            "101": {"description": "The connection is a WebSocket from here on."},
            "426": {**ERROR, "description": "The request does not ask for a WebSocket."},
        },
        extensions={
            "description": "Open a WebSocket at this path (RFC 6455). Messages are JSON texts, as in OpenAI's Realtime "
            "API for transcription; x-websocket lists them. An ordinary request is answered with 426.",
            "x-websocket": _WEBSOCKET,
        },
    ),
    Operation(
        "post",
        "/v1/realtime/client_secrets",
        "createRealtimeClientSecret",
        "Create a short-lived token with which a page may open a realtime connection",
        tag=OPENAI,
        content=json_content(_SECRET, ClientSecret),
        body={"content": {"application/json": {"schema": inlined(TokenRequest)}}},
    ),
)
