"""Settings of decoding, and of the form of texts."""

from __future__ import annotations

from typing import ClassVar

from hindi_stt.settings.fields import SettingsGroup, setting
from hindi_stt.types import Nasals, Nukta, Numerals, Punctuation, Script

__all__ = ["DecodingSettings", "TextSettings"]


class DecodingSettings(SettingsGroup):
    """Beam search, language models and hotwords (docs/decoding.md)."""

    title: ClassVar[str] = "Decoding"

    language_model: str = setting(
        "",
        "Name of the bundle's language model that is used where a request names none; none for no language model. "
        "Empty: the one that the bundle names, if any.",
        example="none",
    )
    hotwords_file: str = setting(
        "",
        "File of hotwords for every request, one WORD[:WEIGHT] a line.",
        example="/etc/hindi-stt/hotwords.txt",
    )
    max_hotwords: int = setting(
        1000,
        "Most hotwords, those of the request and the server's together.",
        example="200",
        unit="hotwords",
        ge=0,
    )
    beam_width: int = setting(
        16, "Hypotheses that the beam search keeps.", example="32", unit="hypotheses", gt=0, le=256
    )


class TextSettings(SettingsGroup):
    """The form of texts where a request does not say (docs/hindi-text.md)."""

    title: ClassVar[str] = "Text"

    numerals: Numerals = setting("off", "Spoken numbers as digits, where a request does not say.", example="devanagari")
    script: Script = setting("devanagari", "Script of the text, where a request does not say.", example="latin")
    punctuation: Punctuation = setting(
        "off", "Punctuation marks between words, where a request does not say.", example="pauses"
    )
    caption_punctuation: Punctuation = setting(
        "model",
        "Punctuation marks in captions (srt, vtt) and on the page, where neither a request nor the setting punctuation "
        "asks for any. Without effect where the model's language has no network of punctuation.",
        example="off",
    )
    mask: str = setting(
        "off",
        "Numbers to hide, where a request does not say: off, all, or phone, aadhaar, card with commas.",
        example="phone,card",
        pattern=r"^(off|all|(phone|aadhaar|card)(,(phone|aadhaar|card))*)$",
    )
    nukta: Nukta = setting("keep", "Nukta signs, where a request does not say.", example="drop")
    nasals: Nasals = setting("keep", "Chandrabindu signs, where a request does not say.", example="anusvara")
