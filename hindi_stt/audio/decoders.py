"""The two decoders of recordings as a `Reader`: libsndfile in this process, and FFmpeg in a child."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO, Final

import numpy as np
import soundfile

from hindi_stt.audio.ffmpeg import FFmpegFile
from hindi_stt.audio.reader import Reader
from hindi_stt.errors import CorruptAudio, TruncatedAudio
from hindi_stt.types import Float32

__all__ = ["FFmpegReader", "ForwardFile", "SndfileReader", "raw_file"]

# A file that promises more does not know how much it holds.
_MAX_PROMISED: Final = 2**48
# A FLAC file that lacks less than its largest usual block at its end is damaged there, and not cut off.
_MAX_BLOCK: Final = 4_608
_TRACKS: Final = "audio_tracks: the file has {} audio tracks; the default one was transcribed"


class ForwardFile(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file that is read without seeking, whatever length its header states.

    soundfile reads at most the stated length and seeks after every block, which fails behind the last block of a FLAC
    file of unknown length.

    Args:
        stream: The file, at its first byte.
        **options: The other arguments of `soundfile.SoundFile`.
    """

    def __init__(self, stream: BinaryIO, **options: Any) -> None:
        super().__init__(_Seekable(stream), **options)

    def seekable(self) -> bool:
        """No, whatever the stream can."""
        return False


class _Seekable:
    """A stream whose position goes no further than files can go when libsndfile seeks to where a broken header says.

    An exception would be printed by cffi, for it cannot go through C; libsndfile asks for the position.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._seek = stream.seek
        self.tell, self.read = stream.tell, stream.read
        if hasattr(stream, "readinto"):
            self.readinto = stream.readinto

    def seek(self, offset: int, whence: int = 0) -> int:
        """See `io.IOBase.seek`; impossible positions are replaced by the nearest possible one."""
        try:
            return self._seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return self._seek(0, 2) if offset > 0 else self.tell()


class SndfileReader:
    """Decodes with libsndfile, and with FFmpeg from the point at which libsndfile fails.

    Args:
        file: The open file.
        channel: See `open_recording`.
        fallback: Opens the same file with FFmpeg.
        goes_on: Called at the end; tells whether there is more that FFmpeg can decode.
        at_end: Called at the end; tells whether there is more that neither can decode.
        incomplete: Whether part of the audio is already known to be missing.
        exact: Whether fewer samples than the header states mean that the file was cut off.
    """

    def __init__(
        self,
        file: soundfile.SoundFile,
        channel: int | None,
        *,
        fallback: Callable[[], Reader] | None = None,
        goes_on: Callable[[], bool] = lambda: False,
        at_end: Callable[[], bool] = lambda: False,
        incomplete: bool = False,
        exact: bool = False,
    ) -> None:
        self._file = file
        self._fallback, self._goes_on, self._at_end, self._exact = fallback, goes_on, at_end, exact
        self._other: Reader | None = None
        self._done, self._failed = 0, False
        self.samplerate, self.channels = int(file.samplerate), int(file.channels)
        # Of joined files a later one may have fewer channels than the first, for which the channel was chosen.
        self._column = None if channel is None else min(channel, self.channels - 1)
        self.subtype = str(file.subtype)
        self.promised = file.frames if file.frames < _MAX_PROMISED else None
        self.incomplete = incomplete
        self.notes: tuple[str, ...] = ()

    def read(self, n: int) -> Float32:
        """See `Reader.read`."""
        if self._other is not None:
            return self._read_other(self._other, n)
        try:
            block: Float32 = self._file.read(n, dtype="float32", always_2d=True)
        except soundfile.SoundFileError as error:
            if self._fallback is None:
                done_s = self._done / self.samplerate
                raise CorruptAudio(f"The audio cannot be decoded past {done_s:.1f} s.") from error
            # libsndfile fails at the header of a file that was joined to this one, too.
            self._failed = not self._goes_on()
            return self._read_other(self._continue(self._fallback), n)
        self._done += len(block)
        chosen: Float32 = block if self._column is None else block[:, self._column : self._column + 1]
        if len(block) == n:
            return chosen
        if self._fallback is not None and self._goes_on():
            return np.concatenate([chosen, self._read_other(self._continue(self._fallback), n - len(block))])
        self._check_end()
        return chosen

    def close(self) -> None:
        """Release the file."""
        self._file.close()
        if self._other is not None:
            self._other.close()

    def _continue(self, fallback: Callable[[], Reader]) -> Reader:
        """Go on with FFmpeg behind the samples that were read."""
        self._other = other = fallback()
        left = self._done
        while left and (part := len(other.read(min(left, self.samplerate)))):
            left -= part
        return other

    def _read_other(self, other: Reader, n: int) -> Float32:
        block = other.read(n)
        self._done += len(block)
        if len(block) < n:
            # It also fails at tags behind the last frame.
            lost = self._failed and self._done != self.promised
            self.incomplete = self.incomplete or other.incomplete or lost
            self._check_end(_MAX_BLOCK)
        return block

    def _check_end(self, tolerance: int = 0) -> None:
        if self.promised is not None and self._done < self.promised - tolerance:
            if self._exact:
                raise TruncatedAudio(
                    f"The header states {self.promised / self.samplerate:.2f} s of audio; the file has "
                    f"{self._done / self.samplerate:.2f} s."
                )
            self.incomplete = True
        self.incomplete = self.incomplete or self._at_end()


class FFmpegReader:
    """A recording that FFmpeg decodes in a child process; the length in its header is not relied on.

    Args:
        file: The decoding child.
        incomplete: Whether part of the audio is already known to be missing.
        checked: Whether the container was checked, so that FFmpeg's reports of damage can be ignored.
    """

    promised: int | None = None
    subtype = "FFMPEG"

    def __init__(self, file: FFmpegFile, *, incomplete: bool, checked: bool) -> None:
        self._file, self._checked = file, checked
        self.samplerate, self.channels = file.samplerate, file.channels
        self.incomplete = incomplete
        self.notes: tuple[str, ...] = (_TRACKS.format(file.tracks),) if file.tracks > 1 else ()

    def read(self, n: int) -> Float32:
        """See `Reader.read`."""
        block = self._file.read(n)
        if len(block) < n:
            self.incomplete = self.incomplete or (self._file.damaged and not self._checked)
        return block

    def close(self) -> None:
        """Release the file."""
        self._file.close()


def raw_file(stream: BinaryIO, encoding: str, rate: int, channels: int, endian: str) -> ForwardFile:
    """Open samples without a header.

    Args:
        stream: The samples, channels interleaved.
        encoding: Libsndfile's name of the encoding, e.g. "PCM_16".
        rate: Sample rate in Hz.
        channels: Number of channels.
        endian: "LITTLE" or "BIG"; ignored for encodings of one byte.

    Returns:
        The opened file.

    Raises:
        CorruptAudio: Libsndfile does not accept the rate or the number of channels.
    """
    try:
        return ForwardFile(
            stream, samplerate=rate, channels=channels, subtype=encoding, endian=_endian(encoding, endian), format="RAW"
        )
    except (soundfile.SoundFileError, ValueError, OverflowError) as error:
        raise CorruptAudio(f"There is no audio of {channels} channels at {rate} Hz.") from error


def _endian(encoding: str, endian: str) -> str:
    return endian if encoding not in ("ULAW", "ALAW", "PCM_U8") else "FILE"
