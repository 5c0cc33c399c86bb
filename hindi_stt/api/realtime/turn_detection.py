"""Turn detection as OpenAI's Realtime protocol spells it, and how soon words are shown (`delay`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, BeforeValidator, Field

from hindi_stt.api.realtime.validation import RequestModel, field_error, required_to
from hindi_stt.streaming import Context, TurnDetection

__all__ = [
    "DELAYS",
    "Delay",
    "SemanticVad",
    "ServerVad",
    "ShownTurnDetection",
    "TurnDetectionField",
    "TurnSettings",
    "default_turns",
    "turn_settings",
]

Eagerness = Literal["low", "medium", "auto", "high"]
# Silence in ms that ends a turn, by how eager the client is to answer.
_EAGERNESS: Final[Mapping[Eagerness, int]] = {"low": 1200, "medium": 600, "auto": 600, "high": 300}
# Fields that mean something in a conversation only.
_NO_EFFECT: Final = ("create_response", "interrupt_response", "idle_timeout_ms")
# Models of OpenAI that find no turns: their clients commit, and take a turn of the server's for an error.
_WITHOUT_TURNS: Final = ("gpt-realtime-whisper", "gpt-live-transcribe")
Delay = Literal["minimal", "low", "medium", "high", "xhigh"]
# From words at the first sign of them to words that hardly ever change; see `hindi_stt.streaming.Context`.
DELAYS: Final[Mapping[Delay, Context]] = {
    "minimal": Context(show_first=0.5, show=1.5),
    "low": Context(show_first=0.8, show=3.0),
    "medium": Context(),
    "high": Context(show_first=2.0, show=8.0),
    "xhigh": Context(show_first=5.0, show=16.0),
}
_NoEffect = Annotated[Any, Field(description="Without effect: a transcription session makes no responses.")]
_Threshold = Annotated[float | None, Field(ge=0, le=1), required_to("has to be a number from 0 to 1")]
_PaddingMs = Annotated[float | None, Field(ge=0, le=5_000), required_to("has to be a number from 0 to 5000")]
_SilenceMs = Annotated[float | None, Field(ge=50, le=10_000), required_to("has to be a number from 50 to 10000")]


class _Vad(RequestModel):
    """Parameters of both kinds of detection; see docs/streaming.md."""

    create_response: _NoEffect = None
    interrupt_response: _NoEffect = None
    threshold: _Threshold = None
    prefix_padding_ms: _PaddingMs = None
    silence_duration_ms: _SilenceMs = None


class ServerVad(_Vad):
    """A turn ends after a time of silence."""

    named_in_errors: ClassVar[str] = "server_vad"

    type: Literal["server_vad"]
    idle_timeout_ms: _NoEffect = None


class SemanticVad(_Vad):
    """The same, with the silence that `eagerness` stands for.

    What is in force is shown in the session, and a client may send it back: so this kind takes the numbers too.
    """

    named_in_errors: ClassVar[str] = "semantic_vad"

    type: Literal["semantic_vad"]
    eagerness: Eagerness | None = None


def _with_type(value: Any) -> Any:
    if not isinstance(value, dict):
        raise field_error("may be null, or an object of type server_vad or semantic_vad")
    return {"type": "server_vad", **value}


TurnDetectionField = Annotated[ServerVad | SemanticVad, Field(discriminator="type"), BeforeValidator(_with_type)]
"""A session's `turn_detection` that is not null; its type is server_vad where none is given."""


class ShownTurnDetection(BaseModel):
    """The detection in force, as the session's events show it; without numbers, turns end as long files are cut."""

    type: Literal["server_vad", "semantic_vad"] = "server_vad"
    eagerness: Eagerness | None = Field(None, exclude_if=lambda value: value is None)
    threshold: float | None = Field(None, exclude_if=lambda value: value is None)
    prefix_padding_ms: int | None = Field(None, exclude_if=lambda value: value is None)
    silence_duration_ms: int | None = Field(None, exclude_if=lambda value: value is None)


@dataclass(frozen=True, slots=True)
class TurnSettings:
    """The turn detection of a session.

    Attributes:
        enabled: Whether the server finds turns; without, only a commit ends an utterance.
        detection: The values in force; None where utterances end as long files are cut.
        shown: The value in the session's events.
        warnings: Parameters that were accepted without effect.
        given: Whether the client said anything of it.
    """

    enabled: bool = True
    detection: TurnDetection | None = None
    shown: ShownTurnDetection | None = field(default_factory=ShownTurnDetection)
    warnings: tuple[str, ...] = ()
    given: bool = False


def default_turns(model: object) -> TurnSettings:
    """Return the turn detection of a session that says nothing of it.

    Args:
        model: The name of the model that the session asks for, if any.
    """
    if model in _WITHOUT_TURNS:
        return TurnSettings(enabled=False, shown=None)
    return TurnSettings()


def turn_settings(wanted: ServerVad | SemanticVad | None) -> TurnSettings:
    """Resolve the `turn_detection` of a session.

    Args:
        wanted: As the client sent it; None turns the detection off.

    Returns:
        The settings, with all defaults filled in.
    """
    if wanted is None:
        return TurnSettings(enabled=False, shown=None, given=True)
    default = TurnDetection()
    eagerness = (wanted.eagerness or "auto") if isinstance(wanted, SemanticVad) else None
    silence_ms = default.silence_duration_ms if eagerness is None else _EAGERNESS[eagerness]
    detection = TurnDetection(
        threshold=default.threshold if wanted.threshold is None else wanted.threshold,
        prefix_padding_ms=_rounded(wanted.prefix_padding_ms, default.prefix_padding_ms),
        silence_duration_ms=_rounded(wanted.silence_duration_ms, silence_ms),
    )
    shown = ShownTurnDetection(
        type=wanted.type,
        eagerness=eagerness,
        threshold=detection.threshold,
        prefix_padding_ms=detection.prefix_padding_ms,
        silence_duration_ms=detection.silence_duration_ms,
    )
    warnings = tuple(
        f"turn_detection.{name} has no effect: a transcription session makes no responses"
        for name in _NO_EFFECT
        if getattr(wanted, name, None) is not None
    )
    return TurnSettings(detection=detection, shown=shown, warnings=warnings, given=True)


def _rounded(value: float | None, default: int) -> int:
    return default if value is None else round(value)
