"""The routes below /v1 as the OpenAPI page shows them."""

from __future__ import annotations

from typing import Any, Final

from hindi_stt.options import FIELDS

__all__ = ["openai_paths"]

_TAGS: Final = ["OpenAI compatibility"]
_STRING: Final = {"type": "string"}


def openai_paths(error: dict[str, Any]) -> dict[str, Any]:
    """Paths of an OpenAPI document; error: the response object of every error."""
    return {
        "/v1/audio/transcriptions": {"post": _post("Transcribe one recording as OpenAI's API does", _answers(), error)},
        "/v1/audio/translations": {"post": {"summary": "Not offered", "tags": _TAGS, "responses": {"400": error}}},
        "/v1/models": {"get": _get("The names that a request may use for the model", error)},
        "/v1/models/{model}": {
            "get": _get("One of these names", error)
            | {"parameters": [{"name": "model", "in": "path", "required": True, "schema": _STRING}]}
        },
    }


def _get(summary: str, error: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object"}}}
    return {
        "summary": summary,
        "tags": _TAGS,
        "responses": {"200": {"description": "Success", "content": content}, "default": error},
    }


def _post(summary: str, answers: dict[str, Any], error: dict[str, Any]) -> dict[str, Any]:
    properties = {
        "file": {"type": "string", "format": "binary", "description": "The recording."},
        "model": {**_STRING, "description": "A name that GET /v1/models lists.", "example": "whisper-1"},
        "response_format": {**_STRING, "enum": ["json", "text", "srt", "vtt", "verbose_json"]},
        "timestamp_granularities[]": {"type": "array", "items": {**_STRING, "enum": ["word", "segment"]}},
        "include[]": {"type": "array", "items": {**_STRING, "enum": ["logprobs"]}},
        "keywords[]": {"type": "array", "items": _STRING, "description": "Hotwords."},
        "language": {**_STRING, "example": "hi"},
        "temperature": {"type": "number", "enum": [0]},
        "chunking_strategy": {**_STRING, "enum": ["auto", "server_vad"]},
        "prompt": {**_STRING, "description": "Without effect, which the warnings say."},
        "stream": {"type": "boolean", "description": "Answer in server-sent events, a segment each."},
        **{name: {**_STRING, "description": ", ".join(values)} for name, values in FIELDS.items()},
    }
    schema = {"type": "object", "required": ["file", "model"], "properties": properties}
    return {
        "summary": summary,
        "tags": _TAGS,
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}},
        "responses": {"200": {"description": "Success", "content": answers}, "default": error},
    }


def _answers() -> dict[str, Any]:
    example = {"text": "आज मौसम बहुत अच्छा है", "usage": {"type": "duration", "seconds": 2.41}, "warnings": []}
    text = {"schema": _STRING}
    return {
        "application/json": {"schema": {"type": "object"}, "example": example},
        "text/plain": text,
        "application/x-subrip": text,
        "text/vtt": text,
        "text/event-stream": text,
    }
