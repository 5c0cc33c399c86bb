"""The bodies of requests and answers, as the OpenAPI page shows them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bentoml import IODescriptor
from pydantic import BaseModel, ConfigDict, Field

from hindi_stt.http.wishes import FIELD_SCHEMAS

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["EXAMPLE_ERROR", "ErrorBody", "TranscribeRequest", "TranscriptionResponse"]

EXAMPLE_TRANSCRIPTION: dict[str, Any] = {
    "text": "आज मौसम बहुत अच्छा है",
    "language": "hi",
    "duration": 2.41,
    "words": [
        {"word": "आज", "start": 0.24, "end": 0.4, "confidence": 0.98},
        {"word": "मौसम", "start": 0.52, "end": 0.92, "confidence": 0.95},
    ],
    "model": "hindi-stt-embedded:0123456789ab",
    "warnings": [],
    "timings_ms": {"decode": 1.2, "features": 1.5, "queue_inference": 24.0, "decoding": 0.3},
    "request_id": "6f1c0e5d9b7a4f7f8a6b3c2d1e0f9a8b",
}
EXAMPLE_ERROR: dict[str, Any] = {
    "error": {
        "code": "unsupported_audio",
        "message": "The file is not audio in a format that can be read here.",
        "status": 415,
        "request_id": "6f1c0e5d9b7a4f7f8a6b3c2d1e0f9a8b",
        "help": "Send WAV, FLAC, OGG (Vorbis or Opus) or MP3.",
    }
}


class WordBody(BaseModel):
    """One word; start and end in seconds from the start of the recording, confidence in [0, 1]."""

    word: str
    start: float
    end: float
    confidence: float = Field(ge=0, le=1)
    channel: int | None = Field(None, ge=0)


class TimingsBody(BaseModel):
    """Milliseconds that each stage of the line took."""

    decode: float
    features: float
    queue_inference: float
    decoding: float


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


class ErrorDetail(BaseModel):
    """What went wrong (code: stable; message: this case) and what to do about it (help)."""

    code: str
    message: str
    status: int
    request_id: str
    help: str


class ErrorBody(BaseModel):
    """The shape of every error answer."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE_ERROR})

    error: ErrorDetail


def _with_options(schema: dict[str, Any]) -> None:
    """Add the fields for BentoML's client; the model itself has the file alone, since it is never filled."""
    schema["properties"] |= FIELD_SCHEMAS


class TranscribeRequest(IODescriptor):
    """Recordings as multipart file parts named `file`, and options as text fields."""

    model_config = ConfigDict(json_schema_extra=_with_options)

    file: Path = Field(description="The recording.")

    @classmethod
    async def from_http_request(cls, request: Request, serde: Any) -> TranscribeRequest:
        """Hand the request over unread: BentoML's parser has no bounds, and fetches URLs found in a file field."""
        unread: TranscribeRequest = cls.model_construct(file=request)
        return unread
