"""Recordings through the codecs of telephones and messengers, by FFmpeg's own encoders and decoders (PyAV)."""

from __future__ import annotations

import io
from dataclasses import dataclass

import av
import numpy as np
from scipy.signal import resample_poly

from .augment import RATE


@dataclass(frozen=True)
class Codec:
    """encoder: FFmpeg's name; container: of the file; rate: Hz; bit_rate: bits per second, 0 for the encoder's own."""

    encoder: str
    container: str
    rate: int
    bit_rate: int = 0


# Transmission channels by name.
CHANNELS: dict[str, Codec | None] = {
    "none": None,
    "g711": Codec("pcm_mulaw", "wav", 8_000),
    "opus": Codec("libopus", "ogg", 16_000, 12_000),
    "amr": Codec("libopencore_amrnb", "amr", 8_000, 7_950),
    "mp3": Codec("libmp3lame", "mp3", 16_000, 24_000),
}


def transmit(samples: np.ndarray, channel: str) -> np.ndarray:
    """Encode and decode a recording.

    Args:
        samples: float32 [n] in [-1, 1], at 16 kHz.
        channel: a name of CHANNELS.

    Returns:
        float32 at 16 kHz; a codec may make the recording a few frames longer.
    """
    codec = CHANNELS[channel]
    if codec is None:
        return samples
    narrow = samples if codec.rate == RATE else resample_poly(samples, codec.rate, RATE)
    file = io.BytesIO()
    _encode(np.clip(narrow, -1, 1), codec, file)
    file.seek(0)
    decoded = _decode(file, codec.rate)
    return decoded if codec.rate == RATE else resample_poly(decoded, RATE, codec.rate).astype(np.float32)


def _encode(samples: np.ndarray, codec: Codec, file: io.BytesIO) -> None:
    with av.open(file, "w", format=codec.container) as container:
        stream = container.add_stream(codec.encoder, rate=codec.rate)
        stream.layout = "mono"
        if codec.bit_rate:
            stream.bit_rate = codec.bit_rate
        pcm = np.round(samples * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        frame.sample_rate = codec.rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)


def _decode(file: io.BytesIO, rate: int) -> np.ndarray:
    resampler = av.AudioResampler("flt", "mono", rate)
    with av.open(file) as container:
        frames = [frame for decoded in container.decode(audio=0) for frame in resampler.resample(decoded)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float32)
