"""Bytes → Waveform: whatever libsndfile reads, any rate, any number of channels, bounded while it is decoded.

Further containers join in `_open`: the one place that turns a byte stream into something that yields blocks of samples.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import soundfile
import soxr

from hindi_stt.errors import (
    AudioTooLong,
    AudioTooShort,
    CorruptAudio,
    EmptyBody,
    InvalidSamples,
    TooManyChannels,
    TruncatedAudio,
    UnsupportedAudio,
)
from hindi_stt.types import Float32, Waveform

__all__ = ["AudioLimits", "decode"]

_BLOCK_S: Final = 16.0
# Floating-point files may pass full scale; past this (+40 dB) they hold something else than audio.
_MAX_AMPLITUDE: Final = 100.0
_MIN_RATE_HZ: Final = 1_000
_MAX_RATE_HZ: Final = 768_000
# Sizes that writers put into a WAV header when they cannot seek back: "until the end of the stream".
_STREAMED_SIZES: Final = frozenset({0x7FFF_FFFF, 0x7FFF_F000, 0x8000_0000, *range(0xFFFF_FF00, 0x1_0000_0000)})


@dataclass(frozen=True, slots=True)
class AudioLimits:
    """Bounds on one recording: seconds after decoding, and channels."""

    max_s: float
    min_s: float
    max_channels: int


def decode(source: bytes | str | Path | BinaryIO, sample_rate: int, limits: AudioLimits) -> Waveform:
    """Decode, mix down to mono, and resample to `sample_rate` Hz.

    source: the bytes of a file, a path, or a seekable binary stream, which stays open.

    Decoding stops as soon as `limits.max_s` is passed, so a small file that unpacks to hours costs no more than that.
    Raises EmptyBody, UnsupportedAudio, CorruptAudio, TruncatedAudio, InvalidSamples, AudioTooShort, AudioTooLong,
    TooManyChannels.
    """
    if isinstance(source, (str, Path)):
        with Path(source).open("rb") as stream:
            return _decode(stream, sample_rate, limits)
    return _decode(io.BytesIO(source) if isinstance(source, bytes) else source, sample_rate, limits)


def _decode(stream: BinaryIO, sample_rate: int, limits: AudioLimits) -> Waveform:
    size = stream.seek(0, io.SEEK_END)
    if size == 0:
        raise EmptyBody("The audio file is empty.")
    stream.seek(0)
    _refuse_truncated_wav(stream, size)
    stream.seek(0)
    with _open(stream) as file:
        if file.channels > limits.max_channels:
            raise TooManyChannels(f"The audio has {file.channels} channels, the bound is {limits.max_channels}.")
        if not _MIN_RATE_HZ <= file.samplerate <= _MAX_RATE_HZ:
            raise UnsupportedAudio(f"The header claims a sample rate of {file.samplerate} Hz.")
        mono = _read_mono(file, limits)
        source_rate = file.samplerate
    if len(mono) < limits.min_s * source_rate or len(mono) == 0:
        raise AudioTooShort(f"The audio lasts {len(mono) / source_rate:.3f} s, the least is {limits.min_s:g} s.")
    # Written so that a NaN fails it.
    if not (mono.max() <= _MAX_AMPLITUDE and mono.min() >= -_MAX_AMPLITUDE):
        raise InvalidSamples("The audio has samples that are not a number, infinite, or far beyond full scale.")
    if source_rate != sample_rate:
        mono = soxr.resample(mono, source_rate, sample_rate, quality="HQ")
    return Waveform(mono, sample_rate, source_rate)


def _open(stream: BinaryIO) -> soundfile.SoundFile:
    try:
        return soundfile.SoundFile(stream)
    except (soundfile.SoundFileError, TypeError) as error:
        # libsndfile takes headerless data for RAW, for which soundfile then misses parameters: a TypeError.
        raise UnsupportedAudio("The file is not audio in a format that can be read here.") from error


def _read_mono(file: soundfile.SoundFile, limits: AudioLimits) -> Float32:
    """Mono float32 samples at the file's own rate, read in blocks up to the bound."""
    max_frames = int(limits.max_s * file.samplerate)
    block_frames = max(1, int(_BLOCK_S * file.samplerate))
    promised = file.frames
    blocks: list[Float32] = []
    n_frames = 0
    try:
        while len(block := file.read(block_frames, dtype="float32", always_2d=True)):
            n_frames += len(block)
            if n_frames > max_frames:
                raise AudioTooLong(f"The audio lasts more than the bound of {limits.max_s:g} s.")
            blocks.append(block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32))
    except soundfile.SoundFileError as error:
        raise CorruptAudio(f"The audio cannot be decoded past {n_frames / file.samplerate:.1f} s.") from error
    if n_frames < promised < 2**62 and file.format in {"FLAC", "WAV", "WAVEX", "RF64", "AIFF", "AU", "CAF"}:
        raise TruncatedAudio(
            f"The header promises {promised / file.samplerate:.2f} s of audio, "
            f"the file holds {n_frames / file.samplerate:.2f} s."
        )
    if len(blocks) == 1:
        return blocks[0]
    return np.concatenate(blocks) if blocks else np.empty(0, np.float32)


def _refuse_truncated_wav(stream: BinaryIO, size: int) -> None:
    """Raise TruncatedAudio for a RIFF file whose data chunk is longer than the file.

    libsndfile silently reads what is there. Sizes that mean "streamed, length unknown" are accepted.
    """
    header = stream.read(12)
    if header[:4] != b"RIFF" or header[8:12] != b"WAVE":
        return
    position = 12
    while len(chunk := stream.read(8)) == 8:
        name, length = chunk[:4], struct.unpack("<I", chunk[4:])[0]
        position += 8
        if name == b"data":
            if length not in _STREAMED_SIZES and position + length > size:
                raise TruncatedAudio(
                    f"The WAV header promises {length} bytes of audio, the file holds {max(0, size - position)}."
                )
            return
        position += length + length % 2
        if position >= size:
            raise TruncatedAudio("The WAV file ends before its audio begins.")
        stream.seek(position)
    raise TruncatedAudio("The WAV file ends before its audio begins.")
