"""Finds what a decoder does not report of a container: truncation, joined files, headers in the middle.

Sources: ISO/IEC 14496-12 (boxes), RFC 4867 (AMR), the AU and ASF specifications.

Longer than 300 lines: a short function for each container.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, Literal, cast

from hindi_stt.audio.byte_ranges import ByteRanges
from hindi_stt.audio.containers import identify

__all__ = [
    "AtomScan",
    "beginnings",
    "begins_another",
    "find_later",
    "is_cut",
    "is_joined",
    "ranges_without_headers",
    "scan_atoms",
    "stated_end",
    "unclosed_caf",
]

_CHUNK_BYTES: Final = 2**20
_PATTERN_BYTES: Final = 32
_MAX_ATOMS: Final = 1_000_000
_MAX_CHUNKS: Final = 1_000
_MAX_HEADERS: Final = 500
# Before the samples in CAF's data chunk.
_CAF_EDIT_COUNT_BYTES: Final = 4
# Sizes from here on mean that the writer could not seek back.
_STREAMED_32: Final = 0x7F00_0000
# How another file of the kind begins: fixed bytes, which are found quickly, and a pattern of what follows them, so long
# that no samples look like it.
_BEGINNINGS: Final[dict[str, tuple[bytes, re.Pattern[bytes]]]] = {
    demuxer: (mark, re.compile(rest, re.DOTALL))
    for demuxer, mark, rest in (
        ("flac", b"fLaC", rb"[\x00\x80]\x00\x00\x22"),
        ("aiff", b"FORM", rb"....AIF[FC]"),
        ("caf", b"caff\x00\x01\x00\x00desc", rb"\x00{4}"),
        ("wav", b"RIFF", rb"....WAVEfmt "),
        ("au", b".snd\x00\x00", rb".{10}\x00\x00.{6}"),
        ("w64", b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb", rb"\x04\xc1\x00\x00"),
        ("tta", b"TTA1", rb"[\x01\x02\x03]\x00"),
        ("flv", b"FLV\x01", rb"[\x01\x04\x05]\x00\x00\x00\x09\x00{4}"),
        ("asf", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", rb"\xa6\xd9\x00\xaa\x00\x62\xce\x6c"),
        ("voc", b"Creative Voice File", rb"\x1a"),
        ("amr", b"#!AMR", rb"(-WB)?\n"),
        ("avi", b"RIFF", rb"....AVI LIST"),
        # The EBML header, and one of the elements that it has.
        ("matroska", b"\x1a\x45\xdf\xa3", rb".{1,8}?\x42[\x82\x85\x86\x87\xf2\xf3\xf7]"),
    )
}
# Of these FFmpeg's demuxer reads the first file only.
_FIRST_ONLY: Final = frozenset({"aiff", "caf", "w64", "tta", "flv", "voc", "asf"})
# Of these, a file behind another one only adds a header to a stream of samples or frames.
_HEADERS_ONLY: Final = frozenset({"au", "amr"})
# At the top level of a file, behind its first one.
_ATOMS: Final = frozenset(
    b"styp moov moof sidx ssix mdat mfra wide free skip pnot pict uuid junk meta emsg prft udta".split()
)
_ASF_FILE_PROPERTIES: Final = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


@dataclass(frozen=True, slots=True)
class AtomScan:
    """Top-level atoms of a QuickTime or MP4 file.

    Attributes:
        is_cut: Whether the file ends within an atom.
        next_file: Where another file begins behind the first one, in bytes; None without one.
    """

    is_cut: bool
    next_file: int | None


def scan_atoms(stream: BinaryIO, start: int, size: int) -> AtomScan:
    """Read the atoms at the top level of a QuickTime or MP4 file.

    Args:
        stream: The file.
        start: Where the first atom begins, in bytes.
        size: Bytes of the file.

    Returns:
        Whether the file is cut off or followed by another one.
    """
    at, has_media = start, False
    for _ in range(_MAX_ATOMS):
        stream.seek(at)
        head = stream.read(16)
        if len(head) < 8:
            return AtomScan(is_cut=False, next_file=None)
        length, name = int.from_bytes(head[:4], "big"), head[4:8]
        if name == b"ftyp" and has_media:
            return AtomScan(is_cut=False, next_file=at)
        if has_media and name not in _ATOMS:
            return AtomScan(is_cut=False, next_file=at if begins_another(stream, at, size) else None)
        has_media = has_media or name in (b"moov", b"mdat")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length == 0:  # up to the end of the file
            break
        if length < 8:  # no atom: trailing bytes of some other kind
            break
        at += length
        if at > size:
            return AtomScan(is_cut=name in (b"moov", b"mdat", b"moof"), next_file=None)
    return AtomScan(is_cut=False, next_file=None)


def is_joined(stream: BinaryIO, demuxer: str, start: int) -> bool:
    """Tell whether another file of the same kind follows the first one and FFmpeg's demuxer does not read it.

    Args:
        stream: The file.
        demuxer: FFmpeg's name of the format.
        start: Where the first file begins, in bytes.

    Returns:
        Whether there is one.
    """
    if demuxer not in _FIRST_ONLY:
        return False
    if demuxer == "asf" and not _asf_end(stream, start):
        return False
    return find_later(stream, demuxer, start) is not None


def begins_another(stream: BinaryIO, at: int, size: int) -> bool:
    """Tell whether a file of any known kind begins at a position, behind padding and tags.

    Args:
        stream: The whole file.
        at: The position in bytes.
        size: Bytes of the whole file.

    Returns:
        Whether one does.
    """
    stream.seek(at)
    head = stream.read(min(_CHUNK_BYTES, max(0, size - at)))
    padding = len(head) - len(head.lstrip(b"\0"))
    rest = ByteRanges(stream, [(at + padding, max(size, at + padding))])
    return len(head) > padding and identify(cast("BinaryIO", rest)) is not None


def stated_end(stream: BinaryIO, demuxer: str, start: int) -> int | None:
    """Read from its header where an AIFF, AU or CAF file ends.

    Args:
        stream: The file.
        demuxer: FFmpeg's name of the format: "aiff", "au" or "caf".
        start: Where the file begins, in bytes.

    Returns:
        Position of the first byte behind it; None where the header does not state it.
    """
    if demuxer == "aiff":
        stream.seek(start + 4)
        length = int.from_bytes(stream.read(4), "big")
        return start + 8 + length + length % 2 if length < _STREAMED_32 else None
    return {"au": _au_end, "caf": _caf_end}[demuxer](stream, start) or None


def find_later(stream: BinaryIO, demuxer: str, start: int) -> int | None:
    """Find another file of the same kind behind the one at `start`.

    Args:
        stream: The whole file.
        demuxer: FFmpeg's name of the format.
        start: Where the first file begins, in bytes.

    Returns:
        Where the next one begins; None without one.
    """
    return next((at for at in _beginnings(stream, demuxer, start + 1)), None)


def beginnings(stream: BinaryIO, demuxer: str, start: int) -> list[int]:
    """Find all files of the same kind that were joined.

    Args:
        stream: The whole file.
        demuxer: FFmpeg's name of the format.
        start: Where the first file begins, in bytes.

    Returns:
        First byte of each, the one at `start` included.
    """
    return [start, *_beginnings(stream, demuxer, start + 1)]


def ranges_without_headers(stream: BinaryIO, demuxer: str, start: int, size: int) -> list[tuple[int, int]]:
    """Return the parts of joined AU or AMR files that a decoder reads: all but the headers of later files.

    Args:
        stream: The whole file.
        demuxer: FFmpeg's name of the format.
        start: Where the first file begins, in bytes.
        size: Bytes of the whole file.

    Returns:
        (begin, end) of each range in bytes; empty where one file is all there is.
    """
    ranges: list[tuple[int, int]] = []
    begin = start
    if demuxer not in _HEADERS_ONLY:
        return ranges
    for n, at in enumerate(_beginnings(stream, demuxer, start + 1)):
        if n == _MAX_HEADERS:
            break
        stream.seek(at)
        head = stream.read(16)
        header_bytes = int.from_bytes(head[4:8], "big") if demuxer == "au" else head.index(b"\n") + 1
        ranges.append((begin, at))
        begin = min(size, at + header_bytes)
    return [*ranges, (begin, size)] if ranges else []


def _beginnings(stream: BinaryIO, demuxer: str, start: int) -> Iterator[int]:
    if demuxer not in _BEGINNINGS:
        return
    mark, pattern = _BEGINNINGS[demuxer]
    base, before, last = start, b"", -1
    stream.seek(base)
    while part := stream.read(_CHUNK_BYTES):
        # Parts are not joined to each other, for a copy costs more than the search; the seam is searched by itself.
        seam = before + part[: len(mark) - 1]
        found = [*_positions(seam, mark, base - len(before)), *_positions(part, mark, base)]
        base, before = base + len(part), part[1 - len(mark) :]
        for at in found:
            stream.seek(at + len(mark))
            if at > last and pattern.match(stream.read(_PATTERN_BYTES)):
                last = at
                yield at
        if found:
            stream.seek(base)


def _positions(data: bytes, mark: bytes, base: int) -> list[int]:
    found, at = [], data.find(mark)
    while at >= 0:
        found.append(base + at)
        at = data.find(mark, at + 1)
    return found


def is_cut(stream: BinaryIO, demuxer: str, start: int, size: int) -> bool:
    """Tell whether an AIFF, AU, CAF or ASF file states that it holds more bytes than there are.

    Args:
        stream: The file.
        demuxer: FFmpeg's name of the format; others are never cut by this measure.
        start: Where the file begins, in bytes.
        size: Bytes of the file.

    Returns:
        Whether it does.
    """
    ends = {"aiff": _aiff_end, "au": _au_end, "caf": _caf_end, "asf": _asf_end}
    end = ends[demuxer](stream, start) if demuxer in ends else 0
    return end > size


def _aiff_end(stream: BinaryIO, start: int) -> int:
    at = start + 12
    for _ in range(_MAX_CHUNKS):
        stream.seek(at)
        head = stream.read(8)
        if len(head) < 8:
            return 0
        length = int.from_bytes(head[4:], "big")
        if head[:4] == b"SSND":
            return at + 8 + length if length < _STREAMED_32 else 0
        at += 8 + length + length % 2
    return 0


def _au_end(stream: BinaryIO, start: int) -> int:
    stream.seek(start)
    head = stream.read(12)
    order: Literal["little", "big"] = "little" if head[:4] == b"dns." else "big"
    data, length = int.from_bytes(head[4:8], order), int.from_bytes(head[8:12], order)
    return start + data + length if length < _STREAMED_32 else 0


def _caf_end(stream: BinaryIO, start: int) -> int:
    at = start + 8
    for _ in range(_MAX_CHUNKS):
        stream.seek(at)
        head = stream.read(12)
        if len(head) < 12:
            return 0
        length = int.from_bytes(head[4:], "big", signed=True)
        if head[:4] == b"data" or length < 0:
            return max(0, at + 12 + length)
        at += 12 + length
    return 0


def unclosed_caf(stream: BinaryIO, start: int) -> int | None:
    """Find the size of the sample data in a CAF file that was never closed and therefore states that it is empty.

    Args:
        stream: The file.
        start: Where the CAF file begins, in bytes.

    Returns:
        Position of the size field; None where the file states a size.
    """
    at = start + 8
    for _ in range(_MAX_CHUNKS):
        stream.seek(at)
        head = stream.read(12)
        length = int.from_bytes(head[4:], "big", signed=True)
        if len(head) < 12 or length < 0:
            return None
        if head[:4] == b"data":
            return at + 4 if length <= _CAF_EDIT_COUNT_BYTES else None
        at += 12 + length
    return None


def _asf_end(stream: BinaryIO, start: int) -> int:
    """The size in the file properties; 0 for a live stream, which states none."""
    stream.seek(start)
    head = stream.read(_CHUNK_BYTES)
    at = head.find(_ASF_FILE_PROPERTIES)
    return start + int.from_bytes(head[at + 40 : at + 48], "little") if at >= 0 else 0
