"""Where Matroska files end: those that FFmpeg writes, complete and live, and elements put together by RFC 8794."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from hindi_stt.audio.ebml import elements_end
from tests.audio.make import RAIN, encoded

UNKNOWN = b"\x01" + b"\xff" * 7
EBML, SEGMENT, CLUSTER = bytes.fromhex("1A45DFA3"), bytes.fromhex("18538067"), bytes.fromhex("1F43B675")
TIMESTAMP, SIMPLE_BLOCK, CUES = b"\xe7", b"\xa3", bytes.fromhex("1C53BB6B")


def element(identifier: bytes, content: bytes = b"") -> bytes:
    return identifier + (0x4000 | len(content)).to_bytes(2, "big") + content


def end_of(content: bytes, start: int = 0) -> int:
    return elements_end(io.BytesIO(content), start, len(content))


HEADER = element(EBML, b"\x42\x82\x84webm")
BLOCKS = element(TIMESTAMP, b"\0") + element(SIMPLE_BLOCK, bytes(300)) * 3
LIVE = HEADER + SEGMENT + UNKNOWN + (CLUSTER + UNKNOWN + BLOCKS) * 2


@pytest.mark.parametrize("piped", [True, False], ids=["live", "complete"])
@pytest.mark.parametrize("behind", [b"", b"\0" * 50, b"junk", "another"], ids=["nothing", "zeros", "text", "another"])
def test_what_ffmpeg_writes(tmp_path: Path, behind: bytes | str, piped: bool) -> None:
    content = encoded(RAIN, "-c:a libopus -f webm", tmp_path, piped=piped)
    assert end_of(content + (content if isinstance(behind, str) else behind)) == len(content)


def test_it_may_begin_anywhere(tmp_path: Path) -> None:
    content = encoded(RAIN, "-c:a libopus -f matroska", tmp_path, piped=True)
    assert end_of(b"before" + content + b"\0behind", 6) == 6 + len(content)


@pytest.mark.parametrize("behind", [b"", element(CUES, bytes(20))], ids=["clusters", "an index behind them"])
def test_segments_and_clusters_without_a_length(behind: bytes) -> None:
    content = LIVE + behind
    assert end_of(content) == len(content)
    assert end_of(content + HEADER + SEGMENT) == len(content)


def test_a_segment_that_states_its_length() -> None:
    content = HEADER + element(SEGMENT, element(CLUSTER, BLOCKS))
    assert end_of(content + element(TIMESTAMP, b"\0")) == len(content)


def test_a_file_that_was_cut_off_ends_with_itself() -> None:
    for n in range(len(LIVE) - 290, len(LIVE)):
        assert end_of(LIVE[:n]) == n, "within the content of the last block"


def test_damage_ends_the_elements() -> None:
    assert end_of(LIVE + b"\xa3") == len(LIVE), "an identifier without a length"
    assert end_of(LIVE + b"\xa3\x00" + bytes(50)) == len(LIVE), "a length of more than eight bytes"
    assert end_of(LIVE + SIMPLE_BLOCK + UNKNOWN + bytes(50)) == len(LIVE), "only segments and clusters may be endless"
    assert end_of(b"RIFF") == 0
