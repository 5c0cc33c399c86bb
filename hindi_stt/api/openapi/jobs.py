"""The OpenAPI document's part on jobs and resumable uploads."""

from __future__ import annotations

import json
from functools import partial
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

from hindi_stt.api.forms.transcription_request import FIELD_SCHEMAS, JOB_FIELDS, JOB_LISTS, LIST_SCHEMAS
from hindi_stt.api.jobs.schemas import Job, JobList
from hindi_stt.api.openapi.operations import BINARY, OBJECT, STRING, Operation, json_content, text_content
from hindi_stt.api.schemas import EXAMPLE_TRANSCRIPTION
from hindi_stt.render.formats import FORMATS
from hindi_stt.text.options import FIELDS as TEXT_FIELDS

__all__ = ["JOBS", "JOB_OPERATIONS", "JOB_SCHEMAS"]

JOBS: Final = "Jobs"


_Limit = Annotated[int, Field(ge=1, le=1000)]


class JobsQuery(BaseModel):
    """A page of jobs; before: `created` of the last job of the page before it."""

    before: float | SkipJsonSchema[None] = None
    limit: _Limit = 100


class FilesQuery(BaseModel):
    """A page of a job's files; after: the position before it."""

    after: Annotated[int, Field(ge=-1)] | SkipJsonSchema[None] = None
    limit: _Limit = 100


class FormatQuery(BaseModel):
    """The form of transcripts."""

    response_format: str = Field("json", json_schema_extra={"enum": list(FORMATS)})
    paragraphs: bool = Field(default=False, description="Divide texts into paragraphs (json, text).")
    punctuation: str | SkipJsonSchema[None] = Field(
        None,
        description="Marks for transcripts that were made without; captions have marks unless this is off.",
        json_schema_extra={"enum": list(TEXT_FIELDS["punctuation"])},
    )


class KeyHeader(BaseModel):
    """The header of a request that may be sent again."""

    idempotency_key: str | SkipJsonSchema[None] = Field(
        None,
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        description="A request that comes again with the same key makes no second job.",
    )


class TusHeaders(BaseModel):
    """The header of every request for a resumable upload."""

    tus_resumable: Literal["1.0.0"] = Field(alias="Tus-Resumable")


class CreateUploadHeaders(TusHeaders):
    """Those that begin an upload."""

    upload_length: str = Field(alias="Upload-Length")
    upload_metadata: str | SkipJsonSchema[None] = Field(None, alias="Upload-Metadata")


class AppendHeaders(TusHeaders):
    """Those that send a part of an upload."""

    upload_offset: str = Field(alias="Upload-Offset")


JOB_SCHEMAS: Final[tuple[type[BaseModel], ...]] = (Job, JobList)

_TEXTS: Final = {"type": "array", "items": STRING}
_FILE: Final = {"position": 0, "state": "running", "file": "call.wav", "heard_s": 96.0, "total_s": 1810.4}
_JOB: Final[dict[str, Any]] = {
    "id": "6922c3e0a1b2c3d4e5f60718293a4b5c",
    "object": "job",
    "state": "running",
    "created": 1763886048.5,
    "created_at": "2025-11-23T08:20:48Z",
    "finished_at": None,
    "files": {"total": 1, "done": 0, "failed": 0, "cancelled": 0},
}
_SHOWN: Final = json_content(
    {**_JOB, "audio_s": {"heard": 96.0, "total": 1810.4}, "warnings": [], "results": [_FILE], "next": None}, Job
)
_RESULT_LINE: Final = json.dumps({**_FILE, "state": "done", "result": EXAMPLE_TRANSCRIPTION}, ensure_ascii=False) + "\n"


def _job_body() -> dict[str, Any]:
    fields = {name: FIELD_SCHEMAS[name] for name in JOB_FIELDS} | {
        "webhook_url": {**STRING, "description": "Told when the job has ended."},
        "webhook_secret": {
            **STRING,
            "description": "whsec_ and 24 to 64 bytes in base64: the key that signs webhooks.",
        },
    }
    lists = {name: {"type": "array", "items": LIST_SCHEMAS[name]} for name in JOB_LISTS}
    form = {"file": {"type": "array", "items": BINARY, "minItems": 1}, **fields}
    form |= {f"{name}[]": schema for name, schema in lists.items()}
    named = {"references": _TEXTS, "uploads": _TEXTS, **fields, **lists}
    return {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": {**OBJECT, "required": ["file"], "properties": form}},
            "application/json": {
                "schema": {**OBJECT, "properties": named, "additionalProperties": False},
                "example": {"references": ["file:///srv/calls/2025-11-23/0001.wav"], "numerals": "latin"},
            },
        },
    }


_job = partial(Operation, tag=JOBS)
_JOB_PATH: Final = "/v1/jobs/{job}"
_FILE_PATH: Final = "/v1/jobs/{job}/files/{position}"
_UPLOAD_PATH: Final = "/v1/uploads/{upload}"
_CREATE: Final = "Create a job: recordings that are transcribed later"
_APPENDED: Final = {"required": True, "content": {"application/offset+octet-stream": {"schema": BINARY}}}
_JOBS: Final = json_content({"object": "list", "data": [_JOB], "more": False}, JobList)
_RESULTS: Final = text_content("application/x-ndjson", _RESULT_LINE)
_TRANSCRIPT: Final = {**json_content(EXAMPLE_TRANSCRIPTION), **text_content("text/plain")}
_POSITION: Final = {"position": {"type": "integer", "minimum": 0}}
JOB_OPERATIONS: Final = (
    _job("post", "/v1/jobs", "createJob", _CREATE, status="202", content=_SHOWN, headers=KeyHeader, body=_job_body()),
    _job("get", "/v1/jobs", "listJobs", "List the jobs of this key, the newest first", content=_JOBS, query=JobsQuery),
    _job("get", _JOB_PATH, "retrieveJob", "Get state, progress, and a page of files", content=_SHOWN, query=FilesQuery),
    _job("delete", _JOB_PATH, "deleteJob", "Delete a job, its audio and its transcripts", status="204"),
    _job("post", f"{_JOB_PATH}/cancel", "cancelJob", "Cancel what has not been transcribed yet", content=_SHOWN),
    _job(
        "get",
        f"{_JOB_PATH}/results",
        "listJobResults",
        "Get every file, a line of JSON each",
        content=_RESULTS,
        query=FormatQuery,
    ),
    _job(
        "get",
        _FILE_PATH,
        "retrieveJobTranscript",
        "Get one transcript",
        content=_TRANSCRIPT,
        query=FormatQuery,
        path_schemas=_POSITION,
    ),
    _job("options", "/v1/uploads", "describeUploads", "Tell what of the tus protocol is offered", status="204"),
    _job(
        "post",
        "/v1/uploads",
        "createUpload",
        "Begin a resumable upload (tus 1.0.0, creation)",
        status="201",
        headers=CreateUploadHeaders,
    ),
    _job("head", _UPLOAD_PATH, "retrieveUploadOffset", "Tell how much has arrived", headers=TusHeaders),
    _job(
        "patch",
        _UPLOAD_PATH,
        "appendToUpload",
        "Send the next part",
        status="204",
        headers=AppendHeaders,
        body=_APPENDED,
    ),
    _job(
        "delete",
        _UPLOAD_PATH,
        "deleteUpload",
        "Delete it (tus 1.0.0, termination)",
        status="204",
        headers=TusHeaders,
    ),
)
