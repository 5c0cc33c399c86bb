"""Bytes → Waveform."""

from hindi_stt.audio.decoding import AudioLimits, RawFormat, blocks, count_channels, decode
from hindi_stt.audio.ffmpeg import ChildLimits

__all__ = ["AudioLimits", "ChildLimits", "RawFormat", "blocks", "count_channels", "decode"]
