"""The bodies of requests and answers, as the OpenAPI document and BentoML's schema describe them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

from bentoml import IODescriptor
from pydantic import BaseModel, ConfigDict, Field

from hindi_stt.api.forms.transcription_request import FIELD_SCHEMAS
from hindi_stt.api.openapi.served_models import EXAMPLE_LANGUAGE, EXAMPLE_MODEL, of_these_models
from hindi_stt.bentoml_compat.unread_request import UnreadRequest
from hindi_stt.bundle.registry import Registry

__all__ = [
    "EXAMPLE_ERROR",
    "EXAMPLE_TRANSCRIPTION",
    "ClientSecret",
    "ErrorBody",
    "Model",
    "ModelList",
    "OpenAIDiarizedTranscription",
    "OpenAITranscription",
    "OpenAIVerboseTranscription",
    "TranscribeRequest",
    "TranscriptionList",
    "TranscriptionResponse",
    "request_schema",
    "response_schema",
]

EXAMPLE_TRANSCRIPTION: Final[dict[str, Any]] = {
    "text": "आज मौसम बहुत अच्छा है",
    "language": EXAMPLE_LANGUAGE,
    "duration": 2.41,
    "words": [
        {"word": "आज", "start": 0.24, "end": 0.4, "confidence": 0.98},
        {"word": "मौसम", "start": 0.52, "end": 0.92, "confidence": 0.95},
    ],
    "model": EXAMPLE_MODEL,
    "warnings": [],
    "timings_ms": {"decode": 1.2, "features": 1.5, "queue_inference": 24.0, "decoding": 0.3},
    "request_id": "6f1c0e5d9b7a4f7f8a6b3c2d1e0f9a8b",
}
EXAMPLE_ERROR: Final[dict[str, Any]] = {
    "error": {
        "code": "unsupported_audio",
        "message": "The file is not audio in a format that can be read here.",
        "status": 415,
        "request_id": "6f1c0e5d9b7a4f7f8a6b3c2d1e0f9a8b",
        "help": "Send WAV, FLAC, OGG (Vorbis or Opus) or MP3.",
    }
}
_CHANNEL: Final = "With channels=split: the channel, counted from 0."
_SPEAKER: Final = "With diarize=true: who spoke, Speaker 1 for instance."


class WordBody(BaseModel):
    """One word; start and end in seconds from the start of the recording, confidence in [0, 1]."""

    word: str
    start: float
    end: float
    confidence: float = Field(ge=0, le=1)
    channel: int | None = Field(None, ge=0, description=_CHANNEL)
    speaker: str | None = Field(None, description=_SPEAKER)


class TimedWord(BaseModel):
    """One word; start and end in seconds from the start of the recording."""

    word: str
    start: float
    end: float
    channel: int | None = Field(None, ge=0, description=_CHANNEL)
    speaker: str | None = Field(None, description=_SPEAKER)


class SegmentBody(BaseModel):
    """Speech between two pauses; start and end in seconds from the start of the recording."""

    id: int
    start: float
    end: float
    text: str
    avg_logprob: float = Field(description="Mean natural logarithm of the words' confidences.")
    channel: int | None = Field(None, ge=0, description=_CHANNEL)
    speaker: str | None = Field(None, description=_SPEAKER)


class DiarizedSegment(BaseModel):
    """What one speaker said without a break: start and end in seconds from the recording's start."""

    type: Literal["transcript.text.segment"]
    id: str
    start: float
    end: float
    text: str
    speaker: str = Field(
        description="A, B and so on in the order in which they first speak, or a known speaker's name."
    )


class ParagraphBody(BaseModel):
    """A paragraph; start and end in seconds from the start of the recording."""

    start: float
    end: float
    text: str
    channel: int | None = Field(None, ge=0, description=_CHANNEL)
    speaker: str | None = Field(None, description=_SPEAKER)


class LogProb(BaseModel):
    """A word with the natural logarithm of its confidence; bytes: its UTF-8."""

    token: str
    bytes: list[int]
    logprob: float = Field(le=0)


class TimingsBody(BaseModel):
    """Milliseconds that each stage took."""

    decode: float
    features: float
    queue_inference: float
    decoding: float
    speakers: float | None = Field(None, description="With diarize=true.")


class Usage(BaseModel):
    """Seconds of audio."""

    type: Literal["duration"]
    seconds: float


class TranscriptionResponse(IODescriptor):
    """A transcript; duration in seconds."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE_TRANSCRIPTION})

    text: str
    language: str
    duration: float
    words: list[WordBody]
    model: str
    warnings: list[str]
    timings_ms: TimingsBody
    request_id: str
    segments: list[SegmentBody] | list[DiarizedSegment] | None = Field(
        None, description="With response_format=verbose_json, or diarized_json."
    )
    logprobs: list[LogProb] | None = Field(None, description="With include[]=logprobs.")
    paragraphs: list[ParagraphBody] | None = Field(None, description="With paragraphs=true.")


class TranscriptionList(BaseModel):
    """The transcripts of several recordings in their order: each a TranscriptionResponse or an error, with `file`."""

    results: list[dict[str, Any]]
    request_id: str


class OpenAITranscription(BaseModel):
    """A transcript in the form of OpenAI's response_format=json."""

    text: str
    model: str = Field(description="The model that was used, whatever name it was asked for by.")
    usage: Usage
    warnings: list[str]
    logprobs: list[LogProb] | None = Field(None, description="With include[]=logprobs.")
    paragraphs: list[ParagraphBody] | None = Field(None, description="With paragraphs=true.")


class OpenAIVerboseTranscription(BaseModel):
    """A transcript in the form of OpenAI's response_format=verbose_json; duration in seconds."""

    task: Literal["transcribe"]
    language: str
    duration: float
    text: str
    model: str = Field(description="The model that was used, whatever name it was asked for by.")
    usage: Usage
    warnings: list[str]
    segments: list[SegmentBody] | None = Field(None, description="Unless only words were asked for.")
    words: list[TimedWord] | None = Field(None, description="With timestamp_granularities[]=word.")


class OpenAIDiarizedTranscription(BaseModel):
    """A transcript in the form of OpenAI's response_format=diarized_json; duration in seconds."""

    task: Literal["transcribe"]
    duration: float
    text: str
    segments: list[DiarizedSegment]
    model: str = Field(description="The model that was used, whatever name it was asked for by.")
    usage: Usage
    warnings: list[str]


class Model(BaseModel):
    """A name that a request may use for a model."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str = Field(description="Names of the models that are used under this name.")
    licence: str
    languages: list[str]


class ModelList(BaseModel):
    """Every name that a request may use for a model."""

    object: Literal["list"]
    data: list[Model]


class ClientSecret(BaseModel):
    """A token for one realtime connection or several; expires_at: Unix time in seconds."""

    value: str
    expires_at: int
    session: dict[str, Any]


class ErrorDetail(BaseModel):
    """An error: a stable code, a message about this case, and advice (help)."""

    code: str
    message: str
    status: int
    request_id: str
    help: str
    type: str | None = Field(None, description="Below /v1, as OpenAI's: invalid_request_error or server_error.")
    param: str | None = Field(None, description="Below /v1: the field at fault, where it is one field's fault.")


class ErrorBody(BaseModel):
    """The shape of every error answer."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE_ERROR})

    error: ErrorDetail


class TranscribeRequest(UnreadRequest):
    """Recordings as multipart file parts named `file`, and options as text fields."""

    file: Path = Field(description="The recording.")


def request_schema(registry: Registry) -> type[TranscribeRequest]:
    """Describe TranscribeRequest with the fields that these models take.

    Args:
        registry: The models of the server.

    Returns:
        A class that BentoML describes with all fields; as a model it has the file alone.
    """

    def extend(schema: dict[str, Any]) -> None:
        schema["properties"] |= of_these_models(FIELD_SCHEMAS, registry)

    class _Request(TranscribeRequest):
        __doc__ = TranscribeRequest.__doc__
        model_config = ConfigDict(title="TranscribeRequest", json_schema_extra=extend)

    return _Request


def response_schema(registry: Registry) -> type[TranscriptionResponse]:
    """Describe TranscriptionResponse with an example of one of these models.

    Args:
        registry: The models of the server.

    Returns:
        A class with the same fields.
    """
    example = of_these_models(EXAMPLE_TRANSCRIPTION, registry)

    class _Response(TranscriptionResponse):
        __doc__ = TranscriptionResponse.__doc__
        model_config = ConfigDict(title="TranscriptionResponse", json_schema_extra={"example": example})

    return _Response
