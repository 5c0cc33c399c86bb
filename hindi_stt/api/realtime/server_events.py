"""The events that the server sends; their docstrings are their descriptions in the OpenAPI document.

Longer than 300 lines: one class for each event, and nothing else.
"""

from __future__ import annotations

import uuid
from typing import Any, Final, Literal

from pydantic import BaseModel, Field, SerializeAsAny

from hindi_stt.api.realtime.turn_detection import ShownTurnDetection
from hindi_stt.errors import HindiSTTError

__all__ = [
    "SERVER_EVENTS",
    "BetaSession",
    "BetaSessionCreated",
    "BetaSessionUpdated",
    "Cleared",
    "Committed",
    "Completed",
    "Delta",
    "ErrorDetail",
    "ErrorEvent",
    "Failed",
    "Language",
    "SegmentFound",
    "ServerEvent",
    "Session",
    "SessionAudio",
    "SessionAudioInput",
    "SessionCreated",
    "SessionUpdated",
    "ShownSession",
    "SpeechStarted",
    "SpeechStopped",
    "Usage",
    "error_detail",
    "error_event",
    "new_id",
    "session_event",
]


def new_id(kind: str) -> str:
    """Return an id in OpenAI's form.

    Args:
        kind: Prefix by the kind of object: event, item or sess.
    """
    return f"{kind}_{uuid.uuid4().hex[:21]}"


class ShownSession(BaseModel):
    """The session in force. warnings: parameters that have no effect; left out if there are none."""

    id: str
    object: Literal["realtime.transcription_session"] = "realtime.transcription_session"
    warnings: tuple[str, ...] = Field((), exclude_if=lambda warnings: not warnings)


class SessionAudioInput(BaseModel):
    """How the audio is read, transcribed and cut into turns; transcription and noise_reduction: as they were sent."""

    format: dict[str, Any]
    transcription: dict[str, Any]
    turn_detection: ShownTurnDetection | None
    noise_reduction: dict[str, Any] | None


class SessionAudio(BaseModel):
    """The audio of a session."""

    input: SessionAudioInput


class Session(ShownSession):
    """The session in force."""

    type: Literal["transcription"] = "transcription"
    audio: SessionAudio
    include: list[str]


class BetaSession(ShownSession):
    """The session in force, in the spelling of OpenAI's beta."""

    input_audio_format: str
    input_audio_transcription: dict[str, Any]
    input_audio_noise_reduction: dict[str, Any] | None
    turn_detection: ShownTurnDetection | None
    include: list[str]


class Language(BaseModel):
    """A language by its code: hi."""

    code: str


class Usage(BaseModel):
    """Seconds of audio, which is what OpenAI bills by."""

    type: Literal["duration"] = "duration"
    seconds: float


class ErrorDetail(BaseModel):
    """An error within an event: OpenAI's fields and `help`."""

    type: Literal["server_error", "invalid_request_error"]
    code: str
    message: str
    param: str | None
    help: str


class _AboutEvent(ErrorDetail):
    """An error, and the id of the client's event that it is about."""

    event_id: str | None


class ServerEvent(BaseModel):
    """The base of events."""

    event_id: str = Field(default_factory=lambda: new_id("event"))


class _SessionEvent(ServerEvent):
    session: SerializeAsAny[ShownSession]


class SessionCreated(_SessionEvent):
    """The session that the connection begins with."""

    type: Literal["session.created"] = "session.created"


class SessionUpdated(_SessionEvent):
    """The session that is in force."""

    type: Literal["session.updated"] = "session.updated"


class BetaSessionCreated(_SessionEvent):
    """As session.created, in the spelling of OpenAI's beta."""

    type: Literal["transcription_session.created"] = "transcription_session.created"


class BetaSessionUpdated(_SessionEvent):
    """As session.updated, in the spelling of OpenAI's beta."""

    type: Literal["transcription_session.updated"] = "transcription_session.updated"


class SpeechStarted(ServerEvent):
    """Speech has begun: audio_start_ms, item_id."""

    type: Literal["input_audio_buffer.speech_started"] = "input_audio_buffer.speech_started"
    audio_start_ms: int
    item_id: str


class SpeechStopped(ServerEvent):
    """The turn has ended: audio_end_ms, item_id."""

    type: Literal["input_audio_buffer.speech_stopped"] = "input_audio_buffer.speech_stopped"
    audio_end_ms: int
    item_id: str


class Committed(ServerEvent):
    """The utterance has ended: item_id, previous_item_id."""

    type: Literal["input_audio_buffer.committed"] = "input_audio_buffer.committed"
    item_id: str
    previous_item_id: str | None


class Cleared(ServerEvent):
    """The utterance in progress was discarded."""

    type: Literal["input_audio_buffer.cleared"] = "input_audio_buffer.cleared"


class _ItemEvent(ServerEvent):
    item_id: str
    content_index: int = 0


class Delta(_ItemEvent):
    """Words that will not change any more: delta; and words that may: unstable."""

    type: Literal["conversation.item.input_audio_transcription.delta"] = (
        "conversation.item.input_audio_transcription.delta"
    )
    delta: str
    unstable: str


class SegmentFound(_ItemEvent):
    """What one speaker said of an utterance; where speakers are told apart, before its transcript."""

    type: Literal["conversation.item.input_audio_transcription.segment"] = (
        "conversation.item.input_audio_transcription.segment"
    )
    id: str
    text: str
    speaker: str
    start: float
    end: float


class Completed(_ItemEvent):
    """The transcript of an utterance, with words, times and warnings."""

    type: Literal["conversation.item.input_audio_transcription.completed"] = (
        "conversation.item.input_audio_transcription.completed"
    )
    transcript: str
    usage: Usage
    audio_start_ms: int
    audio_end_ms: int
    languages: list[Language]
    words: list[dict[str, Any]]
    warnings: list[str]
    logprobs: list[dict[str, Any]] | None = Field(None, exclude_if=lambda value: value is None)


class Failed(_ItemEvent):
    """An utterance that could not be transcribed: error."""

    type: Literal["conversation.item.input_audio_transcription.failed"] = (
        "conversation.item.input_audio_transcription.failed"
    )
    error: ErrorDetail


class ErrorEvent(ServerEvent):
    """An error: code, message, param, event_id, help."""

    type: Literal["error"] = "error"
    error: _AboutEvent


SERVER_EVENTS: Final[tuple[type[ServerEvent], ...]] = (
    SessionCreated,
    SessionUpdated,
    BetaSessionCreated,
    BetaSessionUpdated,
    SpeechStarted,
    SpeechStopped,
    Committed,
    Cleared,
    Delta,
    SegmentFound,
    Completed,
    Failed,
    ErrorEvent,
)


def session_event(session: ShownSession, *, created: bool) -> ServerEvent:
    """Make the event that shows a session, in the session's spelling.

    Args:
        session: The session.
        created: Whether this is the connection's first event.

    Returns:
        The event.
    """
    if isinstance(session, BetaSession):
        return BetaSessionCreated(session=session) if created else BetaSessionUpdated(session=session)
    return SessionCreated(session=session) if created else SessionUpdated(session=session)


def error_event(error: HindiSTTError, event_id: str | None = None) -> ErrorEvent:
    """Make the event about an error.

    Args:
        error: The error.
        event_id: The client's id of the event that caused it.

    Returns:
        The event.
    """
    return ErrorEvent(error=_AboutEvent(**error_detail(error).model_dump(), event_id=event_id))


def error_detail(error: HindiSTTError) -> ErrorDetail:
    """Describe an error as a part of an event."""
    return ErrorDetail(
        type="server_error" if error.status >= 500 else "invalid_request_error",
        code=error.code,
        message=error.message,
        # An error in audio concerns many events together, and none of them has a field `file`.
        param=None if error.param == "file" else error.param,
        help=error.help,
    )
