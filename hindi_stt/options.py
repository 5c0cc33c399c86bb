"""What one request may ask for, and what the server does unasked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hindi_stt.decoding.options import FIELDS as DECODING_FIELDS
from hindi_stt.decoding.options import DecodingOptions
from hindi_stt.settings import Settings
from hindi_stt.text import TextOptions
from hindi_stt.text.options import FIELDS as TEXT_FIELDS

__all__ = ["FIELDS", "Options"]

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {**TEXT_FIELDS, **DECODING_FIELDS}
"""Every option that a request may send → the values that it takes; none: any text."""


@dataclass(frozen=True, slots=True)
class Options:
    """A field for each room of the line that takes options."""

    text: TextOptions = field(default_factory=TextOptions)
    decoding: DecodingOptions = field(default_factory=DecodingOptions)

    @classmethod
    def from_settings(cls, settings: Settings) -> Options:
        """The server's defaults."""
        return cls(TextOptions.from_settings(settings))

    def updated(self, fields: Mapping[str, str]) -> Options:
        """These options with a request's fields, whose names are in FIELDS. Raises InvalidRequest, naming the field."""
        return Options(self.text.updated(fields), self.decoding.updated(fields))
