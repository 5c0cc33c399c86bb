"""The OpenAPI document's part on Deepgram's /v1/listen: recordings by POST, live audio over a WebSocket."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, Field

from hindi_stt.api.forms.transcription_request import FIELD_SCHEMAS
from hindi_stt.api.openapi.operations import BINARY, ERROR, STRING, Json, Operation, json_content
from hindi_stt.api.openapi.served_models import EXAMPLE_MODEL, EXAMPLE_NAME
from hindi_stt.transcription.options import RECORDING_FIELDS

__all__ = ["LISTEN", "LISTEN_OPERATIONS", "LISTEN_SCHEMAS"]

LISTEN: Final = "Deepgram compatibility"
_PATH: Final = "/v1/listen"
_FLAG: Final[Json] = {"type": "boolean"}
_TEXTS: Final[Json] = {"type": "array", "items": STRING}
_RAW: Final = ["linear16", "mulaw", "alaw"]

_SHARED: Final[Json] = {
    "model": {**STRING, "description": "A name of this server; names of Deepgram's models mean its default."},
    "language": {**STRING, "description": "As POST /transcribe; hi-Latn is Hindi in Latin letters."},
    "channels": {"type": "integer", "minimum": 1, "maximum": 8, "description": "Of samples without a container."},
    "multichannel": {**_FLAG, "description": "Each channel by itself; without it they are mixed."},
    "punctuate": {**_FLAG, "description": "Punctuation marks."},
    "smart_format": {**_FLAG, "description": "Punctuation marks, and digits for spoken numbers."},
    "numerals": {**STRING, "description": "true: digits for spoken numbers; or a value as POST /transcribe takes it."},
    "keyterm": {**_TEXTS, "description": "Words to listen for."},
    "keywords": {**_TEXTS, "description": "As keyterm; intensifiers have no effect."},
    "redact": {**STRING, "description": "pci hides numbers of cards; other values all that mask can hide."},
    "tag": {**_TEXTS, "description": "Given back."},
    "extra": {**_TEXTS, "description": "NAME:VALUE; given back."},
    "prompt": FIELD_SCHEMAS["prompt"],
    "diarize_model": {**STRING, "description": "latest: as diarize=true."},
}
_OF_RECORDINGS: Final[Json] = {
    "encoding": {**STRING, "description": f"Of samples without a container: {', '.join(_RAW)}."},
    "sample_rate": {"type": "integer", "minimum": 8_000, "maximum": 48_000, "description": "Of such samples, in Hz."},
    "utterances": {**_FLAG, "description": "Also give utterances."},
    "utt_split": {"type": "number", "exclusiveMinimum": 0, "maximum": 60, "description": "Seconds between them."},
    "paragraphs": {**_FLAG, "description": "Also give paragraphs with their sentences."},
    "detect_language": {**_FLAG, "description": "Choose the model by the language that is spoken."},
}
_OF_LIVE_AUDIO: Final[Json] = {
    "encoding": {**STRING, "enum": _RAW},
    "sample_rate": {**_OF_RECORDINGS["sample_rate"], "description": "In Hz; with encoding=linear16."},
    "interim_results": {**_FLAG, "description": "Also send words of utterances in progress."},
    "endpointing": {**STRING, "description": "Milliseconds of silence that end a result, 50 to 10,000; or false."},
    "utterance_end_ms": {"type": "integer", "minimum": 1, "maximum": 60_000, "description": "Send UtteranceEnd."},
    "vad_events": {**_FLAG, "description": "Send SpeechStarted."},
    "silence_ms": {"type": "integer", "minimum": 50, "maximum": 10_000, "description": "As endpointing."},
}
# The server's own options by their own names.
_OWN: Final[Json] = {name: FIELD_SCHEMAS[name] for name in RECORDING_FIELDS if name not in _SHARED}


class ListenWord(BaseModel):
    """A word; start and end in seconds."""

    word: str
    start: float
    end: float
    confidence: float = Field(ge=0, le=1)
    speaker: int | None = Field(None, ge=0, description="With diarize=true.")
    punctuated_word: str | None = Field(None, description="With punctuate=true or smart_format=true.")


class ListenSentence(BaseModel):
    """A sentence; start and end in seconds."""

    text: str
    start: float
    end: float


class ListenParagraph(BaseModel):
    """A paragraph; start and end in seconds."""

    sentences: list[ListenSentence]
    speaker: int | None = Field(None, ge=0, description="With diarize=true.")
    num_words: int
    start: float
    end: float


class ListenParagraphs(BaseModel):
    """The paragraphs of a channel, and their texts with an empty line between two."""

    transcript: str
    paragraphs: list[ListenParagraph]


class ListenAlternative(BaseModel):
    """The transcript of a channel."""

    transcript: str
    confidence: float = Field(ge=0, le=1)
    words: list[ListenWord]
    paragraphs: ListenParagraphs | None = Field(None, description="With paragraphs=true.")


class ListenChannel(BaseModel):
    """A channel."""

    alternatives: list[ListenAlternative]
    detected_language: str | None = Field(None, description="With detect_language=true.")


class ListenUtterance(BaseModel):
    """Words of one speaker without a pause; start and end in seconds."""

    id: str
    start: float
    end: float
    confidence: float = Field(ge=0, le=1)
    channel: int = Field(ge=0)
    transcript: str
    words: list[ListenWord]
    speaker: int | None = Field(None, ge=0, description="With diarize=true.")


class ListenModelInfo(BaseModel):
    """A model."""

    name: str
    version: str
    arch: str


class ListenDiarizer(BaseModel):
    """The speaker model."""

    model_uuid: str
    arch: str


class ListenMetadata(BaseModel):
    """What is known of the recording; duration in seconds."""

    transaction_key: str
    request_id: str
    sha256: str
    created: str
    duration: float
    channels: int
    models: list[str]
    model_info: dict[str, ListenModelInfo]
    diarize_info: ListenDiarizer | None = Field(None, description="With diarize=true.")
    tags: list[str] | None = None
    extra: dict[str, str] | None = None


class ListenResults(BaseModel):
    """The transcripts of all channels."""

    channels: list[ListenChannel]
    utterances: list[ListenUtterance] | None = Field(None, description="With utterances=true.")


class ListenResponse(BaseModel):
    """Deepgram's answer to a recording; warnings name what has no effect."""

    metadata: ListenMetadata
    results: ListenResults
    warnings: list[str]


LISTEN_SCHEMAS: Final[tuple[type[BaseModel], ...]] = (ListenResponse,)

_WORD: Final = {"word": "नमस्ते", "start": 0.4, "end": 0.9, "confidence": 0.98}
_EXAMPLE: Final[dict[str, Any]] = {
    "metadata": {
        "transaction_key": "deprecated",
        "request_id": "6f1c0e5d9b7a4f7f8a6b3c2d1e0f9a8b",
        "sha256": "0" * 64,
        "created": "2027-01-15T08:00:00.000Z",
        "duration": 1.3,
        "channels": 1,
        "models": [EXAMPLE_MODEL],
        "model_info": {EXAMPLE_NAME: {"name": EXAMPLE_NAME, "version": "1", "arch": "ctc"}},
    },
    "results": {"channels": [{"alternatives": [{"transcript": "नमस्ते", "confidence": 0.98, "words": [_WORD]}]}]},
    "warnings": [],
}
_RECORDINGS: Final = {media: {"schema": BINARY} for media in ("audio/wav", "audio/flac", "application/octet-stream")}
_MESSAGES: Final[Json] = {
    "subprotocols": ["token"],
    "client-events": {
        "KeepAlive": {"summary": "Nothing; the connection stays open"},
        "Finalize": {"summary": "End the utterances in progress, of `channel` or of all"},
        "Configure": {"summary": "Change `keyterms` and `features`"},
        "CloseStream": {"summary": "End the stream, after its last results"},
    },
    "server-events": {
        "Results": "Words of an utterance",
        "SpeechStarted": "Speech begins",
        "UtteranceEnd": "Nobody has spoken for utterance_end_ms",
        "ConfigureSuccess": "A Configure is in force",
        "Metadata": "The last message",
        "Error": "A message that cannot be used, or the reason of the close",
    },
}


def _parameters(schemas: Json) -> list[Json]:
    """Parameters without defaults, which generated clients would send."""
    found = []
    for name, schema in schemas.items():
        kept = {key: value for key, value in schema.items() if key not in {"default", "description"}}
        described = {"description": schema["description"]} if "description" in schema else {}
        found.append({"name": name, "in": "query", **described, "schema": kept})
    return found


LISTEN_OPERATIONS: Final = (
    Operation(
        "post",
        _PATH,
        "listenToRecording",
        "Transcribe a recording as Deepgram's API does",
        LISTEN,
        content=json_content(_EXAMPLE, ListenResponse),
        more_parameters=_parameters({**_SHARED, **_OF_RECORDINGS, **_OWN}),
        body={"required": True, "content": _RECORDINGS},
        extensions={"description": "Parameters that have no effect are named in warnings; callback is refused."},
    ),
    Operation(
        "get",
        _PATH,
        "listenToLiveAudio",
        "Transcribe live audio over a WebSocket as Deepgram's API does",
        LISTEN,
        status=None,
        responses={
            "101": {"description": "The connection is a WebSocket from here on."},
            "426": {**ERROR, "description": "The request does not ask for a WebSocket."},
        },
        more_parameters=_parameters({**_SHARED, **_OF_LIVE_AUDIO, **_OWN}),
        extensions={
            "description": "Open a WebSocket at this path (RFC 6455). Binary messages are samples, texts are JSON.",
            "x-websocket": _MESSAGES,
        },
    ),
)
