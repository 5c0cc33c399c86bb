"""The first frame of a FLAC file: its position in the stream from which the file was cut.

A program that splits a stream into files may number their frames continuously, and write the length of the whole
stream into the header of each. Source: RFC 9639, sections 8 and 9.1.
"""

from __future__ import annotations

from typing import BinaryIO, Final

__all__ = ["first_sample"]

_MAX_METADATA_BLOCKS: Final = 1_000
_HEADER_BYTES: Final = 16


def first_sample(stream: BinaryIO, start: int) -> int:
    """Read the number of the first sample in the stream from which a FLAC file was cut.

    Args:
        stream: The file.
        start: Where the FLAC file begins, in bytes.

    Returns:
        The sample's number; 0 unless the file is part of a longer stream, or if it cannot be read.
    """
    at, block_samples = start + 4, 0
    for _ in range(_MAX_METADATA_BLOCKS):
        stream.seek(at)
        head = stream.read(8)
        if len(head) < 8:
            return 0
        if head[0] & 0x7F == 0:  # STREAMINFO begins with the least and the largest size of a block
            block_samples = int.from_bytes(head[6:8], "big")
        at += 4 + int.from_bytes(head[1:4], "big")
        if head[0] & 0x80:
            break
    stream.seek(at)
    return _sample_number(stream.read(_HEADER_BYTES), block_samples)


def _sample_number(frame: bytes, block_samples: int) -> int:
    """Return the number of a frame's first sample; `block_samples` is the block size if it is fixed."""
    if len(frame) < _HEADER_BYTES or frame[0] != 0xFF or frame[1] & 0xFE != 0xF8:
        return 0
    # Coded as UTF-8 is, up to seven bytes.
    first = frame[4]
    n_bytes = 1 if first < 0x80 else 8 - (first ^ 0xFF).bit_length()
    number = first if n_bytes == 1 else first & (0x7F >> n_bytes)
    for byte in frame[5 : 4 + n_bytes]:
        number = number << 6 | byte & 0x3F
    has_sample_number = bool(frame[1] & 1)
    return number if has_sample_number else number * block_samples
