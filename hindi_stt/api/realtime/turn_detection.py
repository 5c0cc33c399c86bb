"""Turn detection as OpenAI's Realtime protocol spells it, and how soon words are shown (`delay`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hindi_stt.errors import InvalidRequest
from hindi_stt.streaming import Context, TurnDetection

__all__ = ["DELAYS", "TurnSettings", "default_turns", "parse_delay", "parse_turn_detection"]

# Silence in ms that ends a turn, by how eager the client is to answer.
_EAGERNESS: Final = {"low": 1200, "medium": 600, "auto": 600, "high": 300}
_SILENCE_MS: Final = (50, 10_000)
_PADDING_MS: Final = (0, 5_000)
_COMMON: Final = ("type", "create_response", "interrupt_response")
_FIELDS: Final = {
    "server_vad": (*_COMMON, "threshold", "prefix_padding_ms", "silence_duration_ms", "idle_timeout_ms"),
    # What is in force is shown in the session, and a client may send it back.
    "semantic_vad": (*_COMMON, "eagerness", "threshold", "prefix_padding_ms", "silence_duration_ms"),
}
# Fields that mean something in a conversation only.
_NO_EFFECT: Final = ("create_response", "interrupt_response", "idle_timeout_ms")
# Models of OpenAI that find no turns: their clients commit, and take a turn of the server's for an error.
_WITHOUT_TURNS: Final = ("gpt-realtime-whisper", "gpt-live-transcribe")
# From words at the first sign of them to words that hardly ever change; see `hindi_stt.streaming.Context`.
DELAYS: Final[Mapping[str, Context]] = {
    "minimal": Context(show_first=0.5, show=1.5),
    "low": Context(show_first=0.8, show=3.0),
    "medium": Context(),
    "high": Context(show_first=2.0, show=8.0),
    "xhigh": Context(show_first=5.0, show=16.0),
}


@dataclass(frozen=True, slots=True)
class TurnSettings:
    """What a session asked for as turn detection.

    Args:
        enabled: Whether the server finds turns; without, only a commit ends an utterance.
        detection: The values in force; None where utterances end as long files are cut.
        described: The value as the session's events show it.
        warnings: What was taken without effect.
        given: Whether the client said anything of it.
    """

    enabled: bool = True
    detection: TurnDetection | None = None
    described: Mapping[str, Any] | None = field(default_factory=lambda: {"type": "server_vad"})
    warnings: tuple[str, ...] = ()
    given: bool = False


def default_turns(model: object) -> TurnSettings:
    """Turn detection where a session says nothing of it, by the name of the model that it asks for."""
    if model in _WITHOUT_TURNS:
        return TurnSettings(enabled=False, described=None)
    return TurnSettings()


def parse_turn_detection(value: object) -> TurnSettings:
    """Read the `turn_detection` of a session.

    Args:
        value: None, or an object of type server_vad or semantic_vad.

    Raises:
        InvalidRequest: It names a field that is unknown, or whose value is out of range.
    """
    if value is None:
        return TurnSettings(enabled=False, described=None, given=True)
    if not isinstance(value, dict):
        raise InvalidRequest("turn_detection may be null, or an object of type server_vad or semantic_vad.")
    kind = value.get("type", "server_vad")
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise InvalidRequest("turn_detection.type may be server_vad or semantic_vad.", param="type")
    unknown = sorted(set(value) - set(_FIELDS[kind]))
    if unknown:
        known = ", ".join(_FIELDS[kind])
        raise InvalidRequest(
            f"turn_detection.{unknown[0][:64]} is not a field of {kind}; its fields are {known}.", param=unknown[0][:64]
        )
    default = TurnDetection()
    described: dict[str, Any] = {"type": kind}
    silence_ms = default.silence_duration_ms
    if kind == "semantic_vad":
        eagerness = value.get("eagerness") or "auto"
        if not isinstance(eagerness, str) or eagerness not in _EAGERNESS:
            raise InvalidRequest(f"turn_detection.eagerness may be {', '.join(_EAGERNESS)}.", param="eagerness")
        described["eagerness"] = eagerness
        silence_ms = _EAGERNESS[eagerness]
    detection = TurnDetection(
        threshold=_number(value, "threshold", default.threshold, (0, 1)),
        prefix_padding_ms=round(_number(value, "prefix_padding_ms", default.prefix_padding_ms, _PADDING_MS)),
        silence_duration_ms=round(_number(value, "silence_duration_ms", silence_ms, _SILENCE_MS)),
    )
    described |= {
        "threshold": detection.threshold,
        "prefix_padding_ms": detection.prefix_padding_ms,
        "silence_duration_ms": detection.silence_duration_ms,
    }
    warnings = tuple(
        f"turn_detection.{name} has no effect: a transcription session makes no responses"
        for name in _NO_EFFECT
        if value.get(name) is not None
    )
    return TurnSettings(detection=detection, described=described, warnings=warnings, given=True)


def parse_delay(value: object) -> Context:
    """Read the `delay` of a transcription: None or minimal, low, medium, high, xhigh. Raises InvalidRequest."""
    if value is None:
        return Context()
    if not isinstance(value, str) or value not in DELAYS:
        raise InvalidRequest(f"transcription.delay may be {', '.join(DELAYS)}.", param="delay")
    return DELAYS[value]


def _number(value: Mapping[str, Any], name: str, default: float, bounds: tuple[int, int]) -> float:
    number = value.get(name)
    if number is None:
        return default
    low, high = bounds
    # The comparison is false for NaN too.
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not low <= number <= high:
        raise InvalidRequest(f"turn_detection.{name} has to be a number from {low} to {high}.", param=name)
    return number
