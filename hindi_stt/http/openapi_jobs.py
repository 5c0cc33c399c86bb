"""The OpenAPI document's part on jobs and resumable uploads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hindi_stt.http.schemas import EXAMPLE_TRANSCRIPTION
from hindi_stt.http.wishes import FIELD_SCHEMAS, FORMATS, JOB_FIELDS

__all__ = ["JOBS", "job_paths"]

JOBS: Final = ["Jobs"]

_STRING: Final = {"type": "string"}
_OBJECT: Final = {"type": "object"}
_TEXTS: Final = {"type": "array", "items": _STRING}
_FILE: Final = {"position": 0, "state": "running", "file": "call.wav", "heard_s": 96.0, "total_s": 1810.4}
_COUNTS: Final = {"total": 1, "done": 0, "failed": 0, "cancelled": 0}
_JOB: Final[dict[str, Any]] = {
    "id": "6922c3e0a1b2c3d4e5f60718293a4b5c",
    "object": "job",
    "state": "running",
    "created": 1763886048.5,
    "created_at": "2025-11-23T08:20:48Z",
    "finished_at": None,
    "files": _COUNTS,
}
_DETAILS: Final = {"audio_s": {"heard": 96.0, "total": 1810.4}, "warnings": [], "results": [_FILE], "next": None}
_ERROR: Final = {
    "description": "An error",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}},
}
_TUS: Final = {"name": "Tus-Resumable", "in": "header", "required": True, "schema": {**_STRING, "enum": ["1.0.0"]}}


def job_paths() -> dict[str, Any]:
    """The routes below /v1/jobs and /v1/uploads."""
    job, upload = _path("job"), _path("upload")
    wanted = _query("response_format", {**_STRING, "enum": list(FORMATS), "default": "json"})
    shown = _json({**_JOB, **_DETAILS})
    listing = _json({"object": "list", "data": [_JOB], "more": False})
    line = {**_FILE, "state": "done", "result": EXAMPLE_TRANSCRIPTION}
    return {
        "/v1/jobs": {
            "post": _operation("Have recordings heard later", "202", shown) | {"parameters": [_KEY], **_body()},
            "get": _operation("The jobs of this key, the newest first", "200", listing)
            | {"parameters": [_query("before", {"type": "number"}), _limit()]},
        },
        "/v1/jobs/{job}": {
            "get": _operation("State, progress, and a page of files", "200", shown)
            | {"parameters": [job, _query("after", {"type": "integer", "minimum": -1}), _limit()]},
            "delete": _operation("Forget a job, its audio and its transcripts", "204") | {"parameters": [job]},
        },
        "/v1/jobs/{job}/cancel": {
            "post": _operation("End what has not been heard", "200", shown) | {"parameters": [job]},
        },
        "/v1/jobs/{job}/results": {
            "get": _operation("Every file, a line of JSON each", "200", _texts("application/x-ndjson", line))
            | {"parameters": [job, wanted]},
        },
        "/v1/jobs/{job}/files/{position}": {
            "get": _operation(
                "One transcript",
                "200",
                _json(EXAMPLE_TRANSCRIPTION) | {"text/plain": {"schema": _STRING}},
            )
            | {"parameters": [job, _path("position", {"type": "integer", "minimum": 0}), wanted]},
        },
        "/v1/uploads": {
            "options": _operation("What of the tus protocol is offered", "204"),
            "post": _operation("Begin a resumable upload (tus 1.0.0, creation)", "201")
            | {"parameters": [_TUS, _header("Upload-Length", required=True), _header("Upload-Metadata")]},
        },
        "/v1/uploads/{upload}": {
            "head": _operation("How much has arrived", "200") | {"parameters": [upload, _TUS]},
            "patch": _operation("Send the next part", "204")
            | {
                "parameters": [upload, _TUS, _header("Upload-Offset", required=True)],
                "requestBody": {
                    "required": True,
                    "content": {"application/offset+octet-stream": {"schema": {**_STRING, "format": "binary"}}},
                },
            },
            "delete": _operation("Forget it (tus 1.0.0, termination)", "204") | {"parameters": [upload, _TUS]},
        },
    }


_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {**_STRING, "minLength": 1, "maxLength": 128},
    "description": "A request that comes again with the same key makes no second job.",
}


def _body() -> dict[str, Any]:
    fields = {name: FIELD_SCHEMAS[name] for name in JOB_FIELDS} | {
        "webhook_url": {**_STRING, "description": "Told when the job has ended."},
        "webhook_secret": {**_STRING, "description": "whsec_ and 24 to 64 bytes in base64: signs what is told."},
    }
    lists = {"keywords": _TEXTS, "languages": _TEXTS}
    form = {"file": {"type": "array", "items": {**_STRING, "format": "binary"}, "minItems": 1}, **fields}
    named = {"references": _TEXTS, "uploads": _TEXTS, **fields, **lists}
    return {
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": {**_OBJECT, "required": ["file"], "properties": form}},
                "application/json": {
                    "schema": {**_OBJECT, "properties": named, "additionalProperties": False},
                    "example": {"references": ["file:///srv/calls/2025-11-23/0001.wav"], "numerals": "latin"},
                },
            },
        }
    }


def _operation(summary: str, status: str, content: Mapping[str, Any] | None = None) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Success"} | ({"content": content} if content else {})
    return {"summary": summary, "tags": JOBS, "responses": {status: success, "default": _ERROR}}


def _json(example: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": _OBJECT, "example": example}}


def _texts(media: str, example: object) -> dict[str, Any]:
    return {media: {"schema": _STRING, "example": example}}


def _path(name: str, schema: Mapping[str, Any] = _STRING) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _query(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema}


def _limit() -> dict[str, Any]:
    return _query("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100})


def _header(name: str, *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": required, "schema": _STRING}
