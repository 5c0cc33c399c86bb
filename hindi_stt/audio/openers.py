"""The ways of opening a file, or parts of it, that `readers` chooses from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import BinaryIO, Final, cast

import soundfile

from hindi_stt.audio.byte_ranges import ByteRanges
from hindi_stt.audio.containers import Container
from hindi_stt.audio.decoders import FFmpegReader, ForwardFile, SndfileReader, raw_file
from hindi_stt.audio.ffmpeg import ChildLimits, FFmpegFile
from hindi_stt.audio.joined import JoinedReader
from hindi_stt.audio.reader import Reader
from hindi_stt.audio.riff import WavHeader
from hindi_stt.errors import AudioTooLong, CorruptAudio, DecoderLost, HindiSTTError

__all__ = ["UNKNOWN_SIZE", "Openers", "whole_size", "with_samples"]

# What a stream that is still arriving gives for its end.
UNKNOWN_SIZE: Final = 2**62

# They share the bound on a child's CPU time, but each has at least so much.
_LEAST_CPU_S: Final = 10
# More files are not read in one child: the list of them goes to it in one argument.
_MAX_JOINED: Final = 2_000


class Openers(ABC):
    """A file, and the libraries that may decode it.

    Args:
        stream: The file; it stays open.
        size: Its bytes, or UNKNOWN_SIZE.
        limits: Bounds on the decoding child.
        max_s: The longest recording to decode, in seconds.
        channel: The channel to decode, from 0; None for all.
    """

    def __init__(self, stream: BinaryIO, size: int, limits: ChildLimits, max_s: float, channel: int | None) -> None:
        self._stream, self._size, self._limits, self._max_s, self._channel = stream, size, limits, max_s, channel

    @abstractmethod
    def reader(self) -> Reader:
        """Open the file as its container asks; the class that knows the containers does.

        Returns:
            The reader.
        """

    def _samples(
        self,
        header: WavHeader,
        end: int,
        *,
        incomplete: bool = False,
        at_end: Callable[[], bool] = lambda: False,
        exact: bool = False,
    ) -> Reader:
        """Return a reader of the bytes behind the header."""
        file = raw_file(
            cast("BinaryIO", ByteRanges(self._stream, [(header.data_start, end)])),
            header.encoding or "",
            header.rate,
            header.channels,
            header.endian,
        )
        return SndfileReader(file, self._channel, incomplete=incomplete, at_end=at_end, exact=exact)

    def _in_one_child(
        self, container: Container, starts: Sequence[int], *, incomplete: bool = False, checked: bool = False
    ) -> Reader:
        """Files of one kind that begin at these bytes, of which FFmpeg's demuxer would not read all."""
        ends = [*starts[1:], self._size][:_MAX_JOINED]
        files = [[part] for part in zip(starts, ends, strict=False)]
        incomplete = incomplete or len(starts) > _MAX_JOINED
        file = FFmpegFile(self._stream, container.demuxer, self._limits, self._channel, files)
        return FFmpegReader(file, incomplete=incomplete, checked=checked)

    def _parts(self, parts: Sequence[tuple[int, int]], *, incomplete: bool = False) -> Reader:
        """Return a reader of joined files, each of which is opened when the one before it has ended.

        Args:
            parts: (start, end) of each file in bytes.
            incomplete: Whether part of the audio is already known to be missing.

        Returns:
            The reader.
        """
        limits = replace(self._limits, cpu_s=max(_LEAST_CPU_S, self._limits.cpu_s // len(parts)))

        def opener(start: int, end: int) -> Callable[[], Reader]:
            part = cast("BinaryIO", ByteRanges(self._stream, [(start, end)]))
            return lambda: type(self)(part, end - start, limits, self._max_s, self._channel).reader()

        return JoinedReader([opener(*part) for part in parts], incomplete=incomplete)

    def _joined(self, starts: Sequence[int], *, incomplete: bool = False) -> Reader:
        """Joined files, each of which ends where the next one begins."""
        return self._parts(list(zip(starts, [*starts[1:], self._size], strict=True)), incomplete=incomplete)

    def _check_duration(self, duration_s: float) -> None:
        if duration_s > self._max_s:
            raise AudioTooLong(f"The audio is longer than the limit of {self._max_s:g} s.")

    def _ffmpeg_or_sndfile(self, container: Container, *, incomplete: bool) -> Reader:
        """For codecs that one of the two may not know."""
        try:
            return self._ffmpeg(container, incomplete=incomplete)
        except DecoderLost:
            raise
        except HindiSTTError as error:
            try:
                return self._sndfile(start=container.start, incomplete=incomplete, exact=True)
            except HindiSTTError:
                raise error from None

    def _ffmpeg(
        self,
        container: Container,
        ranges: Sequence[tuple[int, int]] = (),
        *,
        incomplete: bool = False,
        checked: bool = False,
    ) -> FFmpegReader:
        size = whole_size(self._stream)
        parts = [(start, min(end, size)) for start, end in ranges]
        if not parts and container.start:
            parts = [(container.start, size)]
        file = FFmpegFile(self._stream, container.demuxer, self._limits, self._channel, [parts] if parts else [])
        return FFmpegReader(file, incomplete=incomplete, checked=checked)

    def _sndfile(
        self,
        *,
        stream: BinaryIO | None = None,
        start: int = 0,
        ranges: Sequence[tuple[int, int]] = (),
        fallback: Callable[[], Reader] | None = None,
        goes_on: Callable[[], bool] = lambda: False,
        at_end: Callable[[], bool] = lambda: False,
        incomplete: bool = False,
        exact: bool = False,
    ) -> SndfileReader:
        if stream is not None:
            pass
        elif start or (ranges and list(ranges) != [(0, self._size)]):
            stream = cast("BinaryIO", ByteRanges(self._stream, ranges or [(start, self._size)]))
        else:
            stream = self._stream
            stream.seek(0)
        try:
            file = ForwardFile(stream)
        except (soundfile.SoundFileError, TypeError) as error:
            # libsndfile takes headerless data for RAW, for which soundfile then misses parameters: a TypeError.
            if fallback is not None:
                return fallback()  # type: ignore[return-value]
            raise CorruptAudio("The header of the file cannot be read.") from error
        return SndfileReader(
            file, self._channel, fallback=fallback, goes_on=goes_on, at_end=at_end, incomplete=incomplete, exact=exact
        )


def whole_size(stream: BinaryIO) -> int:
    """Return the bytes of a file, once all of it is there.

    Args:
        stream: The file; where it is still arriving, this waits for its end.
    """
    wait = getattr(stream, "wait_until_whole", None)
    if wait is not None:
        wait()
    return stream.seek(0, 2)


def with_samples(starts: Sequence[int], size: int, header_bytes: int) -> list[tuple[int, int]]:
    """Return the joined files that are longer than a header.

    libsndfile writes the header of a file that it writes to a pipe twice, and once more behind the samples.

    Args:
        starts: First byte of each file.
        size: Bytes of the whole.
        header_bytes: Length of a header.

    Returns:
        (start, end) of each in bytes.
    """
    parts = zip(starts, [*starts[1:], size], strict=True)
    return [(start, end) for start, end in parts if end - start > header_bytes]
