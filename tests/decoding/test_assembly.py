"""Segments of a recording from the hypotheses of its clips, and the join of overlapping clips."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindi_stt.decoding.assembly import Assembly, stitch
from hindi_stt.decoding.paths import words_from_tokens
from hindi_stt.types import Features, Hypothesis, PreparedClip, Segment, Token


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


def test_clips_without_a_common_token_are_joined_at_the_middle() -> None:
    """A word that begins in the left clip is taken from it whole: its rest is looked for in the right one."""
    before, after = stitch(tokens("abcd", 0.0), tokens("xy z", 0.2), 0.25)
    assert [t.piece for t in before] == ["\u2581a", "b", "c", "y"]
    assert [t.piece for t in after] == ["\u2581z"]
    assert before[-2].end_s <= before[-1].start_s


def clip(offset_s: float, duration_s: float, overlap_s: float = 0.0, *, continues: bool = False) -> PreparedClip:
    features = Features(np.zeros((1, 1), np.float32), duration_s)
    return PreparedClip(features, offset_s, overlap_s, continues)


def hypothesis(text: str, start_s: float = 0.0) -> Hypothesis:
    found = tuple(tokens(text, start_s))
    return Hypothesis(found, words_from_tokens(found), 0.0)


def rejected(text: str) -> Hypothesis:
    """What the decoder makes of a clip that it judged to hold no speech."""
    return Hypothesis((), (), 0.0, rejected=hypothesis(text).words)


def texts(segments: list[Segment]) -> list[str]:
    return [segment.text for segment in segments]


def test_clips_between_pauses_are_segments_at_their_places() -> None:
    assembly = Assembly()
    (first,) = assembly.add(clip(0.0, 1.0), hypothesis("ab c"))
    (second,) = assembly.add(clip(1.0, 1.0), hypothesis("d", 0.5))
    assert assembly.end() == []
    assert (first.text, second.text) == ("ab c", "d")
    assert (first.start_s, second.start_s) == pytest.approx((0.0, 1.5))
    assert first.end_s == pytest.approx(0.28)
    assert assembly.warnings == ()


def test_a_clip_without_words_makes_no_segment() -> None:
    assembly = Assembly()
    assert assembly.add(clip(0.0, 1.0), hypothesis("")) == []
    assert assembly.end() == []


def test_a_segment_does_not_begin_before_the_end_of_the_last_one() -> None:
    """A clip's last frame may reach a little into the next clip."""
    assembly = Assembly()
    (first,) = assembly.add(clip(0.0, 0.25), hypothesis("abc"))
    (second,) = assembly.add(clip(0.25, 1.0), hypothesis("d"))
    assert first.end_s == pytest.approx(0.28)
    assert second.start_s == first.end_s
    assert second.start_s <= second.end_s


def test_tokens_wait_for_the_clip_that_overlaps_them() -> None:
    """The clips hear "ab cd ef" up to 0.6 s, and from 0.3 s on; the middle of their overlap is 0.45 s."""
    assembly = Assembly()
    assert assembly.add(clip(0.0, 0.6, continues=True), hypothesis("ab cd ef")) == []
    segments = assembly.add(clip(0.2, 1.0, 0.4), hypothesis("cd ef gh"))
    assert " ".join(texts(segments)) == "ab cd ef gh"
    assert assembly.end() == []


def test_a_recording_may_end_where_another_clip_was_expected() -> None:
    assembly = Assembly()
    assert assembly.add(clip(0.0, 0.6, continues=True), hypothesis("ab cd")) == []
    assert texts(assembly.end()) == ["ab cd"]


def test_what_a_clip_without_speech_overlaps_is_final() -> None:
    assembly = Assembly(finds_speech=True)
    assert assembly.add(clip(0.0, 0.6, continues=True), hypothesis("ab cd")) == []
    assert texts(assembly.add(clip(0.4, 2.0, 0.2, continues=True), rejected("x"))) == ["ab cd"]
    assert texts(assembly.add(clip(2.2, 1.0), hypothesis("ef"))) == ["ef"]
    assert assembly.end() == []
    assert assembly.warnings == ("no_speech_in_part: 1.8 s",)


@pytest.mark.parametrize(
    ("finds_speech", "hypotheses", "expected"),
    [
        (True, [rejected("ab"), rejected("c")], ("no_speech",)),
        (True, [hypothesis("")], ("no_speech",)),
        (True, [], ()),  # there was no sound
        (True, [hypothesis("ab"), rejected("c")], ("no_speech_in_part: 1.5 s",)),
        (True, [hypothesis("ab")], ()),
        (False, [hypothesis("")], ()),
    ],
)
def test_warnings_about_missing_speech(
    finds_speech: bool, hypotheses: list[Hypothesis], expected: tuple[str, ...]
) -> None:
    assembly = Assembly(finds_speech=finds_speech)
    for position, found in enumerate(hypotheses):
        assembly.add(clip(position * 2.0, 1.5), found)
    assembly.end()
    assert assembly.warnings == expected
