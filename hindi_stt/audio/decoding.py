"""Decodes recordings of any container, rate and number of channels into mono waveforms, within bounds.

`readers` chooses the decoder of a file.

Longer than 300 lines: the documented errors of its public functions take a third of it.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, Literal

import numpy as np
import soxr

from hindi_stt.audio.ffmpeg import ChildLimits
from hindi_stt.audio.mixing import ChannelMixer
from hindi_stt.audio.reader import Reader
from hindi_stt.audio.readers import UNKNOWN_SIZE, open_raw, open_recording
from hindi_stt.errors import (
    AudioTooLong,
    AudioTooShort,
    EmptyBody,
    InvalidSamples,
    TooManyChannels,
    TruncatedAudio,
    UnsupportedAudio,
)
from hindi_stt.types import Float32, Waveform

__all__ = [
    "MAX_RATE_HZ",
    "UNKNOWN_SIZE",
    "AudioLimits",
    "Blocks",
    "RawFormat",
    "blocks",
    "count_channels",
    "decode",
    "stated_duration_s",
]

_BLOCK_S: Final = 16.0
# Floating-point files may pass full scale; past this (+40 dB) they hold something else than audio.
_MAX_AMPLITUDE: Final = 100.0
_MIN_RATE_HZ: Final = 1_000
MAX_RATE_HZ: Final = 768_000
"""Highest sample rate that is read."""
_INCOMPLETE: Final = "incomplete_audio"


@dataclass(frozen=True, slots=True)
class AudioLimits:
    """Bounds on one recording: seconds after decoding, and channels; and on the process that decodes what is rare."""

    max_s: float
    min_s: float
    max_channels: int
    child: ChildLimits = field(default_factory=ChildLimits)


@dataclass(frozen=True, slots=True)
class RawFormat:
    """Format of samples without a container, channels interleaved.

    Attributes:
        encoding: Libsndfile's name of the encoding.
        rate: Sample rate in Hz.
        channels: Number of channels.
        endian: Byte order of PCM_16.
    """

    encoding: Literal["PCM_16", "ULAW", "ALAW"]
    rate: int
    channels: int = 1
    endian: Literal["BIG", "LITTLE"] = "LITTLE"

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return self.channels * (2 if self.encoding == "PCM_16" else 1)


def decode(source: bytes | str | Path | BinaryIO, sample_rate: int, limits: AudioLimits) -> Waveform:
    """Decode a whole recording into one waveform: the blocks of `blocks`, concatenated.

    Args:
        source: The bytes of a file, a path, or a seekable binary stream.
        sample_rate: Rate of the waveform in Hz.
        limits: Bounds on the recording.

    Returns:
        Mono, float32 [n], in about [-1, 1].

    Raises:
        AudioError: As `blocks` raises.
    """
    parts = list(blocks(source, sample_rate, limits))
    samples = parts[0].samples if len(parts) == 1 else np.concatenate([part.samples for part in parts])
    return Waveform(samples, sample_rate, parts[0].source_rate)


class Blocks(Iterator[Waveform]):
    """A recording in blocks; see `blocks`.

    Args:
        waveforms: The blocks.
        notes: Filled while the blocks are decoded; see `warnings`.
    """

    def __init__(self, waveforms: Generator[Waveform], notes: list[str]) -> None:
        self._waveforms = waveforms
        self._notes = notes

    def __next__(self) -> Waveform:
        return next(self._waveforms)

    def close(self) -> None:
        """Release the source before the end."""
        self._waveforms.close()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what was not decoded, and why; complete once the iteration has ended.

        Returns:
            "incomplete_audio": part of the file is damaged, or lies behind the part that was read.
            "inverted_channels: …", "quiet_channel: …": see `ChannelMixer.warnings`.
            "audio_tracks: …": the file has several tracks, of which one was decoded.
        """
        return tuple(self._notes)


def blocks(
    source: bytes | str | Path | BinaryIO,
    sample_rate: int,
    limits: AudioLimits,
    block_s: float = _BLOCK_S,
    *,
    raw: RawFormat | None = None,
    channel: int | None = None,
) -> Blocks:
    """Decode, mix down to mono, and resample to `sample_rate` Hz, `block_s` seconds at a time.

    A recording up to `block_s` is decoded and resampled in one piece; a longer one is resampled as a stream.

    Decoding stops as soon as `limits.max_s` is exceeded, so a small file that unpacks to hours costs no more than that;
    where the header states the exact length, decoding does not begin. A caller that has read all blocks knows that the
    file is complete, except for what `Blocks.warnings` names.

    Args:
        source: The bytes of a file, a path, or a seekable binary stream, which stays open. A stream that is still
            arriving may give UNKNOWN_SIZE for its end if it holds WAV, FLAC or raw samples, which are read from the
            first byte to the last.
        sample_rate: Rate of the waveforms in Hz.
        limits: Bounds on the recording.
        block_s: Duration of a block in seconds.
        raw: Format of a source without a container.
        channel: The channel to take, from 0; None for a mix of all.

    Returns:
        The blocks, each mono, float32 [n]. Errors are raised while they are read.

    Raises:
        EmptyBody: The source has no bytes.
        UnsupportedAudio: No known container, or no audio in it.
        CorruptAudio: The audio cannot be decoded.
        TruncatedAudio: The file ends before the length that its header states.
        InvalidSamples: A sample is not finite.
        AudioTooShort: The recording is shorter than the bound.
        AudioTooLong: The recording is longer than the bound.
        TooManyChannels: It has more channels than the bound.
    """
    notes: list[str] = []
    return Blocks(_waveforms(source, sample_rate, limits, block_s, raw, channel, notes), notes)


def _waveforms(
    source: bytes | str | Path | BinaryIO,
    sample_rate: int,
    limits: AudioLimits,
    block_s: float,
    raw: RawFormat | None,
    channel: int | None,
    notes: list[str],
) -> Generator[Waveform]:
    with _opened(source, limits, raw, channel) as reader:
        for samples in _resampled(_read_mono(reader, limits, block_s, notes), reader.samplerate, sample_rate):
            yield Waveform(samples, sample_rate, reader.samplerate)


def count_channels(source: bytes | str | Path | BinaryIO, limits: AudioLimits, *, raw: RawFormat | None = None) -> int:
    """Read the number of channels from a recording's header.

    Args:
        source: See `blocks`.
        limits: Bounds on the recording.
        raw: Format of a source without a container.

    Returns:
        The number of channels.

    Raises:
        AudioError: As `blocks` raises at its first block.
    """
    with _opened(source, limits, raw, None) as reader:
        return reader.channels


def stated_duration_s(
    source: bytes | str | Path | BinaryIO, limits: AudioLimits, *, raw: RawFormat | None = None
) -> float | None:
    """Read the duration from a recording's header.

    Args:
        source: See `blocks`.
        limits: Bounds on the recording.
        raw: Format of a source without a container.

    Returns:
        Seconds; None where the header does not state the exact length.

    Raises:
        AudioError: As `blocks` raises at its first block.
    """
    with _opened(source, limits, raw, None) as reader:
        return None if reader.promised is None else reader.promised / reader.samplerate


@contextlib.contextmanager
def _opened(
    source: bytes | str | Path | BinaryIO, limits: AudioLimits, raw: RawFormat | None, channel: int | None
) -> Iterator[Reader]:
    with contextlib.ExitStack() as stack:
        if isinstance(source, (str, Path)):
            stream: BinaryIO = stack.enter_context(Path(source).open("rb"))
        else:
            stream = io.BytesIO(source) if isinstance(source, bytes) else source
        size = stream.seek(0, io.SEEK_END)
        if size == 0:
            raise EmptyBody("The audio file is empty.")
        reader = stack.enter_context(contextlib.closing(_reader(stream, size, limits, raw, channel)))
        _check_channels(reader.channels, limits)
        if not _MIN_RATE_HZ <= reader.samplerate <= MAX_RATE_HZ:
            raise UnsupportedAudio(f"The header claims a sample rate of {reader.samplerate} Hz.")
        yield reader
        if raw is not None and size == UNKNOWN_SIZE:
            _check_whole_samples(stream.seek(0, io.SEEK_END), raw)


def _reader(stream: BinaryIO, size: int, limits: AudioLimits, raw: RawFormat | None, channel: int | None) -> Reader:
    if raw is None:
        return open_recording(stream, size, limits.child, limits.max_s, channel)
    _check_channels(raw.channels, limits)
    if size != UNKNOWN_SIZE:
        _check_whole_samples(size, raw)
    stream.seek(0)
    return open_raw(stream, raw.encoding, raw.rate, raw.channels, raw.endian, channel=channel)


def _check_whole_samples(size: int, raw: RawFormat) -> None:
    if size % raw.frame_bytes:
        raise TruncatedAudio(f"The {size} bytes of audio are not a multiple of a frame's {raw.frame_bytes}.")


def _check_channels(channels: int, limits: AudioLimits) -> None:
    if channels > limits.max_channels:
        raise TooManyChannels(f"The audio has {channels} channels; the limit is {limits.max_channels}.")


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


def _read_mono(reader: Reader, limits: AudioLimits, block_s: float, notes: list[str]) -> Iterator[Float32]:
    """Mono float32 samples at the file's own rate, in blocks up to the bound; at least one block."""
    rate = reader.samplerate
    max_frames = int(limits.max_s * rate)
    block_frames = max(1, int(block_s * rate))
    too_long = AudioTooLong(f"The audio is longer than the limit of {limits.max_s:g} s.")
    if reader.promised is not None and reader.promised > max_frames:
        raise too_long
    mixer = ChannelMixer(rate)
    n_frames, ended = 0, False
    while not ended:
        block = reader.read(block_frames)
        ended = len(block) < block_frames
        n_frames += len(block)
        if n_frames > max_frames:
            raise too_long
        mono = block[:, 0] if block.shape[1] == 1 else mixer.mix(block)
        # Written so that a NaN fails it.
        if len(mono) and not (mono.max() <= _MAX_AMPLITUDE and mono.min() >= -_MAX_AMPLITUDE):
            raise InvalidSamples("The audio has samples that are not a number, infinite, or far beyond full scale.")
        if ended:
            if n_frames < limits.min_s * rate or not n_frames:
                raise AudioTooShort(f"The audio lasts {n_frames / rate:.3f} s; the minimum is {limits.min_s:g} s.")
            notes += [*reader.notes, *mixer.warnings(), *((_INCOMPLETE,) if reader.incomplete else ())]
        if len(mono):
            yield mono
