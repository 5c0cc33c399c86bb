"""The events of OpenAI's Realtime protocol, transcription part: what a client may send, and errors as events.

Both spellings are understood: session.update (2025 and later) and transcription_session.update (the beta).
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hindi_stt.api.realtime.session_config import SessionConfig, object_field, with_beta_session, with_session
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.errors import HindiSTTError, InvalidRequest, within

__all__ = [
    "Append",
    "Clear",
    "Commit",
    "Update",
    "error_detail",
    "error_event",
    "event_id_of",
    "new_id",
    "parse_event",
]

# A packet is a tenth of a second or so; whole files belong to the file API.
_MAX_EVENT_LETTERS: Final = 2 * 2**20
_URL_SAFE: Final = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True)
class Append:
    """Audio, in the session's format."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Commit:
    """End the utterance here; event_id: the client's, for an error about it."""

    event_id: str | None


@dataclass(frozen=True, slots=True)
class Clear:
    """Forget the utterance in progress."""


@dataclass(frozen=True, slots=True)
class Update:
    """Another session from here on; beta: in which spelling it was asked for."""

    config: SessionConfig
    beta: bool


def parse_event(message: Mapping[str, Any], config: SessionConfig, recognizer: Recognizer) -> Any:
    """A WebSocket message → Append, Commit, Clear or Update. Raises InvalidRequest, UnknownModel, InvalidHotwords, …"""
    event = _json_of(message)
    match event.get("type"):
        case "input_audio_buffer.append":
            return Append(_audio_of(event))
        case "input_audio_buffer.commit":
            return Commit(event_id_of(message))
        case "input_audio_buffer.clear":
            return Clear()
        case "session.update":
            session = object_field(event, "session")
            with within("session"):
                return Update(with_session(config, session, recognizer), beta=False)
        case "transcription_session.update":
            session = object_field(event, "session")
            with within("session"):
                return Update(with_beta_session(config, session, recognizer), beta=True)
        case None:
            raise InvalidRequest("The event has no 'type'.", param="type")
        case str(kind):
            raise InvalidRequest(f"There is no event of type {kind[:64]!r} in a transcription session.", param="type")
        case _:
            raise InvalidRequest("The event's 'type' is not text.", param="type")


def event_id_of(message: Mapping[str, Any]) -> str | None:
    """The id that the client gave its event, for the error about it."""
    try:
        found = _json_of(message).get("event_id")
    except InvalidRequest:
        return None
    return found[:64] if isinstance(found, str) else None


def _json_of(message: Mapping[str, Any]) -> dict[str, Any]:
    text = message.get("text")
    if text is None:
        raise InvalidRequest("Events are text messages with JSON; this one is binary.")
    if len(text) > _MAX_EVENT_LETTERS:
        raise InvalidRequest(f"The event has {len(text)} letters, the bound is {_MAX_EVENT_LETTERS}.")
    try:
        event = json.loads(text)
        # Half of a surrogate pair is JSON, but no text: it could not be sent back.
        if "\\ud" in text.lower():
            json.dumps(event, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("The event is not JSON, or holds what is no text.") from error
    if not isinstance(event, dict):
        raise InvalidRequest("The event is not a JSON object.")
    return event


def _audio_of(event: Mapping[str, Any]) -> bytes:
    """The bytes of base64, standard or URL-safe, in one line or several, with padding or without."""
    text = event.get("audio")
    if text is None:
        raise InvalidRequest("'audio' is missing.", param="audio")
    if not isinstance(text, str):
        raise InvalidRequest("'audio' is not base64.", param="audio")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        pass  # not the usual form, which is tried first because it is the fastest
    text = "".join(text.split()).translate(_URL_SAFE).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise InvalidRequest("'audio' is not base64.", param="audio") from error


def new_id(kind: str) -> str:
    """An id in OpenAI's form."""
    return f"{kind}_{uuid.uuid4().hex[:21]}"


def error_event(error: HindiSTTError, event_id: str | None = None) -> dict[str, Any]:
    """The event that tells an error; event_id: the client's event that it is about."""
    return {"type": "error", "error": error_detail(error) | {"event_id": event_id}}


def error_detail(error: HindiSTTError) -> dict[str, Any]:
    """An error within an event: OpenAI's fields and `help`."""
    kind = "server_error" if error.status >= 500 else "invalid_request_error"
    # What is wrong with audio is the fault of many events together, and none of them has a field `file`.
    param = None if error.param == "file" else error.param
    return {"type": kind, "code": error.code, "message": error.message, "param": param, "help": error.help}
