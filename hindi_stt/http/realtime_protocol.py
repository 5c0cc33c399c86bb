"""The transcription part of OpenAI's Realtime protocol: what a session may be told, and what it tells.

Both spellings are understood: session.update (2025 and later) and transcription_session.update (the beta).
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hindi_stt.audio import PACKET_RATES, PacketFormat
from hindi_stt.errors import HindiSTTError, InvalidRequest
from hindi_stt.http.recognition import Recognizer
from hindi_stt.http.wishes import Asked, read_asked
from hindi_stt.options import FIELDS

__all__ = [
    "Append",
    "Clear",
    "Commit",
    "SessionConfig",
    "Update",
    "error_detail",
    "error_event",
    "event_id_of",
    "new_id",
    "parse_event",
]

# A packet is a tenth of a second or so; whole files belong to the file API.
_MAX_EVENT_LETTERS: Final = 2 * 2**20
_LOG_PROBS: Final = "item.input_audio_transcription.logprobs"
_BETA_FORMATS: Final = {
    "pcm16": PacketFormat("pcm16", 24_000),
    "g711_ulaw": PacketFormat("g711_ulaw", 8_000),
    "g711_alaw": PacketFormat("g711_alaw", 8_000),
}
_G711: Final = {"audio/pcmu": "g711_ulaw", "audio/pcma": "g711_alaw"}
_TRANSCRIPTION_FIELDS: Final = ("model", "language", "languages", "prompt", "keywords", "delay", *FIELDS)


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """What one connection asks for. transcription: OpenAI's fields and those of the file API, as they were sent."""

    asked: Asked
    audio: PacketFormat = field(default_factory=PacketFormat)
    end_pointing: bool = True
    log_probs: bool = False
    transcription: Mapping[str, Any] = field(default_factory=dict)

    def described(self, session_id: str, *, beta: bool) -> dict[str, Any]:
        """The session as the events about it show it."""
        transcription = dict(self.transcription)
        turn_detection = {"type": "server_vad"} if self.end_pointing else None
        include = [_LOG_PROBS] if self.log_probs else []
        if beta:
            return {
                "id": session_id,
                "object": "realtime.transcription_session",
                "input_audio_format": self.audio.encoding,
                "input_audio_transcription": transcription,
                "turn_detection": turn_detection,
                "include": include,
            }
        audio_format: dict[str, Any] = {"type": "audio/pcm", "rate": self.audio.rate}
        if self.audio.encoding != "pcm16":
            audio_format = {"type": next(name for name, known in _G711.items() if known == self.audio.encoding)}
        audio_input = {"format": audio_format, "transcription": transcription, "turn_detection": turn_detection}
        return {
            "id": session_id,
            "object": "realtime.transcription_session",
            "type": "transcription",
            "audio": {"input": audio_input},
            "include": include,
        }


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
            return Update(_updated(config, _object(event, "session"), recognizer), beta=False)
        case "transcription_session.update":
            return Update(_updated_beta(config, _object(event, "session"), recognizer), beta=True)
        case kind:
            raise InvalidRequest(f"There is no event of type {str(kind)[:64]!r} in a transcription session.")


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
    try:
        return base64.b64decode(event.get("audio", ""), validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise InvalidRequest("'audio' is not base64.") from error


def _object(parent: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = parent.get(name)
    if not isinstance(value, dict):
        raise InvalidRequest(f"{name!r} is missing, or not an object.")
    return value


def _updated(config: SessionConfig, session: dict[str, Any], recognizer: Recognizer) -> SessionConfig:
    if session.get("type", "transcription") != "transcription":
        raise InvalidRequest("The only type of session is 'transcription'.")
    config = _with_include(config, session)
    audio = session.get("audio") or {}
    if not isinstance(audio, dict):
        raise InvalidRequest("'audio' is not an object.")
    wanted = audio.get("input") or {}
    if not isinstance(wanted, dict):
        raise InvalidRequest("'audio.input' is not an object.")
    if wanted.get("format") is not None:
        config = replace(config, audio=_format(_object(wanted, "format")))
    return _with_rest(config, wanted, "transcription", recognizer)


def _updated_beta(config: SessionConfig, session: dict[str, Any], recognizer: Recognizer) -> SessionConfig:
    config = _with_include(config, session)
    if (name := session.get("input_audio_format")) is not None:
        if not isinstance(name, str) or name not in _BETA_FORMATS:
            raise InvalidRequest(f"input_audio_format may be {', '.join(_BETA_FORMATS)}.")
        config = replace(config, audio=_BETA_FORMATS[name])
    return _with_rest(config, session, "input_audio_transcription", recognizer)


def _with_include(config: SessionConfig, session: Mapping[str, Any]) -> SessionConfig:
    include = session.get("include")
    if include is None:
        return config
    if not isinstance(include, list) or any(name != _LOG_PROBS for name in include):
        raise InvalidRequest(f"include may be a list with {_LOG_PROBS!r}.")
    return replace(config, log_probs=bool(include))


def _format(wanted: Mapping[str, Any]) -> PacketFormat:
    kind = wanted.get("type", "audio/pcm")
    if kind == "audio/pcmu":
        return _BETA_FORMATS["g711_ulaw"]
    if kind == "audio/pcma":
        return _BETA_FORMATS["g711_alaw"]
    rate = wanted.get("rate", 24_000)
    if kind != "audio/pcm" or not isinstance(rate, int) or rate not in PACKET_RATES:
        rates = ", ".join(map(str, PACKET_RATES))
        raise InvalidRequest(f"format may be audio/pcm with a rate of {rates}, audio/pcmu or audio/pcma.")
    return PacketFormat("pcm16", rate)


def _with_rest(
    config: SessionConfig, wanted: Mapping[str, Any], transcription: str, recognizer: Recognizer
) -> SessionConfig:
    if "turn_detection" in wanted:
        config = replace(config, end_pointing=_end_pointing(wanted["turn_detection"]))
    if wanted.get(transcription) is not None:
        fields = _object(wanted, transcription)
        config = replace(config, asked=_asked(fields, recognizer), transcription=fields)
    return config


def _end_pointing(wanted: Any) -> bool:
    if wanted is None:
        return False
    if not isinstance(wanted, dict) or wanted.get("type", "server_vad") != "server_vad":
        raise InvalidRequest("turn_detection may be null, or of type server_vad.")
    return True


def _asked(fields: Mapping[str, Any], recognizer: Recognizer) -> Asked:
    unknown = sorted(set(fields) - set(_TRANSCRIPTION_FIELDS))
    if unknown:
        known = ", ".join(_TRANSCRIPTION_FIELDS)
        raise InvalidRequest(f"Unknown field of transcription: {unknown[0][:64]!r}. Known are {known}.")
    given = {name: value for name, value in fields.items() if value is not None}
    lists = {name: given.pop(name, []) for name in ("languages", "keywords")}
    for name, value in (given | lists).items():
        texts = value if isinstance(value, list) and name in lists else [value]
        if not all(isinstance(text, str) for text in texts):
            raise InvalidRequest(f"The field {name!r} of transcription is not text.")
    asked, *others = read_asked(given, lists, recognizer)
    if others:
        offered = ", ".join(one.pipeline.bundle.manifest.language for one in (asked, *others))
        raise InvalidRequest(f"Several languages go with recordings; a session names one of {offered}.")
    return asked


def new_id(kind: str) -> str:
    """An id in OpenAI's form."""
    return f"{kind}_{uuid.uuid4().hex[:21]}"


def error_event(error: HindiSTTError, event_id: str | None = None) -> dict[str, Any]:
    """The event that tells an error; event_id: the client's event that it is about."""
    return {"type": "error", "error": error_detail(error) | {"event_id": event_id}}


def error_detail(error: HindiSTTError) -> dict[str, Any]:
    """An error within an event: OpenAI's fields and `help`."""
    kind = "server_error" if error.status >= 500 else "invalid_request_error"
    return {"type": kind, "code": error.code, "message": error.message, "param": None, "help": error.help}
