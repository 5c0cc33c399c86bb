"""Tags as their specifications lay them out, before, between and behind sound."""

from __future__ import annotations

import io
import itertools
import struct
from pathlib import Path

import pytest

from hindi_stt.audio.tags import id3v2_bytes, is_tail, tag_bytes, untagged_end
from tests.audio.make import RAIN, encoded, id3v1, id3v2

FRAMES = b"\xff\xfb\x90\x64" + bytes(range(1, 250)) * 40


def ape(items: bytes = bytes(40), *, header: bool) -> bytes:
    """An APEv2 tag with its footer; its size counts the items and the footer, never the header."""

    def frame(flags: int) -> bytes:
        return b"APETAGEX" + struct.pack("<III", 2000, 32 + len(items), 0) + struct.pack("<I", flags) + bytes(8)

    if not header:
        return items + frame(0)
    return frame(1 << 31 | 1 << 29) + items + frame(1 << 31)


def lyrics3() -> bytes:
    """Lyrics3 v2.00: the size in six digits counts what stands before it."""
    content = b"LYRICSBEGIN" + b"IND00002" + b"10" + b"LYR00005" + b"hello"
    return content + b"%06d" % len(content) + b"LYRICS200"


TAGS = {
    "ID3v2": id3v2(300),
    "ID3v1": id3v1(),
    "enhanced ID3v1": b"TAG+" + bytes(223),
    "APE": ape(header=True),
    "Lyrics3 v2": lyrics3(),
    "Lyrics3 v1": b"LYRICSBEGIN[00:02]hello\r\nLYRICSEND",
}


@pytest.mark.parametrize("name", TAGS)
def test_a_tag_has_the_length_that_it_states(name: str) -> None:
    tag = TAGS[name]
    assert tag_bytes(tag, 0) == len(tag)
    assert tag_bytes(FRAMES + tag + FRAMES, len(FRAMES)) == len(tag)
    assert tag_bytes(FRAMES + tag, 0) == 0


def test_a_footer_of_ape_alone_is_its_32_bytes() -> None:
    assert tag_bytes(ape(b"", header=False), 0) == 32


@pytest.mark.parametrize(
    "head",
    [
        b"ID3\x04\x00\x00\x00\x00\x01",  # cut off
        b"ID3\xff\x00\x00\x00\x00\x01\x00",  # no version is 255
        b"ID3\x04\x00\x00\x00\x00\x80\x00",  # the size has seven bits a byte
        b"LYRICSBEGIN without an end",
        b"APETAGEX",
    ],
)
def test_what_only_begins_as_a_tag_does(head: bytes) -> None:
    assert tag_bytes(head, 0) == 0


def test_an_id3v2_tag_with_a_footer() -> None:
    tag = bytearray(id3v2(200) + b"3DI" + bytes(7))
    tag[5] |= 0x10
    assert id3v2_bytes(io.BytesIO(bytes(tag) + FRAMES)) == len(tag)


def test_several_tags_before_the_sound() -> None:
    assert id3v2_bytes(io.BytesIO(id3v2(20) + id3v2(3000) + FRAMES)) == len(id3v2(20)) + len(id3v2(3000))
    assert id3v2_bytes(io.BytesIO(FRAMES)) == 0


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(TAGS, 2)))
def test_a_tail_of_tags(first: str, second: str) -> None:
    tail = TAGS[first] + bytes(5) + TAGS[second] + b"\r\n"
    assert is_tail(tail)
    assert not is_tail(tail + b"sound")
    assert not is_tail(b"sound" + tail)


@pytest.mark.parametrize(
    "tail",
    [id3v1(), ape(header=True), ape(header=False), ape(header=True) + id3v1(), bytes(100), bytes(4096) + id3v1()],
    ids=["ID3v1", "APE", "APE without a header", "APE and ID3v1", "zeros", "zeros and ID3v1"],
)
def test_where_the_sound_ends(tail: bytes) -> None:
    content = FRAMES + tail
    assert untagged_end(io.BytesIO(content), len(content)) == len(FRAMES)


def test_zeros_that_may_belong_to_the_last_frame() -> None:
    few, many = FRAMES + bytes(63), FRAMES + bytes(64)
    assert untagged_end(io.BytesIO(few), len(few)) == len(few)
    assert untagged_end(io.BytesIO(many), len(many), zeros=10) == len(FRAMES) + 10


def test_a_file_of_nothing_but_a_tag_that_claims_more() -> None:
    footer = b"APETAGEX" + struct.pack("<IIII", 2000, 10_000, 0, 0) + bytes(8)
    assert untagged_end(io.BytesIO(footer), len(footer)) == len(footer)


def test_the_tags_that_ffmpeg_writes(tmp_path: Path) -> None:
    bare = encoded(RAIN, "-c:a libmp3lame -b:a 64k -write_xing 0 -id3v2_version 0 -f mp3", tmp_path)
    tagged = encoded(
        RAIN,
        "-c:a libmp3lame -b:a 64k -write_xing 0 -id3v2_version 4 -write_id3v1 1 -metadata title=Rain -f mp3",
        tmp_path,
    )
    start, end = id3v2_bytes(io.BytesIO(tagged)), untagged_end(io.BytesIO(tagged), len(tagged))
    assert start > 0
    assert end == len(tagged) - 128
    assert tagged[start:end] == bare
