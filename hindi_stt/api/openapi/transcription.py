"""The OpenAPI document's part on recordings: this server's own path, and those of OpenAI's API."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel

from hindi_stt.api.forms.transcription_request import FIELD_SCHEMAS, form_schema
from hindi_stt.api.openapi.operations import BINARY, ERROR, STRING, Operation, json_content, text_content
from hindi_stt.api.openapi.served_models import EXAMPLE_ALIAS, EXAMPLE_LANGUAGE, EXAMPLE_LICENCE, EXAMPLE_NAME
from hindi_stt.api.schemas import (
    EXAMPLE_TRANSCRIPTION,
    Model,
    ModelList,
    OpenAIDiarizedTranscription,
    OpenAITranscription,
    OpenAIVerboseTranscription,
    TranscriptionList,
    TranscriptionResponse,
)
from hindi_stt.render.formats import TEXT_FORMATS

__all__ = ["OPENAI", "OPENAI_OPERATIONS", "TRANSCRIPTION", "TRANSCRIPTION_OPERATIONS", "TRANSCRIPTION_SCHEMAS"]

TRANSCRIPTION: Final = "Transcription"
OPENAI: Final = "OpenAI compatibility"
TRANSCRIPTION_SCHEMAS: Final[tuple[type[BaseModel], ...]] = (
    Model,
    ModelList,
    OpenAITranscription,
    OpenAIDiarizedTranscription,
    OpenAIVerboseTranscription,
    TranscriptionList,
    TranscriptionResponse,
)
_TEXT: Final = EXAMPLE_TRANSCRIPTION["text"]
_EVENTS: Final = text_content("text/event-stream", 'data: {"type": "transcript.text.delta", …}\n\n')
_MODEL: Final = {
    "id": EXAMPLE_ALIAS,
    "object": "model",
    "created": 0,
    "owned_by": EXAMPLE_NAME,
    "licence": EXAMPLE_LICENCE,
    "languages": [EXAMPLE_LANGUAGE],
}
_OPENAI_TRANSCRIPTION: Final = {
    "text": _TEXT,
    "model": EXAMPLE_TRANSCRIPTION["model"],
    "usage": {"type": "duration", "seconds": 2.41},
    "warnings": [],
}
_RAW_AUDIO: Final = ("audio/wav", "audio/flac", "audio/L16;rate=8000", "audio/PCMU", "application/octet-stream")


def _form(required: list[str], *, several_files: bool) -> dict[str, Any]:
    return {"multipart/form-data": {"schema": form_schema(required=required, several_files=several_files)}}


def _query_parameters() -> list[dict[str, Any]]:
    """Describe the fields as parameters, without defaults.

    Generated clients send defaults, and a field that is in both the query and the form is refused.

    Returns:
        OpenAPI's parameter objects.
    """
    return [
        {
            "name": name,
            "in": "query",
            "schema": {key: value for key, value in schema.items() if key != "default"},
            "description": "As in the form, for a recording without one.",
        }
        for name, schema in FIELD_SCHEMAS.items()
    ]


_TRANSCRIPTS: Final = {
    **json_content(EXAMPLE_TRANSCRIPTION, TranscriptionResponse, TranscriptionList),
    **{form.media_type: {"schema": STRING, "example": form.example} for form in TEXT_FORMATS.values()},
    **_EVENTS,
}
_OPENAI_TRANSCRIPTS: Final = {
    # The plain form last: the others have every field of it, and would fit it, too.
    **json_content(_OPENAI_TRANSCRIPTION, OpenAIVerboseTranscription, OpenAIDiarizedTranscription, OpenAITranscription),
    **text_content("text/plain", **{name: form.example for name, form in TEXT_FORMATS.items()}),
    **_EVENTS,
}
_RECORDINGS: Final = _form(["file"], several_files=True) | {media: {"schema": BINARY} for media in _RAW_AUDIO}
_MODELS: Final = json_content({"object": "list", "data": [_MODEL]}, ModelList)
_MODEL_PATH: Final = "/v1/models/{model}"

TRANSCRIPTION_OPERATIONS: Final = (
    Operation(
        "post",
        "/transcribe",
        "transcribe",
        "Transcribe a recording, or several",
        TRANSCRIPTION,
        content=_TRANSCRIPTS,
        more_parameters=_query_parameters(),
        body={"required": True, "content": _RECORDINGS},
    ),
)
OPENAI_OPERATIONS: Final = (
    Operation(
        "post",
        "/v1/audio/transcriptions",
        "createTranscription",
        "Transcribe one recording as OpenAI's API does",
        OPENAI,
        content=_OPENAI_TRANSCRIPTS,
        body={"required": True, "content": _form(["file", "model"], several_files=False)},
    ),
    Operation(
        "post",
        "/v1/audio/translations",
        "createTranslation",
        "Not offered: every request is refused",
        OPENAI,
        status=None,
        responses={"400": ERROR},
    ),
    Operation("get", "/v1/models", "listModels", "List the names that a request may use", OPENAI, content=_MODELS),
    Operation(
        "get",
        _MODEL_PATH,
        "retrieveModel",
        "Retrieve one of the names",
        OPENAI,
        content=json_content(_MODEL, Model),
        path_examples={"model": EXAMPLE_ALIAS},
    ),
)
