"""The OpenAPI document (3.1): every route, whoever serves it, with examples and the one shape of errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel

from hindi_stt import __version__
from hindi_stt.api.forms.transcription_request import FIELD_SCHEMAS, form_schema
from hindi_stt.api.openapi.jobs import JOB_SCHEMAS, JOBS, job_paths
from hindi_stt.api.openapi.realtime import realtime_paths
from hindi_stt.api.openapi.served_models import (
    EXAMPLE_ALIAS,
    EXAMPLE_LANGUAGE,
    EXAMPLE_LICENCE,
    EXAMPLE_MODEL,
    EXAMPLE_NAME,
    of_these_models,
)
from hindi_stt.api.schemas import (
    EXAMPLE_ERROR,
    EXAMPLE_TRANSCRIPTION,
    ClientSecret,
    ErrorBody,
    Model,
    ModelList,
    OpenAITranscription,
    OpenAIVerboseTranscription,
    TranscriptionList,
    TranscriptionResponse,
)
from hindi_stt.bundle.registry import Registry
from hindi_stt.render.formats import TEXT_FORMATS

__all__ = ["openapi_document"]

_VERSION: Final = "3.1.0"
_REFERENCE: Final = "#/components/schemas/{model}"
_SCHEMAS: Final[tuple[type[BaseModel], ...]] = (
    ClientSecret,
    ErrorBody,
    Model,
    ModelList,
    OpenAITranscription,
    OpenAIVerboseTranscription,
    TranscriptionList,
    TranscriptionResponse,
)

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
_EVENTS: Final = {"schema": _STRING, "example": 'data: {"type": "transcript.text.delta", …}\n\n'}
_USAGE: Final = {"type": "duration", "seconds": 2.41}
_MODEL: Final = {
    "id": EXAMPLE_ALIAS,
    "object": "model",
    "created": 0,
    "owned_by": EXAMPLE_NAME,
    "licence": EXAMPLE_LICENCE,
    "languages": [EXAMPLE_LANGUAGE],
}
_HEALTH: Final = {
    "status": "healthy",
    "model": EXAMPLE_MODEL,
    "runner": {"answer_age_s": 0.2},
    "versions": {"hindi_stt": __version__},
}


def openapi_document(registry: Registry, *, jobs: bool, page: bool) -> dict[str, Any]:
    """Describe the server's HTTP interface in OpenAPI 3.1.

    Args:
        registry: The models; examples name them, and options have the values that they honour.
        jobs: Whether the server takes jobs.
        page: Whether it has the page at /ui.

    Returns:
        The document. Its components have no schema that nothing refers to.
    """
    paths = (
        _own_paths()
        | _openai_paths()
        | (job_paths() if jobs else {})
        | _status_paths()
        | (_page_path() if page else {})
    )
    document = {
        "openapi": _VERSION,
        "info": {
            "title": "Hindi speech to text",
            "version": __version__,
            "description": "Speech to text on CPUs. A key is asked for where the server has keys.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "."}],
        "security": [{}, {"key": []}],
        "tags": [{"name": name} for tags in (_OWN, _OPENAI, *([JOBS] if jobs else []), _STATUS) for name in tags],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas((*_SCHEMAS, *(JOB_SCHEMAS if jobs else ()))),
        },
    }
    fitted: dict[str, Any] = of_these_models(document, registry)
    return fitted


def _schemas(models: Iterable[type[BaseModel]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for model in models:
        schema = model.model_json_schema(ref_template=_REFERENCE, mode="serialization")
        found |= schema.pop("$defs", {})
        found[model.__name__] = schema
    return dict(sorted(found.items()))


def _own_paths() -> dict[str, Any]:
    answers = {
        "application/json": {
            "schema": {"anyOf": [_ref(TranscriptionResponse), _ref(TranscriptionList)]},
            "example": EXAMPLE_TRANSCRIPTION,
        },
        **_texts(),
    }
    operation = _operation("transcribe", "Transcribe a recording, or several", _OWN, answers)
    # Without defaults: generated clients send them, and a field that is in the query and in the form is refused.
    operation["parameters"] = [
        {
            "name": name,
            "in": "query",
            "schema": {key: value for key, value in schema.items() if key != "default"},
            "description": "As in the form, for a recording without one.",
        }
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
    texts = {name: form.example for name, form in TEXT_FORMATS.items()}
    answers = {
        # verbose_json first: it has every field of json, which would fit it, too.
        "application/json": {
            "schema": {"anyOf": [_ref(OpenAIVerboseTranscription), _ref(OpenAITranscription)]},
            "example": example,
        },
        "text/plain": {"schema": _STRING, "examples": {name: {"value": text} for name, text in texts.items()}},
        "text/event-stream": _EVENTS,
    }
    transcribe = _operation("createTranscription", "Transcribe one recording as OpenAI's API does", _OPENAI, answers)
    form = form_schema(required=["file", "model"], several_files=False)
    transcribe["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    listed = {"application/json": {"schema": _ref(ModelList), "example": {"object": "list", "data": [_MODEL]}}}
    one = _operation(
        "retrieveModel",
        "Retrieve one of the names",
        _OPENAI,
        {"application/json": {"schema": _ref(Model), "example": _MODEL}},
    )
    one["parameters"] = [{"name": "model", "in": "path", "required": True, "schema": _STRING, "example": EXAMPLE_ALIAS}]
    return {
        "/v1/audio/transcriptions": {"post": transcribe},
        "/v1/audio/translations": {
            "post": {
                "operationId": "createTranslation",
                "summary": "Not offered: every request is refused",
                "tags": _OPENAI,
                "responses": {"400": _ERROR, "default": _ERROR},
            },
        },
        **realtime_paths(_OPENAI, _ERROR),
        "/v1/models": {"get": _operation("listModels", "List the names that a request may use", _OPENAI, listed)},
        "/v1/models/{model}": {"get": one},
    }


def _status_paths() -> dict[str, Any]:
    index = {"name": "hindi_stt", "version": __version__, "links": {"health": "GET /health"}}
    health = _operation(
        "getHealth", "Tell whether the runner answers, and the versions of what runs", _STATUS, _json(_HEALTH)
    )
    health["responses"]["503"] = {"description": "It does not", "content": _json(_HEALTH)}
    metrics = {"text/plain": {"schema": _STRING, "example": "hindi_stt_requests_total 12.0"}}
    probe = {"text/plain": {"schema": _STRING}}
    open_to_all = (
        ("/", _operation("describeService", "Tell version, models and links", _STATUS, _json(index))),
        ("/docs.json", _operation("getOpenApiDocument", "Get this document", _STATUS, _json({"openapi": _VERSION}))),
        (
            "/schema.json",
            _operation("getBentoSchema", "Get what BentoML's client reads", _STATUS, _json({"name": "hindi_stt"})),
        ),
        ("/health", health),
        ("/livez", _operation("getLiveness", "Tell whether the process lives", _STATUS, probe)),
        ("/healthz", _operation("getHealthz", "Do as /livez", _STATUS, probe)),
        ("/readyz", _operation("getReadiness", "Tell whether it can transcribe", _STATUS, probe)),
    )
    stats = "Count requests; latency, real-time factor and batch sizes"
    return {path: {"get": operation | {"security": _OPEN}} for path, operation in open_to_all} | {
        "/stats": {"get": _operation("getStats", stats, _STATUS, _json({"requests": 12}))},
        "/metrics": {"get": _operation("getMetrics", "Get the metrics that Prometheus reads", _STATUS, metrics)},
    }


def _page_path() -> dict[str, Any]:
    page = _operation(
        "getPage", "Get a page to try everything, in a browser", _STATUS, {"text/html": {"schema": _STRING}}
    )
    return {"/ui": {"get": page | {"security": _OPEN}}}


def _operation(name: str, summary: str, tags: list[str], content: Mapping[str, Any]) -> dict[str, Any]:
    """An operation; name: its operationId, from which generators make the names of functions."""
    responses = {"200": {"description": "Success", "content": content}, "default": _ERROR}
    return {"operationId": name, "summary": summary, "tags": tags, "responses": responses}


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(model=model.__name__)}


def _json(example: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": _OBJECT, "example": example}}


def _texts() -> dict[str, Any]:
    return {
        **{form.media_type: {"schema": _STRING, "example": form.example} for form in TEXT_FORMATS.values()},
        "text/event-stream": _EVENTS,
    }
