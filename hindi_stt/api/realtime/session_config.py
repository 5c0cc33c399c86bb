"""The session of a realtime connection, in both of OpenAI's spellings: session.update and the beta's.

A field that is unknown, or belongs to the other spelling, is refused by name: audio in a format that was asked for in
vain would be heard as noise.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hindi_stt.api.forms.transcription_request import ModelRequest, parse_model_requests
from hindi_stt.api.realtime.turn_detection import TurnSettings, default_turns, parse_delay, parse_turn_detection
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.audio import PACKET_RATES, PacketFormat
from hindi_stt.errors import InvalidRequest, within
from hindi_stt.streaming import Context
from hindi_stt.transcription.options import FIELDS

__all__ = ["SessionConfig", "initial_config", "object_field", "with_beta_session", "with_session"]

_LOG_PROBS: Final = "item.input_audio_transcription.logprobs"
_BETA_FORMATS: Final = {
    "pcm16": PacketFormat("pcm16", 24_000),
    "g711_ulaw": PacketFormat("g711_ulaw", 8_000),
    "g711_alaw": PacketFormat("g711_alaw", 8_000),
}
_G711: Final = {"audio/pcmu": "g711_ulaw", "audio/pcma": "g711_alaw"}
_TRANSCRIPTION_FIELDS: Final = ("model", "language", "languages", "prompt", "keywords", "delay", *FIELDS)
# The server's own part of a session, which a client may send back unchanged.
_SHOWN_FIELDS: Final = ("id", "object", "expires_at", "warnings")
_SESSION_FIELDS: Final = ("type", "audio", "include")
_INPUT_FIELDS: Final = ("format", "transcription", "turn_detection", "noise_reduction")
_BETA_FIELDS: Final = (
    "input_audio_format",
    "input_audio_transcription",
    "input_audio_noise_reduction",
    "turn_detection",
    "include",
)
# Fields of the one spelling that were sent in the other → where they belong.
_BETA_TO_GA: Final = {
    "input_audio_format": "audio.input.format",
    "input_audio_transcription": "audio.input.transcription",
    "input_audio_noise_reduction": "audio.input.noise_reduction",
    "turn_detection": "audio.input.turn_detection",
}
_GA_TO_BETA: Final = {"audio": "input_audio_format, input_audio_transcription and turn_detection"}
_NOISE_REDUCTION: Final = ("near_field", "far_field")


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """What one connection asks for. transcription: OpenAI's fields and those of the file API, as they were sent.

    turns: turn detection; context: how soon words are shown; noise_reduction: as it was sent, it has no effect.
    address: model and language of the connection's address, which hold unless `transcription` names others.
    """

    model_request: ModelRequest
    audio: PacketFormat = field(default_factory=PacketFormat)
    turns: TurnSettings = field(default_factory=TurnSettings)
    context: Context = field(default_factory=Context)
    noise_reduction: Mapping[str, Any] | None = None
    log_probs: bool = False
    transcription: Mapping[str, Any] = field(default_factory=dict)
    address: Mapping[str, str] = field(default_factory=dict)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was asked for and has no effect."""
        unused = "noise_reduction has no effect: the model hears the audio as it is"
        return (*self.model_request.warnings, *self.turns.warnings, *([unused] if self.noise_reduction else []))

    def described(self, session_id: str, *, beta: bool) -> dict[str, Any]:
        """The session as the events about it show it."""
        transcription = dict(self.transcription)
        turn_detection = None if self.turns.described is None else dict(self.turns.described)
        include = [_LOG_PROBS] if self.log_probs else []
        shown: dict[str, Any] = {"id": session_id, "object": "realtime.transcription_session"}
        if self.warnings:
            shown |= {"warnings": list(self.warnings)}
        if beta:
            return shown | {
                "input_audio_format": self.audio.encoding,
                "input_audio_transcription": transcription,
                "input_audio_noise_reduction": self.noise_reduction,
                "turn_detection": turn_detection,
                "include": include,
            }
        audio_format: dict[str, Any] = {"type": "audio/pcm", "rate": self.audio.rate}
        if self.audio.encoding != "pcm16":
            audio_format = {"type": next(name for name, known in _G711.items() if known == self.audio.encoding)}
        audio_input = {
            "format": audio_format,
            "transcription": transcription,
            "turn_detection": turn_detection,
            "noise_reduction": self.noise_reduction,
        }
        return shown | {
            "type": "transcription",
            "audio": {"input": audio_input},
            "include": include,
        }


def initial_config(
    query: Mapping[str, str], session: Mapping[str, Any] | None, recognizer: Recognizer
) -> SessionConfig:
    """The session that a connection begins with.

    Args:
        query: The address's parameters: `intent`, `model` and `language` count.
        session: The session that the client's token carries, if any.
        recognizer: Knows the models.

    Raises:
        InvalidRequest: The intent is another than transcription, or the session cannot be used.
        UnknownModel: The server does not have the model.
        UnknownLanguage: The server refuses the language.
    """
    intent = query.get("intent", "transcription")
    if intent != "transcription":
        raise InvalidRequest(
            f"intent={intent[:64]!r} is not offered; leave it out, or set it to 'transcription'.", param="intent"
        )
    address = {name: value for name in ("model", "language") if (value := query.get(name))}
    model_request, turns = _model_request(address, recognizer), default_turns(address.get("model"))
    config = SessionConfig(model_request, turns=turns, transcription=address, address=address)
    if session is None:
        return config
    with within("session"):
        return with_session(config, session, recognizer)


def with_session(config: SessionConfig, session: Mapping[str, Any], recognizer: Recognizer) -> SessionConfig:
    """A session that `session.update` changes.

    Raises:
        InvalidRequest: It names a field that is unknown, or whose value cannot be used.
        UnknownModel: The server does not have the model.
        UnknownLanguage: The server refuses the language.
    """
    if (kind := session.get("type", "transcription")) != "transcription":
        shown = "it is not text" if not isinstance(kind, str) else f"not {kind[:64]!r}"
        raise InvalidRequest(f"session.type has to be 'transcription', {shown}.", param="type")
    _check_fields(session, (*_SESSION_FIELDS, *_SHOWN_FIELDS), "session", _BETA_TO_GA)
    config = _with_include(config, session)
    audio = session.get("audio") or {}
    if not isinstance(audio, dict):
        raise InvalidRequest("'audio' is not an object.", param="audio")
    with within("audio"):
        _check_fields(audio, ("input",), "session.audio")
        wanted = audio.get("input") or {}
        if not isinstance(wanted, dict):
            raise InvalidRequest("'audio.input' is not an object.", param="input")
        with within("input"):
            return _with_input(config, wanted, recognizer)


def _with_input(config: SessionConfig, wanted: Mapping[str, Any], recognizer: Recognizer) -> SessionConfig:
    _check_fields(wanted, _INPUT_FIELDS, "session.audio.input", _BETA_TO_GA)
    if wanted.get("format") is not None:
        fields = object_field(wanted, "format")
        with within("format"):
            config = replace(config, audio=_format(fields))
    return _with_rest(config, wanted, "transcription", "noise_reduction", recognizer)


def with_beta_session(config: SessionConfig, session: Mapping[str, Any], recognizer: Recognizer) -> SessionConfig:
    """A session that the beta's `transcription_session.update` changes. Raises what `with_session` raises."""
    _check_fields(session, (*_BETA_FIELDS, *_SHOWN_FIELDS), "session", _GA_TO_BETA)
    config = _with_include(config, session)
    if (name := session.get("input_audio_format")) is not None:
        if not isinstance(name, str) or name not in _BETA_FORMATS:
            raise InvalidRequest(f"input_audio_format may be {', '.join(_BETA_FORMATS)}.", param="input_audio_format")
        config = replace(config, audio=_BETA_FORMATS[name])
    return _with_rest(config, session, "input_audio_transcription", "input_audio_noise_reduction", recognizer)


def _check_fields(
    given: Mapping[str, Any], known: tuple[str, ...], where: str, elsewhere: Mapping[str, str] | None = None
) -> None:
    """Raise InvalidRequest that names the first unknown field, and where it belongs or what is near it."""
    for name in given:
        if name in known:
            continue
        shown = f"{where}.{name[:64]} is not a field of this event"
        if elsewhere and name in elsewhere:
            raise InvalidRequest(f"{shown}: here it is {elsewhere[name]}.", param=name[:64])
        near = difflib.get_close_matches(name[:64], known, 1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}."
        raise InvalidRequest(f"{shown}; {hint}", param=name[:64])


def _with_include(config: SessionConfig, session: Mapping[str, Any]) -> SessionConfig:
    include = session.get("include")
    if include is None:
        return config
    if not isinstance(include, list) or any(name != _LOG_PROBS for name in include):
        raise InvalidRequest(f"include may be a list with {_LOG_PROBS!r}.", param="include")
    return replace(config, log_probs=bool(include))


def _format(wanted: Mapping[str, Any]) -> PacketFormat:
    _check_fields(wanted, ("type", "rate"), "session.audio.input.format")
    kind = wanted.get("type", "audio/pcm")
    if kind == "audio/pcmu":
        return _BETA_FORMATS["g711_ulaw"]
    if kind == "audio/pcma":
        return _BETA_FORMATS["g711_alaw"]
    rate = wanted.get("rate", 24_000)
    if kind != "audio/pcm" or not isinstance(rate, int) or rate not in PACKET_RATES:
        rates = ", ".join(map(str, PACKET_RATES))
        raise InvalidRequest(
            f"format may be audio/pcm with a rate of {rates}, audio/pcmu or audio/pcma.",
            param="rate" if kind == "audio/pcm" else "type",
        )
    return PacketFormat("pcm16", rate)


def _with_rest(
    config: SessionConfig, wanted: Mapping[str, Any], transcription: str, noise_reduction: str, recognizer: Recognizer
) -> SessionConfig:
    """What both spellings share; transcription, noise_reduction: how this one names these fields."""
    if "turn_detection" in wanted:
        with within("turn_detection"):
            config = replace(config, turns=parse_turn_detection(wanted["turn_detection"]))
    if noise_reduction in wanted:
        config = replace(config, noise_reduction=_noise_reduction(wanted[noise_reduction], noise_reduction))
    if wanted.get(transcription) is not None:
        fields = {**config.address, **object_field(wanted, transcription)}
        if "languages" in fields and "language" not in wanted[transcription]:
            fields.pop("language", None)
        with within(transcription):
            model_request, context = _model_request(fields, recognizer), parse_delay(fields.get("delay"))
        turns = config.turns if config.turns.given else default_turns(fields.get("model"))
        config = replace(config, model_request=model_request, context=context, turns=turns, transcription=fields)
    return config


def _noise_reduction(wanted: object, name: str) -> Mapping[str, Any] | None:
    if wanted is None:
        return None
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if not isinstance(wanted, dict) or set(wanted) != {"type"} or kind not in _NOISE_REDUCTION:
        raise InvalidRequest(
            f"{name} may be null, or an object with the type {' or '.join(_NOISE_REDUCTION)}.", param=name
        )
    return wanted


def _model_request(fields: Mapping[str, Any], recognizer: Recognizer) -> ModelRequest:
    unknown = sorted(set(fields) - set(_TRANSCRIPTION_FIELDS))
    if unknown:
        known = ", ".join(_TRANSCRIPTION_FIELDS)
        raise InvalidRequest(
            f"Unknown field of transcription: {unknown[0][:64]!r}. Known are {known}.", param=unknown[0][:64]
        )
    given = {name: value for name, value in fields.items() if value is not None}
    lists = {name: given.pop(name, []) for name in ("languages", "keywords")}
    for name, value in (given | lists).items():
        texts = value if isinstance(value, list) and name in lists else [value]
        if not all(isinstance(text, str) for text in texts):
            raise InvalidRequest(f"The field {name!r} of transcription is not text.", param=name)
    model_request, *others = parse_model_requests(given, lists, recognizer)
    if others:
        offered = ", ".join(one.pipeline.bundle.manifest.language for one in (model_request, *others))
        raise InvalidRequest(
            f"Several languages go with recordings; a session names one of {offered}.", param="language"
        )
    return model_request


def object_field(parent: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A field that has to be an object. Raises InvalidRequest."""
    value = parent.get(name)
    if not isinstance(value, dict):
        raise InvalidRequest(f"{name!r} is missing, or not an object.", param=name)
    return value
