"""Bytes → Waveform: any container, any rate, any number of channels, bounded while it is decoded.

libsndfile reads what it can; the rest goes to FFmpeg in a child process. `_open` is the one place that chooses.
"""

from __future__ import annotations

import contextlib
import io
import struct
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, Literal

import numpy as np
import soundfile
import soxr

from hindi_stt.audio.ffmpeg import ChildLimits, FFmpegFile, container_of
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

__all__ = ["UNKNOWN_SIZE", "AudioLimits", "RawFormat", "blocks", "count_channels", "decode", "stated_duration_s"]

UNKNOWN_SIZE: Final = 2**62
"""What a stream that is still arriving gives for its end."""

_BLOCK_S: Final = 16.0
# A file that promises more does not know how much it holds.
_MAX_PROMISED_FRAMES: Final = 2**48
# Floating-point files may pass full scale; past this (+40 dB) they hold something else than audio.
_MAX_AMPLITUDE: Final = 100.0
_MIN_RATE_HZ: Final = 1_000
_MAX_RATE_HZ: Final = 768_000
# Containers whose headers count their samples exactly.
_EXACT_HEADERS: Final = frozenset({"FLAC", "WAV", "WAVEX", "RF64", "AIFF", "AU", "CAF"})
# Sizes that writers put into a WAV header when they cannot seek back: "until the end of the stream".
_STREAMED_SIZES: Final = frozenset({0x7FFF_FFFF, 0x7FFF_F000, 0x8000_0000, *range(0xFFFF_FF00, 0x1_0000_0000)})


@dataclass(frozen=True, slots=True)
class AudioLimits:
    """Bounds on one recording: seconds after decoding, and channels; and on the process that decodes what is rare."""

    max_s: float
    min_s: float
    max_channels: int
    child: ChildLimits = field(default_factory=ChildLimits)


@dataclass(frozen=True, slots=True)
class RawFormat:
    """Samples without a container, channels interleaved. rate: Hz."""

    encoding: Literal["PCM_16", "ULAW", "ALAW"]
    rate: int
    channels: int = 1
    endian: Literal["BIG", "LITTLE"] = "LITTLE"

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return self.channels * (2 if self.encoding == "PCM_16" else 1)


def decode(source: bytes | str | Path | BinaryIO, sample_rate: int, limits: AudioLimits) -> Waveform:
    """The whole recording in one piece: the blocks of `blocks`, joined. Raises what `blocks` raises."""
    parts = list(blocks(source, sample_rate, limits))
    samples = parts[0].samples if len(parts) == 1 else np.concatenate([part.samples for part in parts])
    return Waveform(samples, sample_rate, parts[0].source_rate)


def blocks(
    source: bytes | str | Path | BinaryIO,
    sample_rate: int,
    limits: AudioLimits,
    block_s: float = _BLOCK_S,
    *,
    raw: RawFormat | None = None,
    channel: int | None = None,
) -> Generator[Waveform]:
    """Decode, mix down to mono, and resample to `sample_rate` Hz, `block_s` seconds at a time.

    raw: what the source is where it has no container; channel: the one to take, from 0, instead of the mean of all.

    A recording up to `block_s` comes, and is resampled, in one piece; a longer one is resampled as a stream.

    source: the bytes of a file, a path, or a seekable binary stream, which stays open. A stream that is still arriving
    may give UNKNOWN_SIZE for its end, if it holds WAV, FLAC or raw samples, which are read from the first byte to the
    last.

    Decoding stops as soon as `limits.max_s` is passed, so a small file that unpacks to hours costs no more than that;
    where the header tells the length, it does not even begin. Whoever reads to the end knows that the file is whole.
    Raises, at any block, EmptyBody, UnsupportedAudio, CorruptAudio, TruncatedAudio, InvalidSamples, AudioTooShort,
    AudioTooLong, TooManyChannels.
    """
    with _opened(source, limits, raw, channel) as (file, promised):
        for samples in _resampled(_read_mono(file, promised, limits, block_s, channel), file.samplerate, sample_rate):
            yield Waveform(samples, sample_rate, file.samplerate)


def count_channels(source: bytes | str | Path | BinaryIO, limits: AudioLimits, *, raw: RawFormat | None = None) -> int:
    """Channels of a recording, by its header. Raises what `blocks` raises at its first block."""
    with _opened(source, limits, raw, None) as (file, _):
        return int(file.channels)


def stated_duration_s(
    source: bytes | str | Path | BinaryIO, limits: AudioLimits, *, raw: RawFormat | None = None
) -> float | None:
    """Seconds that the header promises, None where it says nothing. Raises what `blocks` raises at its first block."""
    with _opened(source, limits, raw, None) as (file, frames):
        return None if frames is None else frames / float(file.samplerate)


@contextlib.contextmanager
def _opened(
    source: bytes | str | Path | BinaryIO, limits: AudioLimits, raw: RawFormat | None, channel: int | None
) -> Iterator[tuple[soundfile.SoundFile | FFmpegFile, int | None]]:
    """The file, and how many frames it promises, where it does."""
    with contextlib.ExitStack() as stack:
        if isinstance(source, (str, Path)):
            stream: BinaryIO = stack.enter_context(Path(source).open("rb"))
        else:
            stream = io.BytesIO(source) if isinstance(source, bytes) else source
        size = stream.seek(0, io.SEEK_END)
        if size == 0:
            raise EmptyBody("The audio file is empty.")
        if raw is not None:
            _check_channels(raw.channels, limits)
        if raw is not None and size != UNKNOWN_SIZE:
            _check_whole_samples(size, raw)
        stream.seek(0)
        endless = raw is None and _is_streamed_wav(stream, size) and size == UNKNOWN_SIZE
        stream.seek(0)
        file = stack.enter_context(_open(stream, limits, raw, channel))
        _check_channels(file.channels, limits)
        if not _MIN_RATE_HZ <= file.samplerate <= _MAX_RATE_HZ:
            raise UnsupportedAudio(f"The header claims a sample rate of {file.samplerate} Hz.")
        yield file, None if endless or file.frames >= _MAX_PROMISED_FRAMES else file.frames
        if raw is not None and size == UNKNOWN_SIZE:
            _check_whole_samples(stream.seek(0, io.SEEK_END), raw)


def _check_whole_samples(size: int, raw: RawFormat) -> None:
    if size % raw.frame_bytes:
        raise TruncatedAudio(f"The {size} bytes of audio are no multiple of {raw.frame_bytes}, a sample's size.")


def _check_channels(channels: int, limits: AudioLimits) -> None:
    if channels > limits.max_channels:
        raise TooManyChannels(f"The audio has {channels} channels, the bound is {limits.max_channels}.")


def _resampled(parts: Iterator[Float32], source_rate: int, sample_rate: int) -> Iterator[Float32]:
    """The parts at another rate: a lone one in one piece, several as one stream without seams."""
    if source_rate == sample_rate:
        yield from parts
        return
    first, second = next(parts), next(parts, None)
    if second is None:
        yield soxr.resample(first, source_rate, sample_rate, quality="HQ")
        return
    resampler = soxr.ResampleStream(source_rate, sample_rate, 1, dtype="float32", quality="HQ")
    yield resampler.resample_chunk(first)
    yield resampler.resample_chunk(second)
    for part in parts:
        yield resampler.resample_chunk(part)
    yield resampler.resample_chunk(np.empty(0, np.float32), last=True)


def _open(
    stream: BinaryIO, limits: AudioLimits, raw: RawFormat | None, channel: int | None
) -> soundfile.SoundFile | FFmpegFile:
    if raw is not None:
        return soundfile.SoundFile(
            stream,
            samplerate=raw.rate,
            channels=raw.channels,
            subtype=raw.encoding,
            endian=raw.endian if raw.encoding == "PCM_16" else "FILE",
            format="RAW",
        )
    try:
        return soundfile.SoundFile(stream)
    except (soundfile.SoundFileError, TypeError) as error:
        # libsndfile takes headerless data for RAW, for which soundfile then misses parameters: a TypeError.
        container = container_of(stream)
        if container is None:
            raise UnsupportedAudio("The file is not audio in a format that can be read here.") from error
    return FFmpegFile(stream, container, limits.child, channel)


def _read_mono(
    file: soundfile.SoundFile | FFmpegFile,
    promised: int | None,
    limits: AudioLimits,
    block_s: float,
    channel: int | None,
) -> Iterator[Float32]:
    """Mono float32 samples at the file's own rate, in blocks up to the bound; at least one block."""
    rate = file.samplerate
    max_frames = int(limits.max_s * rate)
    block_frames = max(1, int(block_s * rate))
    too_long = AudioTooLong(f"The audio lasts more than the bound of {limits.max_s:g} s.")
    if promised is not None and promised > max_frames:
        raise too_long
    n_frames = 0
    while len(block := _read(file, block_frames, n_frames)):
        n_frames += len(block)
        if n_frames > max_frames:
            raise too_long
        mono = _mono(block, channel)
        # Written so that a NaN fails it.
        if not (mono.max() <= _MAX_AMPLITUDE and mono.min() >= -_MAX_AMPLITUDE):
            raise InvalidSamples("The audio has samples that are not a number, infinite, or far beyond full scale.")
        if len(block) < block_frames:
            _check_length(file, n_frames, promised, limits)
        yield mono
    _check_length(file, n_frames, promised, limits)


def _mono(block: Float32, channel: int | None) -> Float32:
    mono: Float32
    if block.shape[1] == 1:  # FFmpeg's child has chosen or mixed already
        mono = block[:, 0]
    elif channel is not None:
        mono = np.ascontiguousarray(block[:, channel])
    else:
        mono = block.mean(axis=1, dtype=np.float32)
    return mono


def _read(file: soundfile.SoundFile | FFmpegFile, n: int, done: int) -> Float32:
    try:
        block: Float32 = file.read(n, dtype="float32", always_2d=True)
    except soundfile.SoundFileError as error:
        raise CorruptAudio(f"The audio cannot be decoded past {done / file.samplerate:.1f} s.") from error
    return block


def _check_length(
    file: soundfile.SoundFile | FFmpegFile, n_frames: int, promised: int | None, limits: AudioLimits
) -> None:
    """Raise TruncatedAudio or AudioTooShort for a file that has ended here."""
    rate = file.samplerate
    if promised is not None and n_frames < promised and file.format in _EXACT_HEADERS:
        raise TruncatedAudio(
            f"The header promises {promised / rate:.2f} s of audio, the file holds {n_frames / rate:.2f} s."
        )
    if n_frames < limits.min_s * rate or not n_frames:
        raise AudioTooShort(f"The audio lasts {n_frames / rate:.3f} s, the least is {limits.min_s:g} s.")


def _is_streamed_wav(stream: BinaryIO, size: int) -> bool:
    """Whether it is a RIFF file of which the writer did not know the length.

    Raises TruncatedAudio where the data chunk is longer than the file: libsndfile silently reads what is there.
    """
    header = stream.read(12)
    if header[:4] != b"RIFF" or header[8:12] != b"WAVE":
        return False
    position = 12
    while len(chunk := stream.read(8)) == 8:
        name, length = chunk[:4], struct.unpack("<I", chunk[4:])[0]
        position += 8
        if name == b"data":
            if length not in _STREAMED_SIZES and position + length > size:
                raise TruncatedAudio(
                    f"The WAV header promises {length} bytes of audio, the file holds {max(0, size - position)}."
                )
            return length in _STREAMED_SIZES
        position += length + length % 2
        if position >= size:
            raise TruncatedAudio("The WAV file ends before its audio begins.")
        stream.seek(position)
    raise TruncatedAudio("The WAV file ends before its audio begins.")
