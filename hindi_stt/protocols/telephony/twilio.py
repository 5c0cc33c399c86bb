"""Twilio Media Streams, which SignalWire speaks too, and Telnyx in a spelling of its own (snake_case)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from hindi_stt.protocols.fields import field, text_fields
from hindi_stt.protocols.telephony.media_events import MediaEventsAdapter

__all__ = ["TwilioAdapter"]


class TwilioAdapter(MediaEventsAdapter):
    """One stream: G.711 at 8 kHz, the caller as `inbound` and the other side as `outbound`."""

    name: ClassVar[str] = "twilio"
    encodings: ClassVar[frozenset[str]] = frozenset({"g711_ulaw", "g711_alaw"})
    # What applications send to the platform, which proxies between the two may send here as well.
    ignored: ClassVar[frozenset[str]] = frozenset({"connected", "clear"})
    notes: ClassVar[Mapping[str, tuple[str, ...]]] = {"dtmf": ("digit",), "mark": ("name",), "error": ("title",)}

    def parameters(self, event: Mapping[str, Any], start: Mapping[str, Any]) -> dict[str, str]:
        """See `MediaEventsAdapter.parameters`."""
        del event
        return text_fields(field(start, "customParameters", "custom_parameters"))
