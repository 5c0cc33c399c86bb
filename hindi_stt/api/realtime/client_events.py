"""The events that a client may send: OpenAI's Realtime protocol, transcription part.

Both spellings are understood: session.update (2025 and later) and transcription_session.update (the beta).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema

from hindi_stt.api.json_messages import parse_json_object
from hindi_stt.api.realtime.session_models import BetaTranscriptionSession, TranscriptionSession
from hindi_stt.api.realtime.validation import field_error, invalid_request
from hindi_stt.errors import InvalidRequest

__all__ = [
    "CLIENT_EVENTS",
    "Append",
    "BetaUpdate",
    "Clear",
    "ClientEvent",
    "Commit",
    "Update",
    "event_id_of",
    "parse_event",
    "parse_json",
]

# A packet is a tenth of a second or so; whole files belong to the file API.
_MAX_EVENT_CHARACTERS: Final = 2 * 2**20
_MAX_ID_LENGTH: Final = 64
_URL_SAFE: Final = str.maketrans("-_", "+/")


def _decode_base64(value: Any) -> bytes:
    """Decode base64, standard or URL-safe, in one line or several, with padding or without."""
    if value is None:
        raise field_error("is missing")
    if not isinstance(value, str):
        raise field_error("is not base64")
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        pass  # not the usual form, which is tried first because it is the fastest
    text = "".join(value.split()).translate(_URL_SAFE).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise field_error("is not base64") from error


def _usable_id(value: Any) -> str | None:
    return value[:_MAX_ID_LENGTH] if isinstance(value, str) else None


class _Event(BaseModel):
    """The base of events; the docstrings of events are their descriptions in the OpenAPI document.

    Fields that are unknown here are ignored, unlike those of sessions.
    """

    model_config = ConfigDict(frozen=True)

    event_id: Annotated[str | SkipJsonSchema[None], BeforeValidator(_usable_id)] = Field(
        None, description="Named in errors about this event."
    )


class Append(_Event):
    """Send audio."""

    type: Literal["input_audio_buffer.append"]
    audio: Annotated[
        bytes,
        BeforeValidator(_decode_base64),
        WithJsonSchema({"type": "string", "description": "Samples in the session's format, in base64."}),
    ]


class Commit(_Event):
    """End the utterance here."""

    type: Literal["input_audio_buffer.commit"]


class Clear(_Event):
    """Discard the utterance in progress."""

    type: Literal["input_audio_buffer.clear"]


class Update(_Event):
    """Set the audio format, the model and turn detection."""

    type: Literal["session.update"]
    session: TranscriptionSession


class BetaUpdate(_Event):
    """The same in the spelling of OpenAI's beta."""

    type: Literal["transcription_session.update"]
    session: BetaTranscriptionSession


ClientEvent = Append | Commit | Clear | Update | BetaUpdate
CLIENT_EVENTS: Final[tuple[type[ClientEvent], ...]] = (Update, BetaUpdate, Append, Commit, Clear)
_adapter: Final[TypeAdapter[ClientEvent]] = TypeAdapter(Annotated[ClientEvent, Field(discriminator="type")])
_KINDS: Final = frozenset(kind for model in CLIENT_EVENTS for kind in get_args(model.model_fields["type"].annotation))


def parse_json(message: Mapping[str, Any]) -> dict[str, Any]:
    """Parse a client's message as a JSON object.

    Args:
        message: The message of ASGI's websocket.receive.

    Returns:
        The object.

    Raises:
        InvalidRequest: It is binary, too long, or anything but a JSON object whose texts can be sent back.
    """
    text = message.get("text")
    if text is None:
        raise InvalidRequest("Events are text messages with JSON; this one is binary.")
    if len(text) > _MAX_EVENT_CHARACTERS:
        raise InvalidRequest(f"The event has {len(text)} characters; the limit is {_MAX_EVENT_CHARACTERS}.")
    return parse_json_object(text, "The event")


def event_id_of(event: Mapping[str, Any]) -> str | None:
    """Return the id that the client gave its event, for the error about it."""
    return _usable_id(event.get("event_id"))


def parse_event(event: Mapping[str, Any]) -> ClientEvent:
    """Validate an event.

    Args:
        event: As `parse_json` returns it.

    Returns:
        The event.

    Raises:
        InvalidRequest: There is no such event, or one of its fields cannot be used; `param` is the path of the field.
    """  # noqa: DOC501  # invalid_request is a function
    kind = event.get("type")
    if kind is None:
        raise InvalidRequest("The event has no 'type'.", param="type")
    if not isinstance(kind, str):
        raise InvalidRequest("The event's 'type' is not text.", param="type")
    if kind not in _KINDS:
        raise InvalidRequest(f"There is no event of type {kind[:64]!r} in a transcription session.", param="type")
    try:
        return _adapter.validate_python(event)
    except ValidationError as error:
        raise invalid_request(error, union=True) from error
