"""Some parts of a file, read as a file: the same as the parts put behind each other."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindi_stt.audio.byte_ranges import ByteRanges, Overlaid

CONTENT = bytes(range(256)) * 4
RANGES = st.lists(
    st.tuples(st.integers(0, len(CONTENT)), st.integers(0, 300)).map(lambda r: (r[0], min(len(CONTENT), sum(r)))),
    max_size=5,
)


def joined(ranges: list[tuple[int, int]]) -> bytes:
    return b"".join(CONTENT[start:end] for start, end in ranges)


@given(RANGES, st.lists(st.tuples(st.integers(0, 1200), st.integers(0, 400)), max_size=6))
def test_as_the_concatenated_parts(ranges: list[tuple[int, int]], reads: list[tuple[int, int]]) -> None:
    found, wanted = io.BufferedReader(ByteRanges(io.BytesIO(CONTENT), ranges)), io.BytesIO(joined(ranges))
    for position, n in reads:
        assert found.seek(position) == wanted.seek(position)
        assert found.read(n) == wanted.read(n)
        assert found.tell() == wanted.tell()
    found.seek(0)
    assert found.read() == wanted.getvalue()


def test_seeking_from_here_and_from_the_end() -> None:
    file = ByteRanges(io.BytesIO(CONTENT), [(10, 20), (40, 50)])
    assert file.seekable()
    assert file.readable()
    assert file.seek(-4, io.SEEK_END) == 16
    assert file.read(10) == CONTENT[46:50]
    assert file.seek(-15, io.SEEK_CUR) == 5
    assert file.read(5) == CONTENT[15:20]
    with pytest.raises(ValueError, match="before the beginning"):
        file.seek(-1)


def test_a_last_part_that_ends_behind_the_file() -> None:
    file = ByteRanges(io.BytesIO(CONTENT), [(0, 3), (len(CONTENT) - 3, len(CONTENT) + 100)])
    assert io.BufferedReader(file).read() == CONTENT[:3] + CONTENT[-3:]


def test_an_empty_read_gives_nothing() -> None:
    assert ByteRanges(io.BytesIO(CONTENT), [(0, 3)]).readinto(bytearray()) == 0


@given(st.integers(0, 99), st.binary(min_size=1, max_size=40), st.integers(1, 50))
def test_replaced_bytes_are_read_in_parts_of_any_size(position: int, replacement: bytes, size: int) -> None:
    start, end = 100, 200
    wanted = bytearray(CONTENT[start:end])
    n = min(len(replacement), len(wanted) - position)
    wanted[position : position + n] = replacement[:n]
    file = Overlaid(io.BytesIO(CONTENT), start, end, position, replacement)
    assert b"".join(iter(lambda: file.read(size), b"")) == bytes(wanted)
