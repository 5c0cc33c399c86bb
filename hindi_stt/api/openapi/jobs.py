"""The OpenAPI document's part on jobs and resumable uploads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel

from hindi_stt.api.forms.transcription_request import FIELD_SCHEMAS, JOB_FIELDS
from hindi_stt.api.schemas import EXAMPLE_TRANSCRIPTION
from hindi_stt.render.formats import FORMATS

__all__ = ["JOBS", "JOB_SCHEMAS", "job_paths"]

JOBS: Final = ["Jobs"]
State = Literal["queued", "running", "done", "failed", "cancelled"]


class JobCounts(BaseModel):
    """Numbers of files."""

    total: int
    done: int
    failed: int
    cancelled: int


class JobSummary(BaseModel):
    """A job as a list has it; created: Unix time in seconds."""

    id: str
    object: Literal["job"]
    state: State
    created: float
    created_at: str
    finished_at: str | None
    files: JobCounts


class JobFileError(BaseModel):
    """Why a file has no transcript."""

    code: str
    message: str
    help: str


class JobFile(BaseModel):
    """One file; heard_s, total_s: seconds of its audio that were transcribed, and of all of it, once that is known."""

    position: int
    state: State
    file: str
    heard_s: float
    total_s: float | None
    error: JobFileError | None = None


class JobProgress(BaseModel):
    """Seconds of audio that were transcribed, and that there are, once that is known."""

    heard: float
    total: float | None


class Job(JobSummary):
    """A job, its progress and a page of its files; next: what `after` has to be for the next page."""

    audio_s: JobProgress
    warnings: list[str]
    results: list[JobFile]
    next: int | None


class JobList(BaseModel):
    """Jobs, the newest first; more: whether there are older ones."""

    object: Literal["list"]
    data: list[JobSummary]
    more: bool


JOB_SCHEMAS: Final[tuple[type[BaseModel], ...]] = (Job, JobList)

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
    shown = _json({**_JOB, **_DETAILS}, "Job")
    listing = _json({"object": "list", "data": [_JOB], "more": False}, "JobList")
    transcript = _json(EXAMPLE_TRANSCRIPTION) | {"text/plain": {"schema": _STRING}}
    line = json.dumps({**_FILE, "state": "done", "result": EXAMPLE_TRANSCRIPTION}, ensure_ascii=False) + "\n"
    return {
        "/v1/jobs": {
            "post": _operation("createJob", "Create a job: recordings that are transcribed later", "202", shown)
            | {"parameters": [_KEY], **_body()},
            "get": _operation("listJobs", "List the jobs of this key, the newest first", "200", listing)
            | {"parameters": [_query("before", {"type": "number"}), _limit()]},
        },
        "/v1/jobs/{job}": {
            "get": _operation("retrieveJob", "Get state, progress, and a page of files", "200", shown)
            | {"parameters": [job, _query("after", {"type": "integer", "minimum": -1}), _limit()]},
            "delete": _operation("deleteJob", "Delete a job, its audio and its transcripts", "204")
            | {"parameters": [job]},
        },
        "/v1/jobs/{job}/cancel": {
            "post": _operation("cancelJob", "Cancel what has not been transcribed yet", "200", shown)
            | {"parameters": [job]},
        },
        "/v1/jobs/{job}/results": {
            "get": _operation(
                "listJobResults", "Get every file, a line of JSON each", "200", _texts("application/x-ndjson", line)
            )
            | {"parameters": [job, wanted]},
        },
        "/v1/jobs/{job}/files/{position}": {
            "get": _operation("retrieveJobTranscript", "Get one transcript", "200", transcript)
            | {"parameters": [job, _path("position", {"type": "integer", "minimum": 0}), wanted]},
        },
        "/v1/uploads": {
            "options": _operation("describeUploads", "Tell what of the tus protocol is offered", "204"),
            "post": _operation("createUpload", "Begin a resumable upload (tus 1.0.0, creation)", "201")
            | {"parameters": [_TUS, _header("Upload-Length", required=True), _header("Upload-Metadata")]},
        },
        "/v1/uploads/{upload}": {
            "head": _operation("retrieveUploadOffset", "Tell how much has arrived", "200")
            | {"parameters": [upload, _TUS]},
            "patch": _operation("appendToUpload", "Send the next part", "204")
            | {
                "parameters": [upload, _TUS, _header("Upload-Offset", required=True)],
                "requestBody": {
                    "required": True,
                    "content": {"application/offset+octet-stream": {"schema": {**_STRING, "format": "binary"}}},
                },
            },
            "delete": _operation("deleteUpload", "Delete it (tus 1.0.0, termination)", "204")
            | {"parameters": [upload, _TUS]},
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


def _operation(name: str, summary: str, status: str, content: Mapping[str, Any] | None = None) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Success"} | ({"content": content} if content else {})
    return {"operationId": name, "summary": summary, "tags": JOBS, "responses": {status: success, "default": _ERROR}}


def _json(example: Mapping[str, Any], schema: str = "") -> dict[str, Any]:
    """An answer in JSON; schema: the name of its schema among the components."""
    described = {"$ref": f"#/components/schemas/{schema}"} if schema else _OBJECT
    return {"application/json": {"schema": described, "example": example}}


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
