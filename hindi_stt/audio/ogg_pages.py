"""Pages of an Ogg file, read without decoding: is it one undamaged stream of Opus without gaps?

libogg drops a page whose checksum is wrong, libsndfile reads the first of several joined streams only, and neither
says so; where the granule positions leave a gap, the sound behind it comes too early. Files of which one of these is
true are left to FFmpeg. Sources: RFC 3533 (pages, checksum), RFC 7845 (Opus in Ogg), RFC 6716 section 3.1 (duration of
a packet).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from hindi_stt.audio.tags import is_tail

__all__ = ["OggScan", "scan_ogg"]

_HEADER: Final = struct.Struct("<4sBBqIIIB")
_MARK: Final = b"OggS"
_CHUNK_BYTES: Final = 2**20
_MAX_PAGE_BYTES: Final = _HEADER.size + 255 + 255 * 255
# More than four hours have with one packet of 20 ms a page: what is left is not read, and counts as damaged here.
_MAX_PAGES: Final = 1_000_000
_BEGINS, _ENDS, _CONTINUES = 2, 4, 1
# Ogg's checksum is that of zlib with the bits of every byte, and of the result, in reverse.
_REVERSED: Final = bytes(int(f"{i:08b}"[::-1], 2) for i in range(256))
_OPUS_RATE: Final = 48_000
# Samples at 48 kHz of one frame by Opus configuration (RFC 6716, table 2).
_FRAME_SAMPLES: Final = tuple(
    [480, 960, 1_920, 2_880] * 3 + [480, 960] * 2 + [120, 240, 480, 960] * 4  # SILK, hybrid, CELT
)
# A granule position may be off by a rounding of the muxer, of a packet at most.
_SLACK_SAMPLES: Final = 960


@dataclass(slots=True)
class OggScan:
    """Properties of a file read from its pages.

    Attributes:
        is_opus: Whether its first stream is Opus in one or two channels.
        is_plain: Whether it is one undamaged stream from its first page to its last, and without gaps.
        is_damaged: Whether a page is damaged, missing or cut off.
        duration_s: By the last granule position of each link, whatever the codec; 0 where the codec is unknown.
        links: First bytes of the files that were joined, relative to the first one's: one for a lone file.
    """

    is_opus: bool = False
    is_plain: bool = False
    is_damaged: bool = False
    duration_s: float = 0.0
    links: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Page:
    flags: int
    granule: int
    serial: int
    number: int
    lacing: bytes
    body: bytes

    @property
    def begins(self) -> bool:
        """Whether a stream begins with it."""
        return bool(self.flags & _BEGINS)

    @property
    def length(self) -> int:
        """Bytes."""
        return _HEADER.size + len(self.lacing) + len(self.body)


def scan_ogg(stream: BinaryIO, start: int) -> OggScan:
    """Read the headers of all pages of a file.

    Args:
        stream: The file.
        start: Where the first page begins, in bytes.

    Returns:
        What the pages state.
    """
    scan = OggScan()
    opus: _OpusStream | None = None
    numbers: dict[int, int] = {}
    at, in_headers = 0, False
    clock = _Clock()
    for page in _pages(stream, start):
        if page is None:
            scan.is_damaged = True
            break
        if page.begins and not in_headers:  # several that begin together are streams of one file
            scan.links.append(at)
            clock.begin(page)
        if not page.begins and page.number != numbers.get(page.serial, -1) + 1:
            scan.is_damaged = True
        if not numbers:
            opus = _OpusStream(page) if page.begins else None
        elif opus is not None:
            opus.add(page)
        clock.add(page)
        numbers[page.serial], in_headers = page.number, page.begins
        at += page.length
    scan.duration_s = clock.total_s()
    if opus is not None:
        scan.is_opus = opus.is_simple
        scan.is_plain = opus.is_whole and not scan.is_damaged
    return scan


class _Clock:
    """Adds up how long the links of a file last, by the granule positions of the first stream of each."""

    def __init__(self) -> None:
        self._done_s = 0.0
        self._serial, self._rate, self._skip, self._granule = 0, 0, 0, 0

    def begin(self, page: _Page) -> None:
        """A link begins with this page."""
        self._done_s = self.total_s()
        self._serial, self._granule = page.serial, 0
        self._rate, self._skip = _granule_rate(page.body)

    def add(self, page: _Page) -> None:
        """The next page of the link."""
        if page.serial == self._serial:
            self._granule = max(self._granule, page.granule)

    def total_s(self) -> float:
        """Seconds so far."""
        return self._done_s + (max(0, self._granule - self._skip) / self._rate if self._rate else 0.0)


def _granule_rate(head: bytes) -> tuple[int, int]:
    """Granule positions a second, and those to skip at the start, by a first packet; 0 for an unknown codec."""
    if head.startswith(b"OpusHead"):
        return _OPUS_RATE, int.from_bytes(head[10:12], "little")
    if head.startswith(b"\x01vorbis"):
        return int.from_bytes(head[12:16], "little"), 0
    if head.startswith(b"Speex   "):
        return int.from_bytes(head[36:40], "little"), 0
    if head.startswith(
        b"\x7fFLAC"
    ):  # the stream information lies 17 bytes behind, its rate of 20 bits 10 bytes further
        return int.from_bytes(head[27:30], "big") >> 4, 0
    return 0, 0


class _OpusStream:
    """Follows the granule positions of a stream from its first page on."""

    def __init__(self, first: _Page) -> None:
        # Mapping family 0 has one channel, or two.
        self.is_simple = first.body[:8] == b"OpusHead" and len(first.body) >= 19 and first.body[18] == 0
        self._serial = first.serial
        self._in_headers, self._ended, self._alone, self._gap = True, False, True, False
        self._decoded = 0

    def add(self, page: _Page) -> None:
        """The next page of the file."""
        if self._ended or page.serial != self._serial:  # joined, or several interleaved streams
            self._alone = False
        if not self.is_simple or not self._alone:
            return
        if self._in_headers:  # the page or pages of OpusTags
            self._in_headers = not (page.lacing and page.lacing[-1] < 255)
            return
        self._ended = bool(page.flags & _ENDS)
        self._decoded += _opus_samples(page)
        if page.granule >= 0:
            # The last page may end within a packet.
            too_few = not self._ended and page.granule < self._decoded - _SLACK_SAMPLES
            self._gap = self._gap or too_few or page.granule > self._decoded + _SLACK_SAMPLES

    @property
    def is_whole(self) -> bool:
        """Whether it is alone in the file, has an end and no gap."""
        return self.is_simple and self._alone and self._ended and not self._gap


def _opus_samples(page: _Page) -> int:
    """Samples of the packets that begin on a page."""
    samples = at = size = 0
    begins = not page.flags & _CONTINUES
    for value in page.lacing:
        size += value
        if value < 255:
            if begins and size:
                samples += _packet_samples(page.body, at, size)
            at, size, begins = at + size, 0, True
    if begins and size:  # a packet that goes on on the next page
        samples += _packet_samples(page.body, at, size)
    return samples


def _packet_samples(body: bytes, at: int, size: int) -> int:
    toc = body[at]
    code = toc & 3
    if code == 3 and size < 2:
        return 0
    frames = (1, 2, 2)[code] if code < 3 else body[at + 1] & 63
    return frames * _FRAME_SAMPLES[toc >> 3]


def _pages(stream: BinaryIO, start: int) -> Iterator[_Page | None]:
    """The pages in their order, None and an end for anything else than an undamaged page."""
    stream.seek(start)
    data, at = b"", 0
    for _ in range(_MAX_PAGES):
        if len(data) - at < _MAX_PAGE_BYTES:
            data, at = data[at:] + stream.read(_CHUNK_BYTES), 0
        if at == len(data):
            return
        if data[at : at + 4] != _MARK and is_tail(data[at:]):
            return
        page = _page(data, at)
        yield page
        if page is None:
            return
        at += page.length
    yield None


def _page(data: bytes, at: int) -> _Page | None:
    if len(data) - at < _HEADER.size:
        return None
    mark, version, flags, granule, serial, number, checksum, n_lacing = _HEADER.unpack_from(data, at)
    lacing = data[at + _HEADER.size : at + _HEADER.size + n_lacing]
    begin = at + _HEADER.size + n_lacing
    body = data[begin : begin + sum(lacing)]
    if mark != _MARK or version or len(lacing) < n_lacing or len(body) < sum(lacing):
        return None
    if _checksum(data[at : at + 22] + bytes(4) + data[at + 26 : begin] + body) != checksum:
        return None
    return _Page(flags, granule, serial, number, lacing, body)


def _checksum(data: bytes) -> int:
    reversed_crc = zlib.crc32(data.translate(_REVERSED), 0xFFFF_FFFF) ^ 0xFFFF_FFFF
    return int(f"{reversed_crc:032b}"[::-1], 2)
