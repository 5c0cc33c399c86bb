"""One recording, opened by whichever library decodes it exactly: libsndfile in this process, or FFmpeg in a child.

libsndfile is the fast one. It is right for uncompressed WAV, AIFF, AU, CAF and Wave64 files, for FLAC, for one stream
of Opus in Ogg, and for MP3 files whose header counts their frames right. Elsewhere it stops at lengths that are only
estimated, drops damaged pages and packets, and reads the first of several joined files: those are FFmpeg's.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import BinaryIO, Final, cast

from hindi_stt.audio.byte_ranges import Overlaid
from hindi_stt.audio.containers import Container, identify
from hindi_stt.audio.decoders import SndfileReader, raw_file
from hindi_stt.audio.ebml import elements_end
from hindi_stt.audio.ffmpeg import ChildLimits
from hindi_stt.audio.flac_frames import first_sample
from hindi_stt.audio.frame_headers import scan_frames
from hindi_stt.audio.ogg_pages import scan_ogg
from hindi_stt.audio.openers import UNKNOWN_SIZE, Openers, whole_size, with_samples
from hindi_stt.audio.reader import Reader
from hindi_stt.audio.riff import WavHeader, read_wav_header, unread_bytes
from hindi_stt.audio.structure import (
    beginnings,
    begins_another,
    find_later,
    is_cut,
    is_joined,
    ranges_without_headers,
    scan_atoms,
    stated_end,
    unclosed_caf,
)
from hindi_stt.audio.tags import untagged_end
from hindi_stt.errors import CorruptAudio, TruncatedAudio, UnsupportedAudio

__all__ = ["UNKNOWN_SIZE", "open_raw", "open_recording"]


# Encodings that libsndfile reads sample by sample, in every container.
_EXACT_SUBTYPES: Final = frozenset(
    {"PCM_U8", "PCM_S8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"}
)
# A WAV header that states less than this, with samples behind it, was written with the first buffer and never again.
_UNCLOSED_S: Final = 1.0
# A frame of FLAC ends with its checksum, which may be zero.
_CHECKSUM_BYTES: Final = 2
# libFLAC reads 8 KiB at most behind the frame that it decodes.
_READ_AHEAD_BYTES: Final = 2**15
# Of more joined files each is not opened by itself: it costs a process.
_MAX_PARTS: Final = 64


def open_raw(
    stream: BinaryIO,
    encoding: str,
    rate: int,
    channels: int,
    endian: str,
    *,
    channel: int | None,
) -> Reader:
    """Open samples without a container.

    Args:
        stream: The samples, channels interleaved.
        encoding: Libsndfile's name of the encoding.
        rate: Sample rate in Hz.
        channels: Number of channels.
        endian: "LITTLE" or "BIG".
        channel: The channel to read, from 0; None for all.

    Returns:
        The reader.

    Raises:
        CorruptAudio: Libsndfile does not accept the rate or the number of channels.
    """
    return SndfileReader(raw_file(stream, encoding, rate, channels, endian), channel)


def open_recording(stream: BinaryIO, size: int, limits: ChildLimits, max_s: float, channel: int | None) -> Reader:
    """Open a file of any known container.

    Args:
        stream: The file; it stays open.
        size: Its bytes, or UNKNOWN_SIZE for WAV and FLAC that are still arriving.
        limits: Bounds on the decoding child.
        max_s: The longest recording to decode, in seconds.
        channel: The channel to decode, from 0; None for all.

    Returns:
        The reader.

    Raises:
        UnsupportedAudio: The container is unknown or holds no audio.
        CorruptAudio: The beginning cannot be decoded.
        TruncatedAudio: The file is cut off.
        AudioTooLong: Its frames are more than `max_s` seconds.
    """
    return _Opening(stream, size, limits, max_s, channel).reader()


class _Opening(Openers):
    """Chooses the opener of a file by its container."""

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
        if container.demuxer == "amr":
            parts = beginnings(self._stream, "amr", container.start)
            if 1 < len(parts) <= _MAX_PARTS:
                return self._joined(parts)
            end = untagged_end(self._stream, self._size)
            if end < self._size and len(parts) == 1:
                return self._ffmpeg(container, [(container.start, end)])
        headers = ranges_without_headers(self._stream, container.demuxer, container.start, self._size)
        behind = is_joined(self._stream, container.demuxer, container.start)
        return self._ffmpeg(container, headers, incomplete=behind)

    def _wav(self, container: Container) -> Reader:
        header = read_wav_header(self._stream, container.start, self._size)
        if header.encoding is None:
            return self._ffmpeg_or_sndfile(container, incomplete=self._is_followed(container, header))
        arriving = self._size == UNKNOWN_SIZE
        if header.data_bytes is None:
            return self._samples(header, self._size) if arriving else self._unmeasured(container, header)
        is_unclosed = header.duration_s < _UNCLOSED_S
        if is_unclosed or not arriving:
            followed = self._is_followed(container, header)
            if followed and is_unclosed and not self._is_joined(header):
                return self._samples(header, self._size, incomplete=True)
            if followed or not header.is_riff:
                # libsndfile refuses WAV files with another one behind them, and reads it with Wave64.
                return self._samples(header, header.data_start + header.data_bytes, incomplete=followed)

        def followed_at_end() -> bool:
            return arriving and self._is_followed(container, header)

        try:
            return self._sndfile(start=container.start, at_end=followed_at_end, exact=True)
        except CorruptAudio:  # libsndfile is stricter than the format, and does not know BW64
            end = header.data_start + header.data_bytes
            return self._samples(header, end, at_end=followed_at_end, exact=True)

    def _unmeasured(self, container: Container, header: WavHeader) -> Reader:
        """A WAV or Wave64 file whose writer could not seek back: its samples go on until the next file."""
        starts = beginnings(self._stream, container.demuxer, container.start)
        parts = with_samples(starts, self._size, header.data_start - container.start)
        if not 1 < len(starts) <= _MAX_PARTS or not parts:
            return self._samples(header, self._size)
        if len(parts) > 1:
            return self._parts(parts)
        ((start, end),) = parts
        return self._samples(read_wav_header(self._stream, start, end), end)

    def _is_joined(self, header: WavHeader) -> bool:
        return begins_another(self._stream, header.data_start + (header.data_bytes or 0), self._size)

    def _is_followed(self, container: Container, header: WavHeader) -> bool:
        """Whether there may be audio behind the samples. Waits for the end of a file that is still arriving."""
        if header.data_bytes is None:
            return False
        size = whole_size(self._stream)
        if not header.is_riff:
            later = find_later(self._stream, container.demuxer, container.start) is not None
            return later or begins_another(self._stream, header.data_start + header.data_bytes, size)
        return unread_bytes(self._stream, header.data_start + header.data_bytes, size) > 0

    def _flac(self, container: Container) -> Reader:
        """Another file behind this one is looked for where libsndfile has ended: to search all of it takes too long."""

        def continued() -> Reader:
            parts = beginnings(self._stream, "flac", container.start)
            if 1 < len(parts) <= _MAX_PARTS:
                return self._joined(parts)
            end = untagged_end(self._stream, whole_size(self._stream), zeros=_CHECKSUM_BYTES)
            return self._ffmpeg(container, [(container.start, end)])

        def goes_on() -> bool:
            read_ahead = max(container.start, self._stream.tell() - _READ_AHEAD_BYTES)
            return find_later(self._stream, "flac", read_ahead) is not None

        ranges, before = [], 0
        if self._size != UNKNOWN_SIZE:
            ranges = [(container.start, untagged_end(self._stream, self._size, zeros=_CHECKSUM_BYTES))]
            before = first_sample(self._stream, container.start)
        reader = self._sndfile(start=container.start, ranges=ranges, fallback=continued, goes_on=goes_on, exact=True)
        if reader.promised is not None:
            reader.promised = max(0, reader.promised - before) or None
        return reader

    def _ogg(self, container: Container) -> Reader:
        scan = scan_ogg(self._stream, container.start)
        if not scan.is_damaged:
            self._check_duration(scan.duration_s)
        if scan.is_opus and scan.is_plain:
            return self._sndfile(start=container.start, fallback=lambda: self._ffmpeg(container))
        # Whether the pages are whole is known: decoders complain of less, and more.
        starts = [container.start + at for at in scan.links]
        if len(starts) < 2:
            return self._ffmpeg(container, incomplete=scan.is_damaged, checked=True)
        return self._in_one_child(container, starts, incomplete=scan.is_damaged, checked=True)

    def _separately(self, container: Container) -> Reader:
        starts = beginnings(self._stream, container.demuxer, container.start)
        if len(starts) > 1:
            return self._in_one_child(container, starts)
        if container.demuxer == "matroska":
            end = elements_end(self._stream, container.start, self._size)
            followed = begins_another(self._stream, end, self._size)
            if followed or untagged_end(self._stream, self._size) <= end:
                return self._ffmpeg(container, [(container.start, end)], incomplete=followed)
        return self._ffmpeg(container)

    def _frames(self, container: Container) -> Reader:
        scan = scan_frames(self._stream, container.start, self._max_s)
        self._check_duration(scan.duration_s)
        if scan.next_stream is not None:
            return self._streams([container.start, scan.next_stream])
        if container.demuxer == "mp3" and scan.fits_its_header:
            return self._sndfile(ranges=scan.ranges, fallback=lambda: self._ffmpeg(container, scan.ranges))
        return self._ffmpeg(container, scan.ranges, incomplete=scan.is_damaged)

    def _streams(self, starts: list[int]) -> Reader:
        """Bare frames that go on in another codec or at another rate. starts: of the first two such stretches."""
        while (following := scan_frames(self._stream, starts[-1], self._max_s).next_stream) is not None:
            starts.append(following)
            if len(starts) > _MAX_PARTS:
                # No recorder writes that. What follows is left out: each part would be opened within the one before.
                return self._parts(list(itertools.pairwise(starts)), incomplete=True)
        return self._joined(starts)

    def _mov(self, container: Container) -> Reader:
        scan = scan_atoms(self._stream, container.start, self._size)
        if scan.is_cut:
            raise TruncatedAudio("The file ends before its audio does.")
        first = [] if scan.next_file is None else [(container.start, scan.next_file)]
        return self._ffmpeg(container, first, incomplete=bool(first))

    def _uncompressed(self, container: Container) -> Reader:
        """AIFF, AU and CAF. Joined AU files are read on, of the others the first one is."""
        parts = beginnings(self._stream, container.demuxer, container.start)
        if container.demuxer == "au" and len(parts) > 1:
            if len(parts) <= _MAX_PARTS:
                return self._joined(parts)
            return self._ffmpeg(container, ranges_without_headers(self._stream, "au", container.start, self._size))
        if container.demuxer == "caf" and (size_at := unclosed_caf(self._stream, container.start)) is not None:
            return self._unclosed_caf(parts, size_at - container.start)
        end = stated_end(self._stream, container.demuxer, container.start)
        joined = len(parts) > 1 or (end is not None and begins_another(self._stream, end, self._size))
        if not joined:
            try:
                reader = self._sndfile(start=container.start, exact=True)
            except (CorruptAudio, UnsupportedAudio):
                return self._ffmpeg(container)
            if reader.subtype in _EXACT_SUBTYPES:
                return reader
            reader.close()
        return self._ffmpeg_or_sndfile(container, incomplete=joined)

    def _unclosed_caf(self, starts: Sequence[int], size_at: int) -> Reader:
        """A CAF file whose writer never put in how many samples there are. size_at: where that stands."""
        header_bytes = size_at + 12  # the size, and the count of edits before the samples
        parts = with_samples(starts, self._size, header_bytes)
        if not parts:
            return self._sndfile(start=starts[0])
        start, end = parts[0]
        data_bytes = (end - start - size_at - 8).to_bytes(8, "big")
        whole = Overlaid(self._stream, start, end, size_at, data_bytes)
        return self._sndfile(stream=cast("BinaryIO", whole), incomplete=True)
