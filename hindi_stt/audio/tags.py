"""Tags before, between and behind the frames of a recording: ID3, APE, Lyrics3.

Sources: id3.org (ID3v2.4.0 structure, ID3v1), the APEv2 specification and Lyrics3 v2.00.
"""

from __future__ import annotations

import re
from typing import BinaryIO, Final

__all__ = ["id3v2_bytes", "is_tail", "tag_bytes", "untagged_end"]

_ID3V1_BYTES: Final = 128
_ID3V1_ENHANCED_BYTES: Final = 227
_APE_BYTES: Final = 32
# Lyrics3 has its size at its end: the tag's first byte up to the six digits and LYRICS200, or LYRICSEND.
_LYRICS3: Final = re.compile(rb"LYRICSBEGIN.*?(\d{6}LYRICS200|LYRICSEND)", re.DOTALL)
_LYRICS3_MAX_BYTES: Final = 2**20
_MAX_ID3V2_TAGS: Final = 16
_PADDING: Final = b"\0\r\n"
_LEAST_PADDING: Final = 64
_TAIL_BYTES: Final = 2**16


def id3v2_bytes(stream: BinaryIO) -> int:
    """Bytes of the ID3v2 tags at the beginning of a file, 0 without any. Raises nothing: a broken size counts as is."""
    start = 0
    for _ in range(_MAX_ID3V2_TAGS):
        stream.seek(start)
        length = _id3v2_bytes(stream.read(10))
        if not length:
            break
        start += length
    return start


def tag_bytes(data: bytes, position: int) -> int:
    """Return the length of the tag at a position.

    Args:
        data: The file, or enough of it behind the position.
        position: Where to look, in bytes.

    Returns:
        Bytes of the tag; 0 without one.
    """
    head = data[position : position + _APE_BYTES]
    if head.startswith(b"ID3"):
        return _id3v2_bytes(head)
    if head.startswith(b"TAG+"):
        return _ID3V1_ENHANCED_BYTES
    if head.startswith(b"TAG"):
        return _ID3V1_BYTES
    if head.startswith(b"APETAGEX") and len(head) == _APE_BYTES:
        # The size excludes a header, which has bit 29 of the flags set; a footer alone is its own 32 bytes.
        is_header = int.from_bytes(head[20:24], "little") >> 29 & 1
        return _APE_BYTES + (int.from_bytes(head[12:16], "little") if is_header else 0)
    if head.startswith(b"LYRICSBEGIN"):
        match = _LYRICS3.match(data[position : position + _LYRICS3_MAX_BYTES])
        return match.end() if match else 0
    return 0


def is_tail(data: bytes) -> bool:
    """Whether bytes at the end of a file are nothing but tags, zeros and line ends."""
    at = 0
    while at < len(data):
        if length := tag_bytes(data, at):
            at += length
            continue
        rest = data[at:].lstrip(_PADDING)
        if len(rest) == len(data) - at:
            return False
        at = len(data) - len(rest)
    return True


def untagged_end(stream: BinaryIO, size: int, *, zeros: int = 0) -> int:
    """Return where the tags and the padding at the end of a file begin.

    Args:
        stream: The whole file.
        size: Its bytes.
        zeros: How many of the zeros of the padding may belong to the last frame.

    Returns:
        A position; `size` where there are none. Fewer zeros than `_LEAST_PADDING` may belong to the last frame.
    """
    end = size
    for _ in range(_MAX_ID3V2_TAGS):
        stream.seek(max(0, end - _TAIL_BYTES))
        tail = stream.read(min(end, _TAIL_BYTES))
        footer = tail[-_APE_BYTES:]
        stripped = len(tail) - len(tail.rstrip(b"\0"))
        if tail[-_ID3V1_BYTES:].startswith(b"TAG") and len(tail) >= _ID3V1_BYTES:
            end -= _ID3V1_BYTES
        elif footer.startswith(b"APETAGEX"):
            has_header = int.from_bytes(footer[20:24], "little") >> 31
            end -= int.from_bytes(footer[12:16], "little") + (_APE_BYTES if has_header else 0)
        elif stripped >= _LEAST_PADDING:
            end -= stripped - zeros
        else:
            break
    return end if end > 0 else size


def _id3v2_bytes(head: bytes) -> int:
    if len(head) < 10 or not head.startswith(b"ID3") or 0xFF in head[3:5] or max(head[6:10]) > 0x7F:
        return 0
    size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
    has_footer = bool(head[5] & 0x10)
    return 10 + size + (10 if has_footer else 0)
