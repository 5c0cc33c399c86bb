"""A file made of some byte ranges of another one, so that a decoder sees neither tags nor junk between its frames.

The decoding child runs this module without the rest of the package: it imports the standard library only.
"""

from __future__ import annotations

import bisect
import io
from collections.abc import Sequence
from typing import Any, BinaryIO

__all__ = ["ByteRanges", "Overlaid"]


class ByteRanges(io.RawIOBase):
    """Reads byte ranges of a seekable file as one file.

    Args:
        file: Where the bytes come from; it stays open.
        ranges: (start, end) of each part in bytes, in the order in which they are read. The end of the last one may lie
            behind the end of the file.
    """

    def __init__(self, file: BinaryIO, ranges: Sequence[tuple[int, int]]) -> None:
        self._file = file
        self._ranges = tuple(ranges)
        # Where each part begins in this file; the last entry is where all end.
        self._starts = [0]
        for start, end in self._ranges:
            self._starts.append(self._starts[-1] + end - start)
        self._position = 0

    def readable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def seekable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def tell(self) -> int:
        """See `io.RawIOBase`."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position, as in any file.

        Args:
            offset: Bytes from the point that `whence` names.
            whence: Io.SEEK_SET, io.SEEK_CUR or io.SEEK_END.

        Returns:
            The new position in bytes from the start.

        Raises:
            ValueError: The position is before the start.
        """
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._starts[-1]}[whence]
        if base + offset < 0:
            raise ValueError("a position before the beginning of the file")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        """See `io.RawIOBase`; reads within one part at a time."""
        if self._position >= self._starts[-1] or not len(buffer):
            return 0
        part = bisect.bisect_right(self._starts, self._position) - 1
        within = self._position - self._starts[part]
        start, end = self._ranges[part]
        self._file.seek(start + within)
        found = self._file.read(min(len(buffer), end - start - within))
        buffer[: len(found)] = found
        self._position += len(found)
        return len(found)


class Overlaid(ByteRanges):
    """Reads a byte range of a file, some bytes of which are replaced.

    Args:
        file: See `ByteRanges`.
        start: First byte of the range in the file.
        end: Byte behind the range.
        position: Where the replacement goes, relative to `start`.
        replacement: The new bytes; as many bytes are replaced.
    """

    def __init__(self, file: BinaryIO, start: int, end: int, position: int, replacement: bytes) -> None:
        super().__init__(file, [(start, end)])
        self._at, self._replacement = position, replacement

    def readinto(self, buffer: Any) -> int:
        """See `io.RawIOBase`."""
        begin = self.tell()
        n = super().readinto(buffer)
        first, last = max(begin, self._at), min(begin + n, self._at + len(self._replacement))
        if first < last:
            buffer[first - begin : last - begin] = self._replacement[first - self._at : last - self._at]
        return n
