"""Identifies a container by its first bytes, and finds where it begins behind tags and junk.

FFmpeg's own detection is not used: it would also accept playlists, which make it read other files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import BinaryIO, Final

from hindi_stt.audio.frame_headers import find_run
from hindi_stt.audio.tags import id3v2_bytes

__all__ = ["Container", "has_signature", "identify"]

# Bytes in which the first frame of a bare stream is searched behind junk, as FFmpeg's demuxers do.
_SEARCH_BYTES: Final = 2**16
_HEAD_BYTES: Final = 400
# Pattern of the first bytes → FFmpeg's name of the demuxer.
_SIGNATURES: Final[tuple[tuple[re.Pattern[bytes], str], ...]] = tuple(
    (re.compile(pattern, re.DOTALL), name)
    for pattern, name in (
        (rb"(RIFF|RIFX|RF64|BW64)....WAVE", "wav"),
        (rb"RIFF....AVI ", "avi"),
        (rb"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00", "w64"),
        (rb"FORM....AIF[FC]", "aiff"),
        (rb"\.snd|dns\.", "au"),
        (rb"caff\x00", "caf"),
        (rb"fLaC", "flac"),
        (rb"OggS", "ogg"),
        # QuickTime, MP4, M4A, 3GP: an atom of one of the kinds that a file may begin with.
        (rb"\x00...(ftyp|styp|moov|moof|sidx|mdat|wide|free|skip|pnot|pict|uuid|junk)", "mov"),
        (rb"[^\x00]...(mdat|moov)", "mov"),
        (rb"\x1a\x45\xdf\xa3", "matroska"),  # WebM too
        (rb"#!AMR", "amr"),
        (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", "asf"),  # WMA
        (rb"FLV\x01", "flv"),
        (rb"wvpk", "wv"),
        (rb"TTA1", "tta"),
        (rb"Creative Voice File\x1a", "voc"),
        (rb"\x47.{187}\x47.{187}\x47", "mpegts"),
        (rb".{4}\x47.{191}\x47", "mpegts"),  # with a time code before each packet, as camcorders write it
        (rb"\x00\x00\x01\xba", "mpeg"),
        (rb"\x0b\x77", "ac3"),
    )
)
_TRANSPORT_PACKETS: Final = re.compile(rb"\x47.{187}\x47.{187}\x47.{187}\x47.{187}\x47", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Container:
    """The container of a file.

    Attributes:
        demuxer: FFmpeg's name of the format.
        start: Position of its first byte in the file.
    """

    demuxer: str
    start: int


def identify(stream: BinaryIO) -> Container | None:
    """The container of a recording.

    Args:
        stream: Seekable; is left at an arbitrary position. One that is still arriving is read no further than its
            first bytes where they say what it is.

    Returns:
        None where it is of no kind that is known here.
    """
    start = id3v2_bytes(stream)
    stream.seek(start)
    head = stream.read(16)
    if len(head) == 16 and not _name(head):
        head += stream.read(_HEAD_BYTES - len(head))
    if name := _name(head):
        return Container(name, start)
    stream.seek(start)
    data = stream.read(_SEARCH_BYTES)
    packets = _TRANSPORT_PACKETS.search(data)
    name, at = find_run(data) or ("", len(data))
    if packets and packets.start() < at:
        name, at = "mpegts", packets.start()
    return Container(name, start + at) if name else None


def has_signature(head: bytes) -> bool:
    """Whether a file that begins with these bytes, 16 or more, has a container or a tag, and is no bare samples."""
    return head.startswith(b"ID3") or _name(head) is not None


def _name(head: bytes) -> str | None:
    return next((name for pattern, name in _SIGNATURES if pattern.match(head)), None)
