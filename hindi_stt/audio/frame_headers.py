"""Frames of bare MPEG audio (MP3, MP2, MP1) and of AAC in ADTS, found by their headers without decoding them.

Such files have no index: only their frames show how long they are, whether several files were joined, and what is
damaged. Sources: ISO/IEC 11172-3 and 13818-3 (frame header), ISO/IEC 14496-3 (ADTS), and the Xing/Info and VBRI
headers as LAME and Fraunhofer write them.

Longer than 300 lines: the tables of three standards are a third of it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from hindi_stt.audio.tags import tag_bytes

__all__ = ["FrameScan", "find_run", "scan_frames"]

_CHUNK_BYTES: Final = 2**20
# Frames in a row that make noise an improbable explanation.
_RUN: Final = 3
# Where the walk has to step over more than this, it leaves the rest to the decoder.
_MAX_JUNK_BYTES: Final = 2**18
_MAX_RANGES: Final = 500
# The longest header of interest: an MPEG frame with its Xing header, or a tag's.
_LOOK_AHEAD: Final = 256
_MAX_FRAME_BYTES: Final = 4_096

# kbit/s by bitrate index, by (MPEG 1?, layer).
_KBIT: Final = {
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MPEG1_RATES: Final = (44_100, 48_000, 32_000)
_ADTS_RATES: Final = (
    96_000,
    88_200,
    64_000,
    48_000,
    44_100,
    32_000,
    24_000,
    22_050,
    16_000,
    12_000,
    11_025,
    8_000,
    7_350,
)
_ADTS_HEADER_BYTES: Final = 7
_ADTS_SAMPLES: Final = 1_024


@dataclass(frozen=True, slots=True)
class _Header:
    """A frame header.

    Attributes:
        length: Bytes of the frame.
        samples: Samples per channel.
        stream: Properties that all frames of one file share.
    """

    length: int
    samples: int
    rate: int
    stream: tuple[str, int, int]


@dataclass(slots=True)
class FrameScan:
    """Properties of a file read from its frame headers.

    Attributes:
        n_frames, samples: of all frames together; samples of one channel.
        rate: Hz of the first frame.
        ranges: (start, end) in bytes of the runs of frames, without the tags and the junk between them.
        next_stream: Where frames of another rate, layer or codec begin, which are not counted; None without any.
        stated_frames: The count in the Xing, Info or VBRI header of the first frame, None without one.
        junk_bytes: Bytes between frames, or behind the last one, that belong to no tag.
        cut: Whether the last frame is incomplete.
        whole: Whether the walk went to the end; False where there is too much junk or audio.
    """

    n_frames: int = 0
    samples: int = 0
    rate: int = 0
    ranges: list[tuple[int, int]] = field(default_factory=list)
    stated_frames: int | None = None
    junk_bytes: int = 0
    cut: bool = False
    whole: bool = True
    next_stream: int | None = None

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples / self.rate if self.rate else 0.0

    @property
    def is_damaged(self) -> bool:
        """Whether something that was audio cannot be decoded."""
        return self.cut or self.junk_bytes > 0

    @property
    def fits_its_header(self) -> bool:
        """Whether this is one undamaged file whose Xing or Info header counts its frames right.

        The frame that holds the header is no part of the count. Some writers include it (GStreamer's xingmux, mp3splt):
        libsndfile then expects a frame that is not there.
        """
        is_alone = self.whole and not self.is_damaged and self.next_stream is None
        return is_alone and self.stated_frames == self.n_frames - 1


def find_run(data: bytes) -> tuple[str, int] | None:
    """Find the first of several consecutive MPEG audio or ADTS frames.

    Args:
        data: The beginning of a file; fewer frames are accepted if they fill it to its end.

    Returns:
        FFmpeg's name of the demuxer ("mp3" or "aac") and the position of the first frame; None without a run.
    """
    at = data.find(b"\xff")
    while at >= 0:
        header = _header(data, at)
        if header is not None and _is_run(data, at, header.stream):
            return header.stream[0], at
        at = data.find(b"\xff", at + 1)
    return None


def scan_frames(stream: BinaryIO, start: int, max_s: float) -> FrameScan:
    """Read the header of every frame, without decoding.

    Args:
        stream: The whole file.
        start: Where its first frame begins, in bytes.
        max_s: Stop after this duration, in seconds.

    Returns:
        What the headers state.
    """
    return _Walk(stream, start, max_s).scan


class _Walk:
    def __init__(self, stream: BinaryIO, start: int, max_s: float) -> None:
        self._stream, self._max_s = stream, max_s
        self._data, self._base, self._at = b"", start, 0
        self._run_start = start
        self.scan = FrameScan()
        stream.seek(start)
        self._refill()
        self._walk()

    def _refill(self) -> bool:
        """Have _LOOK_AHEAD bytes at the position, or what there is. Returns whether there is anything."""
        if len(self._data) - self._at < _LOOK_AHEAD:
            behind = max(0, self._at - len(self._data))
            self._base += self._at
            rest, self._at = self._data[self._at :], 0
            if behind:
                self._stream.seek(self._base)
            self._data = rest + self._stream.read(_CHUNK_BYTES)
        return self._at < len(self._data)

    def _walk(self) -> None:
        scan, stream_kind, max_samples = self.scan, None, 0.0
        while self._refill():
            header = _header(self._data, self._at)
            if header is None or (stream_kind is not None and header.stream != stream_kind):
                if not self._step_over(stream_kind):
                    return
                continue
            if stream_kind is None:
                stream_kind, scan.rate = header.stream, header.rate
                max_samples = self._max_s * header.rate
                scan.stated_frames = self._stated_frames(header)
            self._at += header.length
            if self._at > len(self._data) and not self._is_complete():
                scan.cut = True
                break
            scan.n_frames += 1
            scan.samples += header.samples
            if header.stream[0] == "mp3":
                self._skip_frames(header)
            if scan.samples > max_samples:
                scan.whole = False
                self._end_run(2**62)
                return
        self._end_run(self._base + min(self._at, len(self._data)))

    def _skip_frames(self, like: _Header) -> None:
        """Count the frames that follow in the buffer, quickly: this is most of the work."""
        data, at, n = self._data, self._at, 0
        limit = len(data) - _LOOK_AHEAD - _MAX_FRAME_BYTES
        lengths = _lengths(like.stream)
        try:
            while at < limit:
                at += lengths[data[at : at + 3]]
                n += 1
        except KeyError:  # something else follows
            pass
        self._at = at
        self.scan.n_frames += n
        self.scan.samples += n * like.samples

    def _is_complete(self) -> bool:
        """Whether the file reaches as far as the position."""
        self._stream.seek(self._base + self._at - 1)
        complete = bool(self._stream.read(1))
        self._stream.seek(self._base + len(self._data))
        return complete

    def _step_over(self, stream_kind: tuple[str, int, int] | None) -> bool:
        """Go on behind a tag or junk. Returns False where the walk is over."""
        scan = self.scan
        if length := tag_bytes(self._data, self._at):
            self._end_run(self._base + self._at)
            self._at += length
            self._run_start = self._base + self._at
            return True
        first = self._base + self._at
        at = self._next_frame()
        other = None if at is None else _header(self._data, at)
        if at is not None and other is not None and stream_kind not in (None, other.stream):
            scan.next_stream = self._base + at
            scan.junk_bytes += len(self._data[self._at : at].strip(b"\0"))
            self._end_run(first)
            return False
        if at is None:
            # The last frame of a file may be cut off within its header; zeros and line ends are padding.
            rest = self._data[self._at :]
            scan.junk_bytes += len(rest.strip(b"\0\r\n"))
            scan.whole = len(rest) < _MAX_JUNK_BYTES
            self._end_run(first if scan.whole else 2**62)
            return False
        skipped = self._data[self._at : at]
        is_padding_of_a_tag = first == self._run_start and not skipped.strip(b"\0")
        scan.junk_bytes += 0 if is_padding_of_a_tag else len(skipped)
        if scan.junk_bytes > _MAX_JUNK_BYTES or len(scan.ranges) >= _MAX_RANGES:
            scan.whole = False
            self._end_run(2**62)
            return False
        self._end_run(first)
        self._at = at
        self._run_start = self._base + at
        return True

    def _next_frame(self) -> int | None:
        """The next position, within a bound, where several frames of one kind follow each other, or a tag begins."""
        if len(self._data) - self._at < _MAX_JUNK_BYTES:
            self._data += self._stream.read(_CHUNK_BYTES)
        data, limit = self._data, min(len(self._data), self._at + _MAX_JUNK_BYTES)
        for at in range(self._at, limit):
            if data[at] == 0xFF:
                header = _header(data, at)
                if header and _is_run(data, at, header.stream):
                    return at
            elif data[at] in b"IALT" and tag_bytes(data, at):
                return at
        return None

    def _end_run(self, end: int) -> None:
        if end > self._run_start:
            self.scan.ranges.append((self._run_start, end))

    def _stated_frames(self, first: _Header) -> int | None:
        if first.stream[0] != "mp3":
            return None
        return _stated_frames(self._data[self._at : self._at + min(first.length, _LOOK_AHEAD)])


def _stated_frames(frame: bytes) -> int | None:
    """The count of frames in a Xing, Info or VBRI header; None where there is none, or it counts nothing."""
    is_mpeg1, is_mono = bool(frame[1] & 0x08), frame[3] >> 6 == 3
    side_bytes = (17 if is_mono else 32) if is_mpeg1 else (9 if is_mono else 17)
    at = 4 + side_bytes
    if frame[at : at + 4] in (b"Xing", b"Info") and frame[at + 7] & 1:
        return int.from_bytes(frame[at + 8 : at + 12], "big")
    if frame[36:40] == b"VBRI":
        return int.from_bytes(frame[50:54], "big")
    return None


def _is_run(data: bytes, at: int, stream: tuple[str, int, int]) -> bool:
    """Whether several frames of one kind follow each other, or fill the data to its end."""
    for n in range(_RUN):
        header = _header(data, at)
        if header is None or header.stream != stream:
            return n > 1 and at == len(data)
        at += header.length
    return True


def _header(data: bytes, at: int) -> _Header | None:
    if at + 4 > len(data) or data[at] != 0xFF:
        return None
    second = data[at + 1]
    if second & 0xF6 == 0xF0:
        return _adts_header(data, at)
    return _mpeg_header(second, data[at + 2]) if second & 0xE0 == 0xE0 else None


@functools.lru_cache(maxsize=4_096)
def _mpeg_header(second: int, third: int) -> _Header | None:
    version, layer = second >> 3 & 3, 4 - (second >> 1 & 3)
    bitrate_index, rate_index, padding = third >> 4, third >> 2 & 3, third >> 1 & 1
    if version == 1 or layer == 4 or bitrate_index in (0, 15) or rate_index == 3:
        return None
    is_mpeg1 = version == 3
    rate = _MPEG1_RATES[rate_index] // {3: 1, 2: 2, 0: 4}[version]
    bits_per_s = 1_000 * _KBIT[is_mpeg1, layer][bitrate_index]
    if layer == 1:
        return _Header((12 * bits_per_s // rate + padding) * 4, 384, rate, ("mp3", layer, rate))
    samples = 576 if layer == 3 and not is_mpeg1 else 1_152
    return _Header(samples // 8 * bits_per_s // rate + padding, samples, rate, ("mp3", layer, rate))


@functools.lru_cache(maxsize=64)
def _lengths(stream: tuple[str, int, int]) -> dict[bytes, int]:
    """Bytes of a frame by the first three bytes of its header, for the frames of one stream."""
    keys = ((second, third) for second in range(0xE0, 0x100) for third in range(0x100))
    headers = ((b"\xff" + bytes(key), _mpeg_header(*key)) for key in keys)
    return {key: header.length for key, header in headers if header is not None and header.stream == stream}


def _adts_header(data: bytes, at: int) -> _Header | None:
    if at + _ADTS_HEADER_BYTES > len(data):
        return None
    third, fourth, fifth, sixth = data[at + 2 : at + 6]
    rate_index = third >> 2 & 15
    length = (fourth & 3) << 11 | fifth << 3 | sixth >> 5
    if rate_index >= len(_ADTS_RATES) or length <= _ADTS_HEADER_BYTES:
        return None
    rate = _ADTS_RATES[rate_index]
    blocks = (data[at + 6] & 3) + 1
    return _Header(length, _ADTS_SAMPLES * blocks, rate, ("aac", third >> 6, rate))
