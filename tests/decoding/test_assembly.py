"""Joining the tokens of overlapping clips: what must hold for any tokens."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from hindi_stt.decoding.assembly import stitch
from hindi_stt.types import Token


def tokens(text: str, start_s: float) -> list[Token]:
    """A token each 0.1 s: a word mark before letters after a space."""
    pieces = [c for word in text.split() for c in ("\u2581" + word[0], *word[1:])]
    return [
        Token(ord(p[-1]) + 1_000 * len(p), p, start_s + 0.1 * i, start_s + 0.1 * i + 0.08, 1.0)
        for i, p in enumerate(pieces)
    ]


@given(st.text("abc ", min_size=1, max_size=60), st.data())
def test_stitching_agreeing_clips_gives_the_whole(text: str, data: st.DataObject) -> None:
    whole = tokens(text, 0.0)
    if not whole:
        return
    start = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(start + 1, len(whole)))
    before, after = stitch(whole[:end], whole[start:], (whole[start].start_s + whole[end - 1].end_s) / 2)
    assert [t.piece for t in before + after] == [t.piece for t in whole]
    assert not after or after[0].piece.startswith("\u2581")


@given(st.text("abc ", max_size=40), st.text("abc ", max_size=40), st.floats(0, 4))
def test_stitching_anything_keeps_time(left: str, right: str, start_s: float) -> None:
    before, after = stitch(tokens(left, 0.0), tokens(right, start_s), start_s + 0.5)
    joined = before + after
    assert all(a.start_s <= b.start_s for a, b in itertools.pairwise(joined))
    assert all(t.start_s <= t.end_s for t in joined)
