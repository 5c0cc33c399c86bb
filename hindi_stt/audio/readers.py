"""One recording, opened by whichever library decodes it exactly: libsndfile in this process, or FFmpeg in a child.

libsndfile is the fast one. It is right for uncompressed WAV, AIFF, AU, CAF and Wave64 files, for FLAC, for one stream
of Opus in Ogg, and for MP3 files whose header counts their frames right. Elsewhere it stops at lengths that are only
estimated, drops damaged pages and packets, and reads the first of several joined files: those are FFmpeg's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import BinaryIO, Final, cast

import numpy as np
import soundfile

from hindi_stt.audio.byte_ranges import ByteRanges
from hindi_stt.audio.containers import Container, identify
from hindi_stt.audio.ffmpeg import ChildLimits, FFmpegFile
from hindi_stt.audio.frame_headers import scan_frames
from hindi_stt.audio.ogg_pages import scan_ogg
from hindi_stt.audio.reader import Reader
from hindi_stt.audio.riff import WavHeader, read_wav_header, unread_bytes
from hindi_stt.audio.structure import beginnings, find_later, is_cut, is_joined, ranges_without_headers, scan_atoms
from hindi_stt.errors import AudioTooLong, CorruptAudio, HindiSTTError, TruncatedAudio, UnsupportedAudio
from hindi_stt.types import Float32

__all__ = ["UNKNOWN_SIZE", "open_raw", "open_recording"]

UNKNOWN_SIZE: Final = 2**62
"""What a stream that is still arriving gives for its end."""

# A file that promises more does not know how much it holds.
_MAX_PROMISED: Final = 2**48
# Encodings that libsndfile reads sample by sample, in every container.
_EXACT_SUBTYPES: Final = frozenset(
    {"PCM_U8", "PCM_S8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"}
)
# A FLAC file that lacks less than its largest usual block at its end is damaged there, and not cut off.
_MAX_BLOCK: Final = 4_608
# More joined files are not read: the list of them goes to the child in one argument.
_MAX_JOINED: Final = 2_000
_TRACKS: Final = "audio_tracks: the file has {} audio tracks; the default one was transcribed"


def open_raw(
    stream: BinaryIO,
    encoding: str,
    rate: int,
    channels: int,
    endian: str,
    *,
    channel: int | None,
    incomplete: bool = False,
) -> Reader:
    """Samples without a container. encoding: libsndfile's name."""
    try:
        file = _Forward(
            stream, samplerate=rate, channels=channels, subtype=encoding, endian=_endian(encoding, endian), format="RAW"
        )
    except (soundfile.SoundFileError, ValueError, OverflowError) as error:
        raise CorruptAudio(f"There is no audio of {channels} channels at {rate} Hz.") from error
    return _SndfileReader(file, channel, incomplete=incomplete)


def open_recording(stream: BinaryIO, size: int, limits: ChildLimits, max_s: float, channel: int | None) -> Reader:
    """Open a file of any kind.

    Args:
        stream: the file; it stays open.
        size: its bytes, or UNKNOWN_SIZE for WAV and FLAC that are still arriving.
        limits: bounds on the decoding child.
        max_s: the longest recording to decode, in seconds.
        channel: the one to decode, from 0; None for all.

    Raises:
        UnsupportedAudio: it is of no kind that is known here, or has no audio.
        CorruptAudio, TruncatedAudio: its beginning cannot be decoded, or it is cut off.
        AudioTooLong: its frames are more than `max_s` seconds.
    """
    return _Opening(stream, size, limits, max_s, channel).reader()


class _Forward(soundfile.SoundFile):  # type: ignore[misc]
    """Reads on without seeking, whatever length the header states.

    soundfile asks for no more than the stated length, and seeks after every block. Behind the last block of a FLAC file
    of unknown length that fails.
    """

    def seekable(self) -> bool:
        return False


class _Opening:
    def __init__(self, stream: BinaryIO, size: int, limits: ChildLimits, max_s: float, channel: int | None) -> None:
        self._stream, self._size, self._limits, self._max_s, self._channel = stream, size, limits, max_s, channel

    def reader(self) -> Reader:
        container = identify(self._stream)
        if container is None:
            try:
                return self._sndfile()
            except CorruptAudio as error:
                raise UnsupportedAudio("The file is not audio in a format that can be read here.") from error
        by_demuxer: dict[str, Callable[[Container], Reader]] = {
            **dict.fromkeys(("wav", "w64"), self._wav),
            **dict.fromkeys(("mp3", "aac"), self._frames),
            **dict.fromkeys(("aiff", "au", "caf"), self._uncompressed),
            "flac": self._flac,
            "ogg": self._ogg,
            **dict.fromkeys(("matroska", "avi"), self._separately),
            "mov": self._mov,
        }
        if self._size != UNKNOWN_SIZE and is_cut(self._stream, container.demuxer, container.start, self._size):
            raise TruncatedAudio("The file ends before its audio does.")
        return by_demuxer.get(container.demuxer, self._other)(container)

    def _other(self, container: Container) -> Reader:
        headers = ranges_without_headers(self._stream, container.demuxer, container.start, self._size)
        behind = is_joined(self._stream, container.demuxer, container.start)
        return self._ffmpeg(container, headers, incomplete=behind)

    def _wav(self, container: Container) -> Reader:
        header = read_wav_header(self._stream, container.start, self._size)
        if header.encoding is None:
            return self._ffmpeg_or_sndfile(container, incomplete=self._is_followed(container, header))
        if header.data_bytes is None:
            return self._samples(header, self._size)
        arriving = self._size == UNKNOWN_SIZE
        if not header.data_bytes or not arriving:
            followed = self._is_followed(container, header)
            if followed and not header.data_bytes:  # never closed by its writer
                return self._samples(header, self._size, incomplete=True)
            if followed or not header.is_riff:
                # libsndfile refuses WAV files with another one behind them, and reads it with Wave64.
                return self._samples(header, header.data_start + header.data_bytes, incomplete=followed)
        return self._sndfile(
            start=container.start, at_end=lambda: arriving and self._is_followed(container, header), exact=True
        )

    def _is_followed(self, container: Container, header: WavHeader) -> bool:
        """Whether there may be audio behind the samples. Waits for the end of a file that is still arriving."""
        if header.data_bytes is None:
            return False
        size = _whole_size(self._stream)
        if not header.is_riff:
            return find_later(self._stream, container.demuxer, container.start) is not None
        return unread_bytes(self._stream, header.data_start + header.data_bytes, size) > 0

    def _samples(self, header: WavHeader, end: int, *, incomplete: bool = False) -> Reader:
        """What lies behind the header."""
        samples = ByteRanges(self._stream, [(header.data_start, end)])
        return open_raw(
            cast("BinaryIO", samples),
            header.encoding or "",
            header.rate,
            header.channels,
            header.endian,
            channel=self._channel,
            incomplete=incomplete,
        )

    def _flac(self, container: Container) -> Reader:
        def continued() -> _FFmpegReader:
            return self._ffmpeg(container)

        if self._size == UNKNOWN_SIZE:
            return self._sndfile(
                start=container.start,
                fallback=continued,
                goes_on=lambda: find_later(self._stream, "flac", container.start) is not None,
                exact=True,
            )
        if find_later(self._stream, "flac", container.start) is not None:
            return continued()
        return self._sndfile(start=container.start, fallback=continued, exact=True)

    def _ogg(self, container: Container) -> Reader:
        scan = scan_ogg(self._stream, container.start)
        if scan.is_opus and scan.is_plain:
            return self._sndfile(start=container.start, fallback=lambda: self._ffmpeg(container))
        # Whether the pages are whole is known: decoders complain of less, and more.
        starts = [container.start + at for at in scan.links]
        return self._joined(container, starts, incomplete=scan.is_damaged, checked=True)

    def _separately(self, container: Container) -> Reader:
        return self._joined(container, beginnings(self._stream, container.demuxer, container.start))

    def _joined(
        self, container: Container, starts: Sequence[int], *, incomplete: bool = False, checked: bool = False
    ) -> Reader:
        """Files that begin at these bytes, of which FFmpeg's demuxer would not read all."""
        if len(starts) < 2:
            return self._ffmpeg(container, incomplete=incomplete, checked=checked)
        ends = [*starts[1:], self._size][:_MAX_JOINED]
        files = [[part] for part in zip(starts, ends, strict=False)]
        incomplete = incomplete or len(starts) > _MAX_JOINED
        file = FFmpegFile(self._stream, container.demuxer, self._limits, self._channel, files)
        return _FFmpegReader(file, incomplete=incomplete, checked=checked)

    def _frames(self, container: Container) -> Reader:
        scan = scan_frames(self._stream, container.start, self._max_s)
        if scan.duration_s > self._max_s:
            raise AudioTooLong(f"The audio lasts more than the bound of {self._max_s:g} s.")
        if container.demuxer == "mp3" and scan.fits_its_header:
            return self._sndfile(ranges=scan.ranges, fallback=lambda: self._ffmpeg(container, scan.ranges))
        return self._ffmpeg(container, scan.ranges, incomplete=scan.is_damaged)

    def _mov(self, container: Container) -> Reader:
        scan = scan_atoms(self._stream, container.start, self._size)
        if scan.is_cut:
            raise TruncatedAudio("The file ends before its audio does.")
        first = [] if scan.next_file is None else [(container.start, scan.next_file)]
        return self._ffmpeg(container, first, incomplete=bool(first))

    def _uncompressed(self, container: Container) -> Reader:
        """AIFF, AU and CAF. FFmpeg's demuxer reads joined AU files on, of the others it reads the first one."""
        joined = find_later(self._stream, container.demuxer, container.start) is not None
        if container.demuxer == "au" and joined:
            return self._ffmpeg(container, ranges_without_headers(self._stream, "au", container.start, self._size))
        if not joined:
            try:
                reader = self._sndfile(start=container.start, exact=True)
            except (CorruptAudio, UnsupportedAudio):
                return self._ffmpeg(container)
            if reader.subtype in _EXACT_SUBTYPES:
                return reader
            reader.close()
        return self._ffmpeg_or_sndfile(container, incomplete=joined)

    def _ffmpeg_or_sndfile(self, container: Container, *, incomplete: bool) -> Reader:
        """For codecs that one of the two may not know."""
        try:
            return self._ffmpeg(container, incomplete=incomplete)
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
    ) -> _FFmpegReader:
        size = _whole_size(self._stream)
        parts = [(start, min(end, size)) for start, end in ranges]
        if not parts and container.start:
            parts = [(container.start, size)]
        file = FFmpegFile(self._stream, container.demuxer, self._limits, self._channel, [parts] if parts else [])
        return _FFmpegReader(file, incomplete=incomplete, checked=checked)

    def _sndfile(
        self,
        *,
        start: int = 0,
        ranges: Sequence[tuple[int, int]] = (),
        fallback: Callable[[], _FFmpegReader] | None = None,
        goes_on: Callable[[], bool] = lambda: False,
        at_end: Callable[[], bool] = lambda: False,
        incomplete: bool = False,
        exact: bool = False,
    ) -> _SndfileReader:
        if start or (ranges and list(ranges) != [(0, self._size)]):
            stream = cast("BinaryIO", ByteRanges(self._stream, ranges or [(start, self._size)]))
        else:
            stream = self._stream
            stream.seek(0)
        try:
            file = _Forward(stream)
        except (soundfile.SoundFileError, TypeError) as error:
            # libsndfile takes headerless data for RAW, for which soundfile then misses parameters: a TypeError.
            if fallback is not None:
                return fallback()  # type: ignore[return-value]
            raise CorruptAudio("The header of the file cannot be read.") from error
        return _SndfileReader(
            file, self._channel, fallback=fallback, goes_on=goes_on, at_end=at_end, incomplete=incomplete, exact=exact
        )


class _SndfileReader:
    """libsndfile, and FFmpeg from where libsndfile fails.

    Args:
        file: the open file.
        channel: see `open_recording`.
        fallback: opens the same file with FFmpeg.
        goes_on: asked at the end, whether there is more that FFmpeg can decode.
        at_end: asked at the end, whether there is more that nobody can decode.
        incomplete: whether it is known already that something is missing.
        exact: whether fewer samples than the header promises mean that the file was cut off.
    """

    def __init__(
        self,
        file: soundfile.SoundFile,
        channel: int | None,
        *,
        fallback: Callable[[], _FFmpegReader] | None = None,
        goes_on: Callable[[], bool] = lambda: False,
        at_end: Callable[[], bool] = lambda: False,
        incomplete: bool = False,
        exact: bool = False,
    ) -> None:
        self._file, self._channel = file, channel
        self._fallback, self._goes_on, self._at_end, self._exact = fallback, goes_on, at_end, exact
        self._other: _FFmpegReader | None = None
        self._done = 0
        self.samplerate, self.channels = int(file.samplerate), int(file.channels)
        self.subtype = str(file.subtype)
        self.promised = file.frames if file.frames < _MAX_PROMISED else None
        self.incomplete = incomplete
        self.notes: tuple[str, ...] = ()

    def read(self, n: int) -> Float32:
        if self._other is not None:
            return self._read_other(self._other, n)
        try:
            block: Float32 = self._file.read(n, dtype="float32", always_2d=True)
        except soundfile.SoundFileError as error:
            if self._fallback is None:
                done_s = self._done / self.samplerate
                raise CorruptAudio(f"The audio cannot be decoded past {done_s:.1f} s.") from error
            # libsndfile fails at the header of a file that was joined to this one, too.
            self.incomplete = self.incomplete or not self._goes_on()
            return self._read_other(self._continue(self._fallback), n)
        self._done += len(block)
        chosen: Float32 = block if self._channel is None else block[:, self._channel : self._channel + 1]
        if len(block) == n:
            return chosen
        if self._fallback is not None and self._goes_on():
            return np.concatenate([chosen, self._read_other(self._continue(self._fallback), n - len(block))])
        self._check_end()
        return chosen

    def close(self) -> None:
        self._file.close()
        if self._other is not None:
            self._other.close()

    def _continue(self, fallback: Callable[[], _FFmpegReader]) -> _FFmpegReader:
        """Go on with FFmpeg behind the samples that were read."""
        self._other = other = fallback()
        left = self._done
        while left and (part := len(other.read(min(left, self.samplerate)))):
            left -= part
        return other

    def _read_other(self, other: _FFmpegReader, n: int) -> Float32:
        block = other.read(n)
        self._done += len(block)
        if len(block) < n:
            self.incomplete = self.incomplete or other.incomplete
            self._check_end(_MAX_BLOCK)
        return block

    def _check_end(self, tolerance: int = 0) -> None:
        if self.promised is not None and self._done < self.promised - tolerance:
            if self._exact:
                raise TruncatedAudio(
                    f"The header promises {self.promised / self.samplerate:.2f} s of audio, the file holds "
                    f"{self._done / self.samplerate:.2f} s."
                )
            self.incomplete = True
        self.incomplete = self.incomplete or self._at_end()


class _FFmpegReader:
    """FFmpeg in a child process; its headers promise nothing exactly.

    incomplete: whether it is known already that something is missing; checked: whether nothing else can be.
    """

    promised: int | None = None
    subtype = "FFMPEG"

    def __init__(self, file: FFmpegFile, *, incomplete: bool, checked: bool) -> None:
        self._file, self._checked = file, checked
        self.samplerate, self.channels = file.samplerate, file.channels
        self.incomplete = incomplete
        self.notes: tuple[str, ...] = (_TRACKS.format(file.tracks),) if file.tracks > 1 else ()

    def read(self, n: int) -> Float32:
        block = self._file.read(n)
        if len(block) < n:
            self.incomplete = self.incomplete or (self._file.damaged and not self._checked)
        return block

    def close(self) -> None:
        self._file.close()


def _whole_size(stream: BinaryIO) -> int:
    """Bytes of the file, once all of it is there."""
    wait = getattr(stream, "wait_until_whole", None)
    if wait is not None:
        wait()
    return stream.seek(0, 2)


def _endian(encoding: str, endian: str) -> str:
    return endian if encoding not in ("ULAW", "ALAW", "PCM_U8") else "FILE"
