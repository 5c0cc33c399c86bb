"""The OpenAPI document (3.1): every route with examples and the common form of errors."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel

from hindi_stt import __version__
from hindi_stt.api.openapi.calls import CALL_OPERATIONS, CALLS
from hindi_stt.api.openapi.jobs import JOB_OPERATIONS, JOB_SCHEMAS, JOBS
from hindi_stt.api.openapi.listen import LISTEN, LISTEN_OPERATIONS, LISTEN_SCHEMAS
from hindi_stt.api.openapi.operations import described, schemas
from hindi_stt.api.openapi.realtime import REALTIME_OPERATIONS, REALTIME_SCHEMAS
from hindi_stt.api.openapi.served_models import of_these_models
from hindi_stt.api.openapi.status import PAGE_OPERATIONS, STATUS, STATUS_OPERATIONS, VERSION
from hindi_stt.api.openapi.transcription import (
    OPENAI,
    OPENAI_OPERATIONS,
    TRANSCRIPTION,
    TRANSCRIPTION_OPERATIONS,
    TRANSCRIPTION_SCHEMAS,
)
from hindi_stt.api.schemas import ErrorBody
from hindi_stt.bundle.registry import Registry

__all__ = ["openapi_document"]

_INFO: Final = {
    "title": "Hindi speech to text",
    "version": __version__,
    "description": "Speech to text on CPUs. A key is asked for where the server has keys.",
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}


def openapi_document(
    registry: Registry, *, jobs: bool, page: bool, calls: bool = False, listen: bool = False
) -> dict[str, Any]:
    """Describe the server's HTTP interface in OpenAPI 3.1.

    Args:
        registry: The models; examples name them, and options have the values that they honour.
        jobs: Whether the server takes jobs.
        page: Whether it has the page at /ui.
        calls: Whether it takes telephone calls.
        listen: Whether it speaks Deepgram's protocol.

    Returns:
        The document. Its components have no schema that nothing refers to.
    """
    operations = (
        *TRANSCRIPTION_OPERATIONS,
        *OPENAI_OPERATIONS,
        *REALTIME_OPERATIONS,
        *(JOB_OPERATIONS if jobs else ()),
        *(CALL_OPERATIONS if calls else ()),
        *(LISTEN_OPERATIONS if listen else ()),
        *STATUS_OPERATIONS,
        *(PAGE_OPERATIONS if page else ()),
    )
    models: tuple[type[BaseModel], ...] = (
        ErrorBody,
        *TRANSCRIPTION_SCHEMAS,
        *REALTIME_SCHEMAS,
        *(JOB_SCHEMAS if jobs else ()),
        *(LISTEN_SCHEMAS if listen else ()),
    )
    chosen = [name for name, shown in ((JOBS, jobs), (CALLS, calls), (LISTEN, listen)) if shown]
    tags = (TRANSCRIPTION, OPENAI, *chosen, STATUS)
    document = {
        "openapi": VERSION,
        "info": _INFO,
        "servers": [{"url": "."}],
        "security": [{}, {"key": []}],
        "tags": [{"name": name} for name in tags],
        "paths": described(operations),
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": dict(sorted(schemas(models).items())),
        },
    }
    fitted: dict[str, Any] = of_these_models(document, registry)
    return fitted
