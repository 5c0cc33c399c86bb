"""The number of the first sample of a FLAC file, in files that FFmpeg wrote and in headers laid out by RFC 9639."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from hindi_stt.audio.flac_frames import first_sample
from tests.audio.make import RAIN, RATE, encoded, ffmpeg
from tests.support.wav import wav


def stream(number: bytes, *, is_variable: bool, block_samples: int = 4096, blocks: int = 1) -> bytes:
    """A file of one frame's header. number: as it is coded in it."""
    info = block_samples.to_bytes(2, "big") * 2 + bytes(30)
    padding = b"\x01" + (10).to_bytes(3, "big") + bytes(10)
    last = bytearray(padding * (blocks - 1) + b"")
    metadata = (b"\x80" if blocks == 1 else b"\x00") + len(info).to_bytes(3, "big") + info
    if blocks > 1:
        last[-14] |= 0x80
    frame = bytes([0xFF, 0xF9 if is_variable else 0xF8, 0xC9, 0x18]) + number + bytes(20)
    return b"fLaC" + metadata + bytes(last) + frame


@pytest.mark.parametrize("number", [0, 1, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFF, 0x10000, 0x10FFFF])
def test_numbers_are_coded_as_utf_8_is(number: int) -> None:
    coded = chr(number).encode()
    assert first_sample(io.BytesIO(stream(coded, is_variable=True)), 0) == number
    assert first_sample(io.BytesIO(stream(coded, is_variable=False, block_samples=1152)), 0) == number * 1152


def test_the_longest_number_has_seven_bytes() -> None:
    """36 bits: FE and six bytes of six bits each."""
    assert first_sample(io.BytesIO(stream(b"\xfe" + b"\xbf" * 6, is_variable=True)), 0) == 2**36 - 1


def test_metadata_and_bytes_before_it_are_passed_over() -> None:
    content = b"ID3 tag" + stream(b"\x05", is_variable=False, blocks=3)
    assert first_sample(io.BytesIO(content), 7) == 5 * 4096


def test_a_whole_file_begins_with_sample_0(tmp_path: Path) -> None:
    content = encoded(RAIN, "-c:a flac -f flac", tmp_path)
    assert first_sample(io.BytesIO(content), 0) == 0


def test_the_later_parts_of_a_stream_that_ffmpeg_split(tmp_path: Path) -> None:
    """Frames are numbered on where the encoder goes on and only the file changes."""
    source = wav(np.concatenate([RAIN] * 6))
    arguments = "-c:a flac -frame_size 1600 -f segment -segment_time 2 -segment_format flac".split()
    ffmpeg("-f", "wav", "-i", "pipe:0", *arguments, tmp_path / "part%d.flac", source=source)
    starts = [first_sample(io.BytesIO(path.read_bytes()), 0) for path in sorted(tmp_path.glob("part*.flac"))]
    assert len(starts) > 2
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert all(abs(start - 2 * RATE * i) <= RATE for i, start in enumerate(starts))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"fLaC",
        stream(b"\x05", is_variable=True)[:-20],
        stream(b"\x05", is_variable=True).replace(b"\xff\xf9", b"\0\0"),
    ],
    ids=["empty", "without metadata", "cut within the frame", "no frame"],
)
def test_what_cannot_be_read_counts_as_whole(content: bytes) -> None:
    assert first_sample(io.BytesIO(content), 0) == 0
