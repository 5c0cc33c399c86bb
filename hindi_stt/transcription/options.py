"""What one request may ask for, and what the server does unasked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.decoding.options import FIELDS as DECODING_FIELDS
from hindi_stt.decoding.options import DecodingOptions
from hindi_stt.settings import Settings
from hindi_stt.speakers.options import FIELDS as SPEAKER_FIELDS
from hindi_stt.speakers.options import SpeakerOptions
from hindi_stt.text import TextOptions
from hindi_stt.text.options import FIELDS as TEXT_FIELDS
from hindi_stt.text.punctuation_model import has_punctuator

__all__ = ["FIELDS", "RECORDING_FIELDS", "Options", "offered"]

# Every option that a request may send → the values that it takes; none: any text.
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {**TEXT_FIELDS, **DECODING_FIELDS}
# And those that a whole recording is needed for.
RECORDING_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {**FIELDS, **SPEAKER_FIELDS}


def offered(bundles: Iterable[Bundle]) -> dict[str, tuple[str, ...]]:
    """The options as in FIELDS, without the values that none of these models can honour."""
    fields = dict(FIELDS)
    if not any(has_punctuator(bundle) for bundle in bundles):
        fields["punctuation"] = tuple(value for value in fields["punctuation"] if value != "model")
    return fields


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a transcription: text, decoding and speakers."""

    text: TextOptions = field(default_factory=TextOptions)
    decoding: DecodingOptions = field(default_factory=DecodingOptions)
    speakers: SpeakerOptions = field(default_factory=SpeakerOptions)

    @classmethod
    def from_settings(cls, settings: Settings) -> Options:
        """The server's defaults."""
        return cls(TextOptions.from_settings(settings))

    def updated(self, fields: Mapping[str, str]) -> Options:
        """Return these options with a request's fields applied.

        Args:
            fields: Form fields by name; names outside RECORDING_FIELDS are ignored.

        Returns:
            New options.

        Raises:
            InvalidRequest: A value is unknown; the message names the field.
            InvalidHotwords: A hotword cannot be used.
        """
        return Options(self.text.updated(fields), self.decoding.updated(fields), self.speakers.updated(fields))
