"""Decodes recordings and packets into waveforms."""

from hindi_stt.audio.clips import Clips
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
from hindi_stt.audio.recording import GrowingFile, Recording

__all__ = [
    "PACKET_RATES",
    "UNKNOWN_SIZE",
    "AudioLimits",
    "Blocks",
    "ChildLimits",
    "Clips",
    "GrowingFile",
    "PacketDecoder",
    "PacketFormat",
    "RawFormat",
    "Recording",
    "blocks",
    "count_channels",
    "decode",
    "stated_duration_s",
]
