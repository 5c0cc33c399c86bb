"""Finds where a Matroska or WebM file ends: live ones do not state their length.

Source: RFC 8794 (EBML), RFC 9559 (Matroska).
"""

from __future__ import annotations

from typing import BinaryIO, Final

__all__ = ["elements_end"]

_CHUNK_BYTES: Final = 2**20
_HEADER_BYTES: Final = 12
# Four hours have less than a million blocks of 20 ms.
_MAX_ELEMENTS: Final = 2_000_000
_EBML: Final = 0x1A45DFA3
_SEGMENT: Final = 0x18538067
_CLUSTER: Final = 0x1F43B675
# Children of a segment with these identifiers, and those of a cluster.
_IN_SEGMENT: Final = frozenset(
    {0x114D9B74, 0x1549A966, 0x1654AE6B, _CLUSTER, 0x1C53BB6B, 0x1941A469, 0x1043A770, 0x1254C367, 0xEC, 0xBF}
)
_IN_CLUSTER: Final = frozenset({0xE7, 0x5854, 0xA7, 0xAB, 0xA3, 0xA0, 0xAF, 0xEC, 0xBF})


def elements_end(stream: BinaryIO, start: int, size: int) -> int:
    """The first byte that belongs to no element of the file.

    Args:
        stream: The whole file.
        start: Where its EBML header begins.
        size: Its bytes.

    Returns:
        `size` at most. Damage ends the elements too: what follows may be more of them.
    """
    reader = _Elements(stream, size)
    at, known = start, frozenset({_EBML, _SEGMENT})
    for _ in range(_MAX_ELEMENTS):
        element = reader.at(at)
        if element is None or element[0] not in known:
            return min(at, size)
        identifier, content, length = element
        if identifier == _EBML and at != start:
            return at
        if length is not None:
            at = content + length
        elif identifier == _SEGMENT:
            at, known = content, _IN_SEGMENT
        elif identifier == _CLUSTER:
            at, known = content, _IN_SEGMENT | _IN_CLUSTER
        else:
            return at
    return size


class _Elements:
    """Headers of elements, read through a buffer."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self._size = stream, size
        self._data, self._base = b"", 0

    def at(self, position: int) -> tuple[int, int, int | None] | None:
        """Identifier, first byte of the content, and length (None: unknown) of an element; None without one."""
        begin = position - self._base
        if not 0 <= begin <= len(self._data) - _HEADER_BYTES:
            self._stream.seek(position)
            self._data, self._base, begin = self._stream.read(_CHUNK_BYTES), position, 0
        head = self._data[begin : begin + _HEADER_BYTES]
        if not head or not head[0] >> 4:
            return None
        n = 9 - head[0].bit_length()  # bytes of the identifier: up to four
        if len(head) <= n or not head[n]:
            return None
        width = 9 - head[n].bit_length()
        value = int.from_bytes(head[n : n + width], "big") & (1 << 7 * width) - 1
        length = None if value == (1 << 7 * width) - 1 else value
        return int.from_bytes(head[:n], "big"), position + n + width, length
