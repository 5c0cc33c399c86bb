"""Exotel AgentStream: the applets Stream and Voicebot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from hindi_stt.audio import PacketFormat
from hindi_stt.errors import InvalidRequest
from hindi_stt.protocols.fields import field, text_fields
from hindi_stt.protocols.options import parse_rate
from hindi_stt.protocols.telephony.media_events import MediaEventsAdapter

__all__ = ["ExotelAdapter"]


# Encodings that other platforms send.
_OTHER: Final = ("audio/x-mulaw", "audio/x-alaw", "pcmu", "pcma", "mulaw", "ulaw", "alaw", "opus", "audio/opus")


class ExotelAdapter(MediaEventsAdapter):
    """One stream: the caller, 16-bit little-endian samples in chunks of any length, at 8, 16 or 24 kHz."""

    name: ClassVar[str] = "exotel"
    tracks_by_default: ClassVar[tuple[str, ...]] = ("inbound",)
    ignored: ClassVar[frozenset[str]] = frozenset({"connected", "clear"})

    def packet_format(self, given: Mapping[str, Any]) -> PacketFormat:
        """See MediaEventsAdapter; the platform's names of the encoding have changed, and the audio has not."""
        named = str(field(given, "encoding") or "").lower()
        if named.startswith(_OTHER):
            raise InvalidRequest(
                f"Exotel sends 16-bit samples, and this is {named[:64]!r}: is it another platform's stream?",
                param="start.encoding",
            )
        return PacketFormat("pcm16", parse_rate(field(given, "sample_rate", "sampleRate") or 8_000))

    def parameters(self, event: Mapping[str, Any], start: Mapping[str, Any]) -> dict[str, str]:
        """See `MediaEventsAdapter.parameters`."""
        del event
        return text_fields(field(start, "custom_parameters", "customParameters"))
