"""Decoding options of a request, and how they are parsed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

from hindi_stt.decoding.hotwords import Hotword, parse_hotwords
from hindi_stt.errors import InvalidRequest

__all__ = ["FIELDS", "DecoderName", "DecodingOptions"]

DecoderName = Literal["auto", "greedy", "beam"]

# Field of a request → the values that it takes, none for any. hotwords: WORD[:WEIGHT], with commas or line ends.
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {"decoder": get_args(DecoderName), "language_model": (), "hotwords": ()}


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """How one request is decoded.

    Attributes:
        decoder: "auto" is beam search with a language model or a hotword, and greedy without either.
        language_model: Name of one of the bundle's; "" for the server's default, "none" for none.
        hotwords: In addition to the server's own.
    """

    decoder: DecoderName = "auto"
    language_model: str = ""
    hotwords: tuple[Hotword, ...] = ()

    def updated(self, fields: Mapping[str, str]) -> DecodingOptions:
        """Return these options with a request's fields applied.

        Args:
            fields: Form fields by name; other names are ignored.

        Returns:
            New options.

        Raises:
            InvalidRequest: The field "decoder" has an unknown value.
            InvalidHotwords: A weight is not a number.
        """
        changes: dict[str, Any] = {}
        if (decoder := fields.get("decoder")) is not None:
            if decoder not in get_args(DecoderName):
                known = ", ".join(get_args(DecoderName))
                raise InvalidRequest(f"The field 'decoder' takes {known}; it has {decoder[:64]!r}.", param="decoder")
            changes["decoder"] = decoder
        if (name := fields.get("language_model")) is not None:
            changes["language_model"] = name.strip()
        if text := fields.get("hotwords", "").strip():
            changes["hotwords"] = parse_hotwords(entry.strip() for entry in re.split(r"[,\n]", text))
        return replace(self, **changes)
