"""The session objects that a client sends, in both of OpenAI's spellings: session.update and the beta's.

A field that is unknown, or belongs to the other spelling, is refused by name: audio in a format that was asked for in
vain would be transcribed as noise.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import ConfigDict, FailFast, Field, model_validator

from hindi_stt.api.forms.transcription_request import FIELD_SCHEMAS
from hindi_stt.api.realtime.turn_detection import Delay, TurnDetectionField
from hindi_stt.api.realtime.validation import RequestModel, field_error, required_to
from hindi_stt.speakers.options import FIELDS as SPEAKERS
from hindi_stt.transcription.options import FIELDS as OPTIONS

__all__ = [
    "LOG_PROBS",
    "AudioFormat",
    "AudioInput",
    "BetaTranscriptionSession",
    "NoiseReduction",
    "Transcription",
    "TranscriptionSession",
]

LOG_PROBS: Final = "item.input_audio_transcription.logprobs"
# Fields of the one spelling that were sent in the other, and what they are called there.
_BETA_TO_GA: Final = {
    "input_audio_format": "audio.input.format",
    "input_audio_transcription": "audio.input.transcription",
    "input_audio_noise_reduction": "audio.input.noise_reduction",
    "turn_detection": "audio.input.turn_detection",
}
_GA_TO_BETA: Final = {"audio": "input_audio_format, input_audio_transcription and turn_detection"}

# A tuple, since a client's value may not be hashable.
_G711_TYPES: Final = ("audio/pcmu", "audio/pcma")

_Rate = Annotated[Literal[8_000, 16_000, 24_000], required_to("has to be 8000, 16000 or 24000")]
_Texts = Annotated[list[str] | None, FailFast(), required_to("has to be a list of texts")]
_Flag = Annotated[bool | Literal["true", "false"] | None, required_to("has to be true or false")]
_Count = Annotated[int | str | None, required_to("has to be a whole number")]
_Include = Annotated[
    list[Literal["item.input_audio_transcription.logprobs"]] | None,
    FailFast(),
    required_to(f"may be a list with {LOG_PROBS!r}"),
]
_Shown = Annotated[Any, Field(description="As the server shows it; without effect.")]


class AudioFormat(RequestModel):
    """The format of the audio; G.711 (audio/pcmu, audio/pcma) always has 8 kHz, whatever `rate` says."""

    type: Literal["audio/pcm", "audio/pcmu", "audio/pcma"] = "audio/pcm"
    rate: _Rate = Field(24_000, description="Hz, of audio/pcm.")

    @model_validator(mode="before")
    @classmethod
    def _ignore_rate_of_g711(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("type") in _G711_TYPES:
            return {name: given for name, given in value.items() if name != "rate"}
        return value


def _describe_options(schema: dict[str, Any]) -> None:
    schema["properties"] |= {name: FIELD_SCHEMAS[name] for name in (*OPTIONS, *SPEAKERS)}
    schema["additionalProperties"] = False


class Transcription(RequestModel):
    """The model and its options: OpenAI's fields and the options of the file API."""

    # The options are listed where they are defined, so that a new one is accepted here too.
    model_config = ConfigDict(extra="allow", json_schema_extra=_describe_options)
    __pydantic_extra__: dict[str, str | None]

    model: str | None = None
    language: str | None = None
    languages: _Texts = None
    prompt: str | None = None
    keywords: _Texts = None
    delay: Delay | None = None
    diarize: _Flag = None
    num_speakers: _Count = None
    max_speakers: _Count = None

    @classmethod
    def known_fields(cls) -> tuple[str, ...]:
        """The names of the fields that are accepted."""
        return (*super().known_fields(), *OPTIONS)


class NoiseReduction(RequestModel):
    """What OpenAI's server would do about noise; this one transcribes the audio as it is."""

    type: Literal["near_field", "far_field"]


_NoiseReduction = Annotated[
    NoiseReduction | None,
    required_to("may be null, or an object with the type near_field or far_field"),
]


class AudioInput(RequestModel):
    """How the audio is read, transcribed and cut into turns."""

    fields_elsewhere: ClassVar = _BETA_TO_GA

    format: AudioFormat | None = None
    turn_detection: TurnDetectionField | None = None
    noise_reduction: _NoiseReduction = None
    transcription: Transcription | None = None


class Audio(RequestModel):
    """The audio of a session; there is none from the server."""

    input: AudioInput | None = None


class _Session(RequestModel):
    """What both spellings have: the server's own part of a session, which a client may send back, and `include`."""

    id: _Shown = None
    object: _Shown = None
    expires_at: _Shown = None
    warnings: _Shown = None
    include: _Include = None


class TranscriptionSession(_Session):
    """The session of `session.update`."""

    fields_elsewhere: ClassVar = _BETA_TO_GA

    type: Literal["transcription"] = "transcription"
    audio: Audio | None = None

    @model_validator(mode="before")
    @classmethod
    def _check_type(cls, value: Any) -> Any:
        """Run before unknown fields are refused: those of a conversation are known where they belong."""
        if isinstance(value, dict) and (given := value.get("type", "transcription")) != "transcription":
            shown = f"not {given[:64]!r}" if isinstance(given, str) else "it is not text"
            raise field_error(f"has to be 'transcription', {shown}", "type")
        return value


class BetaTranscriptionSession(_Session):
    """The session of the beta's `transcription_session.update`."""

    fields_elsewhere: ClassVar = _GA_TO_BETA

    input_audio_format: Literal["pcm16", "g711_ulaw", "g711_alaw"] | None = None
    turn_detection: TurnDetectionField | None = None
    input_audio_noise_reduction: _NoiseReduction = None
    input_audio_transcription: Transcription | None = None
