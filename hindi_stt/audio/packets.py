"""Decodes packets of raw samples to float32 at the model's rate: the formats of telephony and microphones."""

from __future__ import annotations

import functools
import io
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import soundfile
import soxr

from hindi_stt.types import Float32

__all__ = ["PACKET_RATES", "PacketDecoder", "PacketFormat"]

Encoding = Literal["pcm16", "g711_ulaw", "g711_alaw"]
# Hz; G.711 is always at the first.
PACKET_RATES: Final = (8_000, 16_000, 24_000)
_G711: Final = {"g711_ulaw": "ULAW", "g711_alaw": "ALAW"}
_FULL_SCALE: Final = np.float32(1 / 32_768)


@dataclass(frozen=True, slots=True)
class PacketFormat:
    """Format of packets of one channel.

    Attributes:
        encoding: "pcm16" is signed, little-endian.
        rate: Sample rate in Hz, one of PACKET_RATES.
    """

    encoding: Encoding = "pcm16"
    rate: int = 24_000

    @property
    def bytes_per_s(self) -> int:
        """Bytes in a second of audio."""
        return self.rate * (2 if self.encoding == "pcm16" else 1)


class PacketDecoder:
    """Decodes one stream. The result does not depend on how it is split into packets, even within a sample.

    Args:
        packet_format: Format of the packets.
        sample_rate: Rate of the decoded samples in Hz.
    """

    def __init__(self, packet_format: PacketFormat, sample_rate: int) -> None:
        self._encoding = packet_format.encoding
        self._rest = b""
        self._resampler = None
        if packet_format.rate != sample_rate:
            self._resampler = soxr.ResampleStream(packet_format.rate, sample_rate, 1, dtype="float32", quality="HQ")

    def push(self, data: bytes) -> Float32:
        """The samples that are complete with this packet, float32 [n] in [-1, 1]; n may be 0."""
        if self._encoding == "pcm16":
            data = self._rest + data
            whole = len(data) // 2 * 2
            data, self._rest = data[:whole], data[whole:]
            samples: Float32 = np.frombuffer(data, "<i2").astype(np.float32) * _FULL_SCALE
        else:
            samples = _g711_levels(self._encoding)[np.frombuffer(data, np.uint8)]
        return samples if self._resampler is None else self._resampler.resample_chunk(samples)

    def flush(self) -> Float32:
        """Return the samples that the resampler still holds, float32 [n]; the decoder cannot be used afterwards."""
        if self._resampler is None:
            return np.empty(0, np.float32)
        rest: Float32 = self._resampler.resample_chunk(np.empty(0, np.float32), last=True)
        return rest


@functools.cache
def _g711_levels(encoding: str) -> Float32:
    """The sample that each of the 256 bytes stands for."""
    levels, _ = soundfile.read(
        io.BytesIO(bytes(range(256))),
        dtype="float32",
        format="RAW",
        subtype=_G711[encoding],
        samplerate=PACKET_RATES[0],
        channels=1,
    )
    found: Float32 = levels
    return found
