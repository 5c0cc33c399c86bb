"""The OpenAPI document: every route, whoever serves it, with examples and the one shape of errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from hindi_stt import __version__
from hindi_stt.http.openapi_jobs import JOBS, job_paths
from hindi_stt.http.schemas import EXAMPLE_ERROR, EXAMPLE_TRANSCRIPTION, ErrorBody
from hindi_stt.http.wishes import FIELD_SCHEMAS, form_schema

__all__ = ["with_routes"]

_ERROR: Final = {
    "description": "An error",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}, "example": EXAMPLE_ERROR}},
}
_OPEN: Final[list[dict[str, list[str]]]] = []
_STATUS: Final = ["Service status"]
_OWN: Final = ["Transcription"]
_OPENAI: Final = ["OpenAI compatibility"]
_STRING: Final = {"type": "string"}
_OBJECT: Final = {"type": "object"}
_BINARY: Final = {"type": "string", "format": "binary"}
_SRT: Final = "1\n00:00:00,240 --> 00:00:00,920\nआज मौसम\n\n"
_VTT: Final = "WEBVTT\n\n00:00:00.240 --> 00:00:00.920\nआज मौसम\n\n"
_EVENTS: Final = {"schema": _STRING, "example": 'data: {"type": "transcript.text.delta", …}\n\n'}
_USAGE: Final = {"type": "duration", "seconds": 2.41}
_MODEL: Final = {
    "id": "whisper-1",
    "object": "model",
    "created": 0,
    "owned_by": "stt_hi_conformer_ctc_demo",
    "licence": "Apache-2.0",
    "languages": ["hi"],
}
_HEALTH: Final = {
    "status": "healthy",
    "model": "stt_hi_conformer_ctc_demo:0123456789ab",
    "models": {"stt_hi_conformer_ctc_demo:0123456789ab": "hi"},
    "runner": {"answer_age_s": 0.2},
    "versions": {"hindi_stt": __version__},
}


def with_routes(spec: dict[str, Any], *, jobs: bool, page: bool, punctuation: Sequence[str]) -> dict[str, Any]:
    """Add to BentoML's OpenAPI document the routes that it does not know, and what it does not know of its own.

    Args:
        spec: BentoML's document.
        jobs: Whether the server takes jobs.
        page: Whether it has the page at /ui.
        punctuation: The values of the field `punctuation` that its models have.

    Returns:
        The document.
    """
    schema = ErrorBody.model_json_schema(ref_template="#/components/schemas/{model}")
    components = spec.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas |= schema.pop("$defs", {})
    schemas["ErrorBody"] = schema
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    answer = spec["paths"]["/transcribe"]["post"]["responses"][200]["content"]["application/json"]["schema"]
    document = spec | {
        "info": {
            "title": "Hindi speech to text",
            "version": __version__,
            "description": "Speech to text on CPUs. A key is asked for where the server has keys.",
            "license": {"name": "Apache-2.0"},
        },
        "security": [{}, {"key": []}],
        "tags": [{"name": name} for tags in (_OWN, _OPENAI, JOBS, _STATUS) for name in tags],
        "paths": _own_paths(answer)
        | _openai_paths()
        | (job_paths() if jobs else {})
        | _status_paths()
        | (_page_path() if page else {}),
    }
    narrowed: dict[str, Any] = _with_enum(document, "punctuation", list(punctuation))
    return narrowed


def _with_enum(node: Any, field: str, values: list[str]) -> Any:
    """A copy of a document in which every schema of this field, as a property or a parameter, has these values."""
    if isinstance(node, list):
        return [_with_enum(part, field, values) for part in node]
    if not isinstance(node, dict):
        return node
    copy = {name: _with_enum(part, field, values) for name, part in node.items()}
    for schema in (copy.get(field), copy.get("schema") if copy.get("name") == field else None):
        if isinstance(schema, dict) and "enum" in schema:
            schema["enum"] = values
    return copy


def _own_paths(answer: Mapping[str, Any]) -> dict[str, Any]:
    several = {
        **_OBJECT,
        "required": ["results", "request_id"],
        "properties": {"results": {"type": "array", "items": _OBJECT}, "request_id": _STRING},
    }
    answers = _texts() | {
        "application/json": {"schema": {"anyOf": [answer, several]}, "example": EXAMPLE_TRANSCRIPTION},
    }
    operation = _operation("Transcribe a recording, or several", _OWN, answers)
    operation["parameters"] = [
        {"name": name, "in": "query", "schema": schema, "description": "As in the form, for a recording without one."}
        for name, schema in FIELD_SCHEMAS.items()
    ]
    operation["requestBody"] = {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": form_schema(required=["file"], several_files=True)},
            "audio/wav": {"schema": _BINARY},
            "audio/flac": {"schema": _BINARY},
            "audio/L16;rate=8000": {"schema": _BINARY},
            "audio/PCMU": {"schema": _BINARY},
            "application/octet-stream": {"schema": _BINARY},
        },
    }
    return {"/transcribe": {"post": operation}}


def _openai_paths() -> dict[str, Any]:
    example = {
        "text": EXAMPLE_TRANSCRIPTION["text"],
        "model": EXAMPLE_TRANSCRIPTION["model"],
        "usage": _USAGE,
        "warnings": [],
    }
    texts = {"text": EXAMPLE_TRANSCRIPTION["text"], "srt": _SRT, "vtt": _VTT}
    answers = {
        "application/json": {"schema": _OBJECT, "example": example},
        "text/plain": {"schema": _STRING, "examples": {name: {"value": text} for name, text in texts.items()}},
        "text/event-stream": _EVENTS,
    }
    transcribe = _operation("Transcribe one recording as OpenAI's API does", _OPENAI, answers)
    form = form_schema(required=["file", "model"], several_files=False)
    transcribe["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    models = {"object": "list", "data": [_MODEL]}
    one = _operation("One of these names", _OPENAI, _json(_MODEL))
    one["parameters"] = [{"name": "model", "in": "path", "required": True, "schema": _STRING, "example": "whisper-1"}]
    return {
        "/v1/audio/transcriptions": {"post": transcribe},
        "/v1/audio/translations": {
            "post": {"summary": "Not offered", "tags": _OPENAI, "responses": {"default": _ERROR}},
        },
        "/v1/realtime/client_secrets": {"post": _token_operation()},
        "/v1/models": {"get": _operation("The names that a request may use", _OPENAI, _json(models))},
        "/v1/models/{model}": {"get": one},
    }


def _token_operation() -> dict[str, Any]:
    session = {"id": "sess_1", "object": "realtime.transcription_session", "type": "transcription", "expires_at": 600}
    example = {"value": "ek_0123abcd_600_0123456789abcdef", "expires_at": 600, "session": session}
    operation = _operation("A short-lived token with which a page may open WS /v1/realtime", _OPENAI, _json(example))
    seconds = {"type": "integer", "minimum": 10, "maximum": 7200, "default": 600}
    schema = _closed(
        expires_after=_closed(anchor={**_STRING, "enum": ["created_at"]}, seconds=seconds),
        session={**_OBJECT, "description": "A session as in session.update, which the token keeps."},
    )
    operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return operation


def _status_paths() -> dict[str, Any]:
    index = {"name": "hindi_stt", "version": __version__, "links": {"health": "GET /health"}}
    health = _operation("Whether the runner answers, and the versions of what runs", _STATUS, _json(_HEALTH))
    health["responses"]["503"] = {"description": "It does not", "content": _json(_HEALTH)}
    metrics = {"text/plain": {"schema": _STRING, "example": "hindi_stt_requests_total 12.0"}}
    probe = {"text/plain": {"schema": _STRING}}
    about = _operation("What this is: version, model, links", _STATUS, _json(index))
    stats = _operation("Counts, latency, real-time factor and batch sizes", _STATUS, _json({"requests": 12}))
    return {
        "/": {"get": about | {"security": _OPEN}},
        "/docs.json": {"get": _operation("This document", _STATUS, _json({"openapi": "3.0.2"})) | {"security": _OPEN}},
        "/schema.json": {
            "get": _operation("What BentoML's client reads", _STATUS, _json({"name": "hindi_stt"}))
            | {"security": _OPEN}
        },
        "/health": {"get": health | {"security": _OPEN}},
        **{
            path: {"get": _operation(summary, _STATUS, probe) | {"security": _OPEN}}
            for path, summary in (
                ("/livez", "Whether the process lives"),
                ("/healthz", "As /livez"),
                ("/readyz", "Whether it can transcribe"),
            )
        },
        "/stats": {"get": stats},
        "/metrics": {"get": _operation("Metrics, as Prometheus reads them", _STATUS, metrics)},
    }


def _page_path() -> dict[str, Any]:
    page = _operation("A page to try everything, in a browser", _STATUS, {"text/html": {"schema": _STRING}})
    return {"/ui": {"get": page | {"security": _OPEN}}}


def _operation(summary: str, tags: list[str], content: Mapping[str, Any]) -> dict[str, Any]:
    responses = {"200": {"description": "Success", "content": content}, "default": _ERROR}
    return {"summary": summary, "tags": tags, "responses": responses}


def _closed(**properties: Mapping[str, Any]) -> dict[str, Any]:
    return {**_OBJECT, "additionalProperties": False, "properties": properties}


def _json(example: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": _OBJECT, "example": example}}


def _texts() -> dict[str, Any]:
    return {
        "text/plain": {"schema": _STRING, "example": EXAMPLE_TRANSCRIPTION["text"]},
        "application/x-subrip": {"schema": _STRING, "example": _SRT},
        "text/vtt": {"schema": _STRING, "example": _VTT},
        "text/event-stream": _EVENTS,
    }
