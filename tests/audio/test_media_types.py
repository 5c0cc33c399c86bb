"""The format of samples without a container, as content types state it."""

from __future__ import annotations

import pytest

from hindi_stt.audio import RawFormat
from hindi_stt.audio.media_types import raw_format
from hindi_stt.errors import InvalidRequest


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("audio/L16;rate=16000;channels=2", RawFormat("PCM_16", 16_000, 2, "BIG")),
        ("audio/l16; rate=08000; endianness=little-endian", RawFormat("PCM_16", 8_000, 1, "LITTLE")),
        ("audio/pcm;rate=44100", RawFormat("PCM_16", 44_100, 1, "LITTLE")),
        ("audio/PCMU", RawFormat("ULAW", 8_000, 1)),
        ("audio/PCMA;rate=16000;channels=2", RawFormat("ALAW", 16_000, 2)),
        ("audio/basic", RawFormat("ULAW", 8_000, 1)),
        ("audio/wav;rate=8000", None),
        ("", None),
    ],
)
def test_formats(content_type: str, expected: RawFormat | None) -> None:
    assert raw_format(content_type, b"\0\1" * 8) == expected


@pytest.mark.parametrize("media", ["audio/pcm", "audio/basic"])
def test_the_first_bytes_of_a_container_tell_more_than_the_type(media: str) -> None:
    assert raw_format(f"{media};rate=8000", b"RIFF\0\0\0\0WAVEfmt ") is None


@pytest.mark.parametrize(
    "content_type",
    [
        "audio/L16",
        "audio/L16;rate=0",
        "audio/L16;rate=-8000",
        "audio/L16;rate=768001",
        "audio/L16;rate=1e4",
        "audio/L16;rate=" + "9" * 5_000,
        "audio/L16;rate=000016000999999999",  # more than nine digits
        "audio/PCMU;channels=1025",
        "audio/PCMU;channels=0000000010000000000",
        "audio/pcm;rate=8000;endianness=middle",
    ],
)
def test_parameters_that_cannot_be_used(content_type: str) -> None:
    with pytest.raises(InvalidRequest):
        raw_format(content_type, b"\0\1" * 8)
