"""The OpenAPI document's part on realtime connections.

OpenAPI has no WebSockets: the path is described as the GET request that asks for one, and the extension `x-websocket`
has the messages. docs/streaming.md tells them at length.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hindi_stt.api.openapi.served_models import EXAMPLE_ALIAS, EXAMPLE_LANGUAGE
from hindi_stt.api.schemas import ClientSecret

__all__ = ["CLIENT_EVENTS", "SERVER_EVENTS", "realtime_paths"]

_STRING: Final = {"type": "string"}
_OBJECT: Final = {"type": "object"}
_TRANSCRIPTION: Final = "conversation.item.input_audio_transcription."

CLIENT_EVENTS: Final[Mapping[str, dict[str, Any]]] = {
    "session.update": {
        "summary": "Set the audio format, the model and turn detection",
        "properties": {"session": {**_OBJECT, "description": "type transcription; audio.input; include"}},
        "required": ["session"],
    },
    "transcription_session.update": {
        "summary": "The same in the spelling of OpenAI's beta",
        "properties": {"session": _OBJECT},
        "required": ["session"],
    },
    "input_audio_buffer.append": {
        "summary": "Send audio",
        "properties": {"audio": {**_STRING, "description": "Samples in the session's format, in base64."}},
        "required": ["audio"],
    },
    "input_audio_buffer.commit": {"summary": "End the utterance here"},
    "input_audio_buffer.clear": {"summary": "Discard the utterance in progress"},
}
SERVER_EVENTS: Final[Mapping[str, str]] = {
    "session.created": "The session that the connection begins with",
    "session.updated": "The session that is in force",
    "transcription_session.created": "As session.created, in the spelling of OpenAI's beta",
    "transcription_session.updated": "As session.updated, in the spelling of OpenAI's beta",
    "input_audio_buffer.speech_started": "Speech has begun: audio_start_ms, item_id",
    "input_audio_buffer.speech_stopped": "The turn has ended: audio_end_ms, item_id",
    "input_audio_buffer.committed": "The utterance has ended: item_id, previous_item_id",
    "input_audio_buffer.cleared": "The utterance in progress was discarded",
    f"{_TRANSCRIPTION}delta": "Words that will not change any more: delta; and words that may: unstable",
    f"{_TRANSCRIPTION}completed": "The transcript of an utterance, with words, times and warnings",
    f"{_TRANSCRIPTION}failed": "An utterance that could not be transcribed: error",
    "error": "What went wrong: code, message, param, event_id, help",
}


def realtime_paths(tags: list[str], error: Mapping[str, Any]) -> dict[str, Any]:
    """The paths below /v1/realtime.

    Args:
        tags: Tags of their operations.
        error: The description of an error answer.
    """
    return {
        "/v1/realtime": {"get": _connection(tags, error)},
        "/v1/realtime/client_secrets": {"post": _client_secret(tags, error)},
    }


def _connection(tags: list[str], error: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "operationId": "openRealtimeConnection",
        "summary": "Transcribe live audio over a WebSocket",
        "description": "Open a WebSocket at this path (RFC 6455). Messages are JSON texts, as in OpenAI's Realtime API "
        "for transcription; x-websocket lists them. An ordinary request is answered with 426.",
        "tags": tags,
        "parameters": [
            {
                "name": "model",
                "in": "query",
                "schema": {**_STRING, "examples": [EXAMPLE_ALIAS]},
                "description": "A name that GET /v1/models lists; the server's first model by default.",
            },
            {
                "name": "language",
                "in": "query",
                "schema": {**_STRING, "examples": [EXAMPLE_LANGUAGE]},
                "description": "A language that the model is for.",
            },
            {
                "name": "intent",
                "in": "query",
                "schema": {**_STRING, "enum": ["transcription"], "default": "transcription"},
            },
        ],
        "responses": {
            "101": {"description": "The connection is a WebSocket from here on."},
            "426": {**error, "description": "The request does not ask for a WebSocket."},
            "default": error,
        },
        "x-websocket": {
            "subprotocols": ["realtime"],
            "client-events": {name: _message(name, event) for name, event in CLIENT_EVENTS.items()},
            "server-events": dict(SERVER_EVENTS),
        },
    }


def _message(name: str, event: Mapping[str, Any]) -> dict[str, Any]:
    fields = {"type": {"const": name}, "event_id": {**_STRING, "description": "Named in errors about this event."}}
    schema = {
        **_OBJECT,
        "properties": fields | event.get("properties", {}),
        "required": ["type", *event.get("required", [])],
    }
    return {"summary": event["summary"], "schema": schema}


def _client_secret(tags: list[str], error: Mapping[str, Any]) -> dict[str, Any]:
    session = {"id": "sess_1", "object": "realtime.transcription_session", "type": "transcription", "expires_at": 600}
    example = {"value": "ek_0123abcd_600_0123456789abcdef", "expires_at": 600, "session": session}
    seconds = {"type": "integer", "minimum": 10, "maximum": 7200, "default": 600}
    schema = _closed(
        expires_after=_closed(anchor={**_STRING, "enum": ["created_at"]}, seconds=seconds),
        session={**_OBJECT, "description": "A session as in session.update, which the token keeps."},
    )
    answer = {"schema": {"$ref": f"#/components/schemas/{ClientSecret.__name__}"}, "example": example}
    return {
        "operationId": "createRealtimeClientSecret",
        "summary": "Create a short-lived token with which a page may open a realtime connection",
        "tags": tags,
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {
            "200": {"description": "Success", "content": {"application/json": answer}},
            "default": error,
        },
    }


def _closed(**properties: Mapping[str, Any]) -> dict[str, Any]:
    return {**_OBJECT, "additionalProperties": False, "properties": properties}
