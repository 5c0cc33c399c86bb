"""What a request says about speakers, and how it is parsed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from hindi_stt.errors import InvalidRequest
from hindi_stt.speakers.known import KnownSpeaker
from hindi_stt.text_values import parse_boolean, parse_whole_number

__all__ = ["FIELDS", "MAX_SPEAKERS", "SpeakerOptions"]

# Field of a request → the values that it takes, none for a number.
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {"diarize": ("true", "false"), "num_speakers": (), "max_speakers": ()}
# Most speakers that can be asked for, and how many are found where nothing is said.
MAX_SPEAKERS: Final = 20
_DEFAULT_MAX_SPEAKERS: Final = 8


@dataclass(frozen=True, slots=True)
class SpeakerOptions:
    """How speakers are told apart.

    Attributes:
        diarize: Whether they are.
        num_speakers: Their number; None if unknown.
        max_speakers: Most speakers, where their number is unknown.
        known: Speakers who are called by their names where they are heard.
    """

    diarize: bool = False
    num_speakers: int | None = None
    max_speakers: int = _DEFAULT_MAX_SPEAKERS
    known: tuple[KnownSpeaker, ...] = ()

    def updated(self, fields: Mapping[str, str]) -> SpeakerOptions:
        """Return these options with a request's fields applied.

        Args:
            fields: Form fields by name; other names are ignored.

        Returns:
            New options.

        Raises:
            InvalidRequest: A value is unknown, or two fields contradict each other; `param` names the field.
        """
        changes: dict[str, Any] = {}
        if (text := fields.get("diarize")) is not None:
            changes["diarize"] = _boolean(text)
        for name in ("num_speakers", "max_speakers"):
            if name in fields:
                changes[name] = _number(name, fields[name])
        options = replace(self, **changes)
        counts = [name for name in ("num_speakers", "max_speakers") if name in changes]
        # Clients that were generated from the OpenAPI document send the defaults of all fields.
        meant = [name for name in counts if changes[name] != getattr(SpeakerOptions(), name)]
        if meant and not options.diarize:
            raise InvalidRequest(f"{meant[0]} has an effect only with diarize=true.", param=meant[0])
        if len(counts) > 1 and options.num_speakers is not None and options.num_speakers > options.max_speakers:
            raise InvalidRequest("num_speakers is above max_speakers.", param="num_speakers")
        return options


def _boolean(text: str) -> bool:
    value = parse_boolean(text)
    if value is None:
        raise InvalidRequest(f"The field 'diarize' takes true or false; it has {text[:64]!r}.", param="diarize")
    return value


def _number(name: str, text: str) -> int:
    number = parse_whole_number(text, range(1, MAX_SPEAKERS + 1))
    if number is None:
        raise InvalidRequest(
            f"The field '{name}' takes a whole number from 1 to {MAX_SPEAKERS}; it has {text[:64]!r}.", param=name
        )
    return number
