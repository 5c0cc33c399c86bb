"""The WAV family (RIFF, RIFX, RF64, BW64 and Sony's Wave64): where the samples are, and what follows them.

Sources: Microsoft's "Multimedia Programming Interface and Data Specifications 1.0" (RIFF, WAVE), EBU Tech 3306 (RF64),
Sony's Wave64 specification.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO, Final, Literal

from hindi_stt.audio.tags import tag_bytes
from hindi_stt.errors import TruncatedAudio

__all__ = ["WavHeader", "read_wav_header", "unread_bytes"]

Endian = Literal["LITTLE", "BIG"]

# Behind the samples: another file, and a second chunk of samples, which no decoder reads.
_UNREAD: Final = (b"RIFF", b"RIFX", b"RF64", b"BW64", b"data")
# Sizes that writers put into a header when they cannot seek back: the largest number of 31 or of 32 bits, less the
# header or rounded (sox 0x7FFFF000, GStreamer 0x7FFF0000).
_STREAMED_SIZES: Final = (range(0x7FFF_0000, 0x8000_0001), range(0xFFFF_0000, 0x1_0000_0000))
_UNKNOWN_64: Final = 2**62
_EXTENSIBLE: Final = 0xFFFE
# Format tag → libsndfile's encodings by bytes a sample.
_ENCODINGS: Final[dict[int, dict[int, str]]] = {
    0x0001: {1: "PCM_U8", 2: "PCM_16", 3: "PCM_24", 4: "PCM_32"},
    0x0003: {4: "FLOAT", 8: "DOUBLE"},
    0x0006: {1: "ALAW"},
    0x0007: {1: "ULAW"},
}
# Chunks are small, but a broken size must not make thousands of reads.
_MAX_CHUNKS: Final = 1_000
_TAIL_BYTES: Final = 2**20
_W64_GUID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class WavHeader:
    """The header of a WAV file.

    Attributes:
        encoding: Libsndfile's name of the samples' encoding; None for every codec that packs samples into blocks.
        rate: Hz.
        channels: Number of channels.
        endian: Of the samples.
        data_start: First byte of the samples.
        data_bytes: As stated; None where the writer did not know, because it could not seek back.
        is_riff: Whether chunks of RIFF's form may lie behind the samples.
        frame_bytes: Bytes of one sample of every channel.
    """

    encoding: str | None
    rate: int
    channels: int
    endian: Endian
    data_start: int
    data_bytes: int | None
    is_riff: bool
    frame_bytes: int = 0

    @property
    def duration_s(self) -> float:
        """The stated duration; infinite where the writer did not know it."""
        bytes_per_s = max(1, self.rate * self.frame_bytes)
        return float("inf") if self.data_bytes is None else self.data_bytes / bytes_per_s


def read_wav_header(stream: BinaryIO, start: int, size: int) -> WavHeader:
    """Read up to the samples.

    Args:
        stream: The file; it may still be arriving, and is read forward only.
        start: First byte of the container.
        size: Bytes of the file, or more than any file has if the size is not known yet.

    Returns:
        Where the samples are.

    Raises:
        TruncatedAudio: The file ends before its samples begin, or before they end.
    """
    stream.seek(start)
    mark = stream.read(12)[:4]
    header = _read_w64(stream, start, size) if mark == b"riff" else _read_riff(stream, start, size, mark)
    if header.data_bytes is not None and header.data_start + header.data_bytes > size:
        held = max(0, size - header.data_start)
        raise TruncatedAudio(f"The WAV header states {header.data_bytes} bytes of audio; the file has {held}.")
    return header


def _read_riff(stream: BinaryIO, start: int, size: int, mark: bytes) -> WavHeader:
    order: Literal["<", ">"] = ">" if mark == b"RIFX" else "<"
    position, encoding, rate, channels, frame_bytes = start + 12, None, 0, 0, 0
    data_bytes_64 = None
    for _ in range(_MAX_CHUNKS):
        stream.seek(position)
        chunk = stream.read(8)
        if len(chunk) < 8:
            break
        name, length = chunk[:4], struct.unpack(order + "I", chunk[4:])[0]
        position += 8
        if name == b"data" and (length or stream.read(4) != b"data"):  # an empty chunk before the samples' own
            stated = _stated(length, data_bytes_64 if mark in (b"RF64", b"BW64") else None)
            endian: Endian = "BIG" if order == ">" else "LITTLE"
            return WavHeader(encoding, rate, channels, endian, position, stated, is_riff=True, frame_bytes=frame_bytes)
        if name == b"fmt ":
            encoding, rate, channels, frame_bytes = _read_format(stream.read(min(length, 40)), order)
        if name == b"ds64":
            content = stream.read(min(length, 28))
            data_bytes_64 = int.from_bytes(content[8:16], "little") if len(content) >= 16 else None
        position += length + length % 2
        if position >= size:
            break
    raise TruncatedAudio("The WAV file ends before its audio begins.")


def _read_w64(stream: BinaryIO, start: int, size: int) -> WavHeader:
    """Chunks have a GUID and a size of 64 bits, which counts their header, and begin at multiples of 8."""
    position, encoding, rate, channels, frame_bytes = start + 40, None, 0, 0, 0
    for _ in range(_MAX_CHUNKS):
        stream.seek(position)
        chunk = stream.read(_W64_GUID_BYTES + 8)
        if len(chunk) < _W64_GUID_BYTES + 8:
            break
        name, length = chunk[:4], int.from_bytes(chunk[_W64_GUID_BYTES:], "little")
        content = position + len(chunk)
        if name == b"data":
            data_bytes = length - len(chunk)
            # Writers that cannot seek back leave 0, the header alone, or the largest number.
            stated = data_bytes if 0 < data_bytes < _UNKNOWN_64 else None
            return WavHeader(
                encoding, rate, channels, "LITTLE", content, stated, is_riff=False, frame_bytes=frame_bytes
            )
        if name == b"fmt ":
            encoding, rate, channels, frame_bytes = _read_format(stream.read(min(max(0, length - len(chunk)), 40)), "<")
        position += max(len(chunk), (length + 7) // 8 * 8)
        if position >= size:
            break
    raise TruncatedAudio("The Wave64 file ends before its audio begins.")


def _stated(length: int, data_bytes_64: int | None) -> int | None:
    if data_bytes_64 is not None and length == 0xFFFF_FFFF:
        return data_bytes_64 if 0 < data_bytes_64 < _UNKNOWN_64 else None
    return None if any(length in sizes for sizes in _STREAMED_SIZES) else length


def _read_format(content: bytes, order: Literal["<", ">"]) -> tuple[str | None, int, int, int]:
    if len(content) < 16:
        return None, 0, 0, 0
    tag, channels, rate, _, block_bytes, _ = struct.unpack(order + "HHIIHH", content[:16])
    if tag == _EXTENSIBLE and len(content) >= 26:
        (tag,) = struct.unpack(order + "H", content[24:26])
    sample_bytes = block_bytes // channels if channels and block_bytes % channels == 0 else 0
    return _ENCODINGS.get(tag, {}).get(sample_bytes), rate, channels, block_bytes


def unread_bytes(stream: BinaryIO, position: int, size: int) -> int:
    """Bytes from a position to the end of the file, from the first one that belongs to no RIFF chunk, tag or padding.

    Args:
        stream: The whole file.
        position: The end of the samples.
        size: Bytes of the file.

    Returns:
        0 where everything is of a known form. Another WAV file or more samples are not: they are never read.
    """
    for _ in range(_MAX_CHUNKS):
        if size - position < 8:
            return 0
        stream.seek(position)
        head = stream.read(32)
        if head[:4] in _UNREAD:
            return size - position
        length = tag_bytes(head, 0) or _chunk_bytes(head, size - position) or _padding(stream, position)
        if not length and head[:1] == b"\0" and position % 2:
            length = 1  # the byte that makes the length of a chunk even
        if not length:
            return size - position
        position += length
    return 0


def _chunk_bytes(head: bytes, available: int) -> int:
    """Bytes of a RIFF chunk with its header and padding, 0 where it is none."""
    if any(not 0x20 <= byte < 0x7F for byte in head[:4]):
        return 0
    for order in ("little", "big"):
        length = int.from_bytes(head[4:8], order)
        if 8 + length <= available:
            return min(8 + length + length % 2, available)
    return 0


def _padding(stream: BinaryIO, position: int) -> int:
    """Bytes up to the end of the file where all of them are zeros."""
    stream.seek(position)
    n = 0
    while part := stream.read(_TAIL_BYTES):
        if part.strip(b"\0"):
            return 0
        n += len(part)
    return n
