"""What a request says about speakers, and how it is parsed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from hindi_stt.errors import InvalidRequest
from hindi_stt.speakers.known import KnownSpeaker

__all__ = ["FIELDS", "MAX_SPEAKERS", "SpeakerOptions"]

# Field of a request → the values that it takes, none for a number.
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {"diarize": ("true", "false"), "num_speakers": (), "max_speakers": ()}
# What `stream`, the other field with a truth value, takes, too.
_TRUE: Final = ("true", "1", "yes", "on")
_FALSE: Final = ("false", "0", "no", "off")
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
            raise InvalidRequest(f"{meant[0]} goes with diarize=true.", param=meant[0])
        if len(counts) > 1 and options.num_speakers is not None and options.num_speakers > options.max_speakers:
            raise InvalidRequest("num_speakers is above max_speakers.", param="num_speakers")
        return options


def _boolean(text: str) -> bool:
    plain = text.strip().lower()
    if plain not in {*_TRUE, *_FALSE}:
        raise InvalidRequest(f"The field 'diarize' takes true or false; it has {text[:64]!r}.", param="diarize")
    return plain in _TRUE


def _number(name: str, text: str) -> int:
    if not (text.strip().isascii() and text.strip().isdecimal()) or not 1 <= int(text.strip()[:9]) <= MAX_SPEAKERS:
        raise InvalidRequest(
            f"The field '{name}' takes a whole number from 1 to {MAX_SPEAKERS}; it has {text[:64]!r}.", param=name
        )
    return int(text)
