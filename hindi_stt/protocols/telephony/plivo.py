"""Plivo audio streams."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from pydantic_core import from_json

from hindi_stt.protocols.fields import field, text_fields
from hindi_stt.protocols.telephony.media_events import MediaEventsAdapter

__all__ = ["PlivoAdapter"]

# Plivo puts it before the names of headers that users choose.
_PREFIX: Final = "X-PH-"
_PAIR: Final = re.compile(r"\s*([^=:;,{}]+?)\s*[=:]\s*([^;,{}]*?)\s*(?:[;,}]|$)")


class PlivoAdapter(MediaEventsAdapter):
    """One stream: G.711 mu-law at 8 kHz, or 16-bit little-endian samples at 8 or 16 kHz."""

    name: ClassVar[str] = "plivo"
    tracks_by_default: ClassVar[tuple[str, ...]] = ("inbound",)
    encodings: ClassVar[frozenset[str]] = frozenset({"g711_ulaw", "pcm16"})
    # What applications send to the platform, which proxies between the two may send here as well.
    ignored: ClassVar[frozenset[str]] = frozenset({"connected", "playAudio", "checkpoint", "clearAudio"})
    notes: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "dtmf": ("digit",),
        "playedStream": ("name",),
        "clearedAudio": ("name",),
    }

    def parameters(self, event: Mapping[str, Any], start: Mapping[str, Any]) -> dict[str, str]:
        """See `MediaEventsAdapter.parameters`; they come as text, in one of several forms."""
        given = field(event, "extra_headers", "extraHeaders") or field(start, "extra_headers", "extraHeaders")
        if isinstance(given, str):
            try:
                parsed = from_json(given)
            except ValueError:
                parsed = dict(_PAIR.findall(given[:4096]))
        else:
            parsed = given
        return {name.removeprefix(_PREFIX): value for name, value in text_fields(parsed).items()}
