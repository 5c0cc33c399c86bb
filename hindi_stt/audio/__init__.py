"""Bytes → Waveform."""

from hindi_stt.audio.decoding import AudioLimits, blocks, decode
from hindi_stt.audio.ffmpeg import ChildLimits

__all__ = ["AudioLimits", "ChildLimits", "blocks", "decode"]
