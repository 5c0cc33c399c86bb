"""Bytes → Waveform."""

from hindi_stt.audio.decoding import (
    UNKNOWN_SIZE,
    AudioLimits,
    Blocks,
    RawFormat,
    blocks,
    count_channels,
    decode,
    stated_duration_s,
)
from hindi_stt.audio.ffmpeg import ChildLimits
from hindi_stt.audio.packets import PACKET_RATES, PacketDecoder, PacketFormat

__all__ = [
    "PACKET_RATES",
    "UNKNOWN_SIZE",
    "AudioLimits",
    "Blocks",
    "ChildLimits",
    "PacketDecoder",
    "PacketFormat",
    "RawFormat",
    "blocks",
    "count_channels",
    "decode",
    "stated_duration_s",
]
