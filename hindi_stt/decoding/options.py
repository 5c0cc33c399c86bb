"""What a caller may ask of decoding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hindi_stt.decoding.hotwords import Hotword

__all__ = ["DecoderName", "DecodingOptions"]

DecoderName = Literal["auto", "greedy", "beam"]


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """decoder: "auto" is beam search where there is a language model or a hotword, and greedy where there is none;
    language_model: name of one of the bundle's, "" for the server's default, "none" for none; hotwords: besides the
    server's own.
    """

    decoder: DecoderName = "auto"
    language_model: str = ""
    hotwords: tuple[Hotword, ...] = ()
