"""Text options of a request, and how they are parsed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, get_args

from hindi_stt.errors import InvalidRequest
from hindi_stt.settings import Settings
from hindi_stt.types import Mask, Nasals, Nukta, Numerals, Punctuation, Script

__all__ = ["FIELDS", "TextOptions"]

# Field of a request → the values that it takes; mask takes several, with commas between.
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "numerals": get_args(Numerals),
    "script": get_args(Script),
    "punctuation": get_args(Punctuation),
    "mask": ("off", *get_args(Mask), "all"),
    "nukta": get_args(Nukta),
    "nasals": get_args(Nasals),
}


@dataclass(frozen=True, slots=True)
class TextOptions:
    """How words are written; the defaults leave them as they were decoded, in NFC.

    Attributes:
        numerals: Digits for spoken numbers.
        script: The script of the text.
        punctuation: Where punctuation comes from.
        mask: Kinds of numbers to hide.
        nukta: "drop" writes letters without nukta, except ड़ and ढ़.
        nasals: "anusvara" writes ं for ँ.
    """

    numerals: Numerals = "off"
    script: Script = "devanagari"
    punctuation: Punctuation = "off"
    mask: frozenset[Mask] = frozenset()
    nukta: Nukta = "keep"
    nasals: Nasals = "keep"

    @classmethod
    def from_settings(cls, settings: Settings) -> TextOptions:
        """Return the server's defaults.

        Args:
            settings: The server's settings.

        Returns:
            The options.

        Raises:
            InvalidRequest: A setting has an unknown value.
        """
        return cls().updated({name: getattr(settings, name) for name in FIELDS})

    def updated(self, fields: Mapping[str, str]) -> TextOptions:
        """Return these options with a request's fields applied.

        Args:
            fields: Form fields by name; other names are ignored.

        Returns:
            New options.

        Raises:
            InvalidRequest: A value is unknown; the message names the field and its values.
        """
        changes: dict[str, Any] = {name: _parse(name, fields[name]) for name in FIELDS if name in fields}
        return replace(self, **changes)

    def changed(self) -> tuple[str, ...]:
        """Names of the options that differ from the defaults."""
        defaults = asdict(TextOptions())
        return tuple(name for name, value in asdict(self).items() if value != defaults[name])


def _parse(name: str, value: str) -> str | frozenset[str]:
    allowed = FIELDS[name]
    values = [part.strip() for part in value.split(",")] if name == "mask" else [value.strip()]
    unknown = [part for part in values if part not in allowed]
    if unknown or (len(values) > 1 and not {"off", "all"}.isdisjoint(values)):
        several = " (several of them with commas between)" if name == "mask" else ""
        raise InvalidRequest(
            f"The field '{name}' takes {', '.join(allowed)}{several}; it has {value[:64]!r}.", param=name
        )
    if name != "mask":
        return values[0]
    return frozenset() if values == ["off"] else frozenset(get_args(Mask)) if values == ["all"] else frozenset(values)
