"""Configuration of a realtime connection: its first session, and how a client's events change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydantic import ValidationError

from hindi_stt.api.forms.transcription_request import ModelRequest, parse_model_requests
from hindi_stt.api.realtime.server_events import (
    BetaSession,
    Session,
    SessionAudio,
    SessionAudioInput,
    ShownSession,
)
from hindi_stt.api.realtime.session_models import (
    LOG_PROBS,
    AudioFormat,
    AudioInput,
    BetaTranscriptionSession,
    NoiseReduction,
    Transcription,
    TranscriptionSession,
)
from hindi_stt.api.realtime.turn_detection import DELAYS, TurnSettings, default_turns, turn_settings
from hindi_stt.api.realtime.validation import invalid_request
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.audio import PacketFormat
from hindi_stt.errors import InvalidRequest, SpeakersNotInstalled, within
from hindi_stt.speakers.options import FIELDS as SPEAKERS
from hindi_stt.streaming import Context

__all__ = ["SessionConfig", "initial_config", "updated"]

_PCM16_RATE: Final = 24_000
_G711_RATE: Final = 8_000
_PCM_TYPE: Final = "audio/pcm"
_BETA_FORMATS: Final = {
    "pcm16": PacketFormat("pcm16", _PCM16_RATE),
    "g711_ulaw": PacketFormat("g711_ulaw", _G711_RATE),
    "g711_alaw": PacketFormat("g711_alaw", _G711_RATE),
}
_G711_TYPES: Final = {"audio/pcmu": "g711_ulaw", "audio/pcma": "g711_alaw"}
# Asks for speakers, as with OpenAI, where the server can tell them apart; elsewhere it is a name like others.
_DIARIZING_MODEL: Final = "gpt-4o-transcribe-diarize"
_NOISE_REDUCTION_UNUSED: Final = "noise_reduction has no effect: the audio is transcribed as it is"


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """The configuration of one connection.

    Attributes:
        model_request: The model, and how it decodes and writes.
        audio: The format of the audio.
        turns: Turn detection.
        context: How soon words are shown.
        noise_reduction: As it was sent; it has no effect.
        log_probs: Whether finals have the log-probability of each word.
        transcription: OpenAI's fields and those of the file API, as they were sent.
        address: Model and language of the connection's address, which hold unless `transcription` names others.
    """

    model_request: ModelRequest
    audio: PacketFormat = field(default_factory=PacketFormat)
    turns: TurnSettings = field(default_factory=TurnSettings)
    context: Context = field(default_factory=Context)
    noise_reduction: NoiseReduction | None = None
    log_probs: bool = False
    transcription: Mapping[str, Any] = field(default_factory=dict)
    address: Mapping[str, str] = field(default_factory=dict)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about parameters that have no effect."""
        unused = [_NOISE_REDUCTION_UNUSED] if self.noise_reduction else []
        return (*self.model_request.warnings, *self.turns.warnings, *unused)

    def described(self, session_id: str, *, beta: bool) -> ShownSession:
        """Describe the session for the events about it.

        Args:
            session_id: Its id.
            beta: Whether in the spelling of OpenAI's beta.

        Returns:
            The session as the events show it.
        """
        noise_reduction = None if self.noise_reduction is None else self.noise_reduction.model_dump()
        include = [LOG_PROBS] if self.log_probs else []
        if beta:
            return BetaSession(
                id=session_id,
                warnings=self.warnings,
                input_audio_format=self.audio.encoding,
                input_audio_transcription=dict(self.transcription),
                input_audio_noise_reduction=noise_reduction,
                turn_detection=self.turns.shown,
                include=include,
            )
        audio_input = SessionAudioInput(
            format=_shown_format(self.audio),
            transcription=dict(self.transcription),
            turn_detection=self.turns.shown,
            noise_reduction=noise_reduction,
        )
        return Session(id=session_id, warnings=self.warnings, audio=SessionAudio(input=audio_input), include=include)


def initial_config(
    query: Mapping[str, str], session: Mapping[str, Any] | None, recognizer: Recognizer
) -> SessionConfig:
    """Make the first configuration of a connection.

    Args:
        query: Parameters of the URL; `intent`, `model` and `language` are used.
        session: The session that the client's token carries, if any, in the spelling of session.update.
        recognizer: Holds the models.

    Returns:
        The configuration.

    Raises:
        InvalidRequest: The intent is not transcription, or the session cannot be used.
        UnknownModel: The server does not have the model.
        UnknownLanguage: The server refuses the language.
    """  # noqa: DOC501  # invalid_request is a function
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
    try:
        wanted = TranscriptionSession.model_validate(session)
    except ValidationError as error:
        raise invalid_request(error, parent="session") from error
    with within("session"):
        return updated(config, wanted, recognizer)


def updated(
    config: SessionConfig, session: TranscriptionSession | BetaTranscriptionSession, recognizer: Recognizer
) -> SessionConfig:
    """Apply an event to a configuration.

    Args:
        config: The configuration before.
        session: The event's session.
        recognizer: Holds the models.

    Returns:
        The new configuration.

    Raises:
        InvalidRequest: An option of the transcription cannot be used.
        UnknownModel: The server does not have the model.
        UnknownLanguage: The server refuses the language.
    """
    if session.include is not None:
        config = replace(config, log_probs=bool(session.include))
    if isinstance(session, BetaTranscriptionSession):
        if session.input_audio_format is not None:
            config = replace(config, audio=_BETA_FORMATS[session.input_audio_format])
        config = _with_turns(config, session)
        if "input_audio_noise_reduction" in session.model_fields_set:
            config = replace(config, noise_reduction=session.input_audio_noise_reduction)
        with within("input_audio_transcription"):
            return _with_transcription(config, session.input_audio_transcription, recognizer)
    given = session.audio.input if session.audio is not None else None
    if given is None:
        return config
    if given.format is not None:
        config = replace(config, audio=_packet_format(given.format))
    config = _with_turns(config, given)
    if "noise_reduction" in given.model_fields_set:
        config = replace(config, noise_reduction=given.noise_reduction)
    with within("audio.input.transcription"):
        return _with_transcription(config, given.transcription, recognizer)


def _with_turns(config: SessionConfig, given: AudioInput | BetaTranscriptionSession) -> SessionConfig:
    if "turn_detection" not in given.model_fields_set:
        return config
    return replace(config, turns=turn_settings(given.turn_detection))


def _with_transcription(config: SessionConfig, wanted: Transcription | None, recognizer: Recognizer) -> SessionConfig:
    if wanted is None:
        return config
    sent = wanted.model_dump(exclude_unset=True)
    fields = {**config.address, **sent}
    if "languages" in sent and "language" not in sent:
        fields.pop("language", None)
    turns = config.turns if config.turns.given else default_turns(fields.get("model"))
    return replace(
        config,
        model_request=_model_request(fields, recognizer),
        context=Context() if wanted.delay is None else DELAYS[wanted.delay],
        turns=turns,
        transcription=fields,
    )


def _model_request(fields: Mapping[str, Any], recognizer: Recognizer) -> ModelRequest:
    given = {name: value for name, value in fields.items() if value is not None}
    given |= {name: str(given[name]).lower() for name in SPEAKERS if name in given}
    lists: dict[str, list[str]] = {name: given.pop(name, []) for name in ("languages", "keywords")}
    model_request, *others = parse_model_requests(given, lists, recognizer)
    if others:
        offered = ", ".join(one.pipeline.bundle.manifest.language for one in (model_request, *others))
        raise InvalidRequest(
            f"Only recordings can have several languages; a session takes one of {offered}.", param="language"
        )
    if given.get("model") == _DIARIZING_MODEL and "diarize" not in given:
        return _with_speakers(model_request)
    return model_request


def _with_speakers(model_request: ModelRequest) -> ModelRequest:
    try:
        model_request.pipeline.speakers.bundle()
    except SpeakersNotInstalled as error:
        warning = f"model={_DIARIZING_MODEL}: speakers are not told apart: {error.message} {error.help}"
        return replace(model_request, warnings=(*model_request.warnings, warning))
    options = model_request.options
    return replace(model_request, options=replace(options, speakers=replace(options.speakers, diarize=True)))


def _packet_format(wanted: AudioFormat) -> PacketFormat:
    if wanted.type == _PCM_TYPE:
        return PacketFormat("pcm16", wanted.rate)
    return _BETA_FORMATS[_G711_TYPES[wanted.type]]


def _shown_format(audio: PacketFormat) -> dict[str, Any]:
    if audio.encoding == "pcm16":
        return {"type": _PCM_TYPE, "rate": audio.rate}
    return {"type": next(kind for kind, encoding in _G711_TYPES.items() if encoding == audio.encoding)}
