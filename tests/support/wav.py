"""WAV files made by hand, so that they can be wrong in exactly one way."""

from __future__ import annotations

import io
import struct

import numpy as np
import soundfile

PCM, FLOAT = 1, 3


def wav(samples: np.ndarray, rate: int = 16_000, subtype: str = "PCM_16", container: str = "WAV") -> bytes:
    """A well-formed file. samples: [n] or [n, channels], in [-1, 1]."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, subtype=subtype, format=container)
    return buffer.getvalue()


def raw_wav(
    data: bytes,
    *,
    claimed_bytes: int | None = None,
    rate: int = 16_000,
    channels: int = 1,
    bits: int = 16,
    code: int = PCM,
) -> bytes:
    """A file whose data chunk may claim another length than it has."""
    claimed = len(data) if claimed_bytes is None else claimed_bytes
    block = channels * bits // 8
    header = struct.pack("<HHIIHH", code, channels, rate, rate * block, block, bits)
    riff = min(36 + claimed, 0xFFFF_FFFF)
    return (
        b"RIFF"
        + struct.pack("<I", riff)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + header
        + (b"data" + struct.pack("<I", claimed) + data)
    )


def tone(seconds: float, rate: int = 16_000, level: float = 0.3) -> np.ndarray:
    """A 440 Hz tone, float32 [n]."""
    return (level * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def pcm_24_khz(samples: np.ndarray) -> bytes:
    """Samples at 16 kHz, int16, as little-endian PCM at 24 kHz; interpolated linearly."""
    places = np.arange(0, len(samples) - 1, 2 / 3)
    return np.interp(places, np.arange(len(samples)), samples).astype("<i2").tobytes()
