"""Pieces, words and turns, from likeness that is given."""

from __future__ import annotations

import numpy as np
import pytest

from hindi_stt.speakers.turns import Piece, Stretch, Window, find_turns, groups_of_words, pieces_of
from hindi_stt.types import Word

MODULES_UNDER_TEST = ("hindi_stt/speakers/turns.py",)


def stretch(start_s: float, end_s: float, n: int) -> Stretch:
    """A stretch with n windows of 1.5 s, evenly spread."""
    firsts = np.linspace(start_s, max(start_s, end_s - 1.5), n)
    windows = [Window(float(first), min(end_s, float(first) + 1.5), np.zeros(2, np.float32)) for first in firsts]
    return Stretch(start_s, end_s, tuple(windows), has_words=True)


def like(groups: str) -> np.ndarray:
    """Likeness of windows to two groups, of which each is most like the one that its letter names."""
    return np.array([[0.9, 0.1] if group == "a" else [0.2, 0.8] for group in groups], np.float32)


def word(start_s: float, end_s: float) -> Word:
    return Word("x", start_s, end_s, 1.0)


def test_a_short_stretch_has_the_speaker_that_it_is_most_like_as_a_whole() -> None:
    assert pieces_of([stretch(1.0, 3.5, 3)], [like("abb")]) == [Piece(1.0, 3.5, 1)]


def test_a_long_stretch_is_divided_between_its_windows() -> None:
    first, second = pieces_of([stretch(0.0, 6.0, 7)], [like("aaaabbb")])
    assert (first.group, second.group) == (0, 1)
    assert (first.start_s, second.end_s) == (0.0, 6.0)
    assert first.end_s == second.start_s == pytest.approx(3.375)  # between the middles of the windows at 2.25 and 3.0


def test_one_window_between_two_of_another_group_is_of_that_group() -> None:
    assert pieces_of([stretch(0.0, 6.0, 7)], [like("aaabaaa")]) == [Piece(0.0, 6.0, 0)]


def test_words_are_of_the_piece_that_most_of_them_is_in() -> None:
    pieces = [Piece(0.0, 1.0, 0), Piece(1.0, 5.0, 1), Piece(2.0, 2.5, 0)]
    words = [word(0.1, 0.6), word(0.7, 1.2), word(0.9, 1.6), word(4.0, 4.5), word(7.0, 7.5)]
    assert groups_of_words(words, pieces) == [0, 0, 1, 1, 1]
    assert groups_of_words(words, []) == [0] * 5


def test_a_moment_of_another_speaker_in_the_midst_of_words_is_none() -> None:
    pieces = [Piece(0.0, 1.0, 0), Piece(1.0, 1.2, 1), Piece(1.2, 3.0, 0)]
    assert groups_of_words([word(0.5, 0.95), word(1.0, 1.2), word(1.25, 1.6)], pieces) == [0, 0, 0]
    # After a pause it is an answer.
    pieces = [Piece(0.0, 1.0, 0), Piece(1.4, 1.6, 1), Piece(2.0, 3.0, 0)]
    assert groups_of_words([word(0.5, 0.95), word(1.4, 1.6), word(2.1, 2.6)], pieces) == [0, 1, 0]


def test_turns_end_with_words_and_go_on_over_short_pauses() -> None:
    pieces = [Piece(0.0, 1.0, 0), Piece(1.2, 2.0, 0), Piece(2.0, 3.0, 1), Piece(4.0, 5.0, 1)]
    found = find_turns(pieces, [word(1.8, 2.3)], [0], [])
    assert [group for *_, group in found] == [0, 1, 1]
    assert [time_s for turn in found for time_s in turn[:2]] == pytest.approx([0.0, 2.3, 2.3, 3.0, 4.0, 5.0])


def test_the_time_of_a_long_word_does_not_count() -> None:
    found = find_turns([Piece(0.0, 2.0, 0), Piece(2.0, 4.0, 1)], [word(1.0, 3.5)], [0], [])
    assert found == [(0.0, pytest.approx(2.0), 0), (pytest.approx(2.0), pytest.approx(4.0), 1)]


def test_words_outside_all_pieces_are_turns() -> None:
    assert find_turns([], [word(1.0, 1.5)], [0], []) == [(pytest.approx(1.0), pytest.approx(1.5), 0)]
    assert find_turns([], [], [], []) == []


def test_where_two_speak_at_a_time_both_have_a_turn() -> None:
    pieces = [Piece(0.0, 2.0, 0), Piece(2.0, 4.0, 1), Piece(9.0, 10.0, 0)]
    found = find_turns(pieces, [], [], [(1.6, 2.2)])
    assert found == [
        (0.0, pytest.approx(2.2), 0),
        (pytest.approx(1.6), pytest.approx(4.0), 1),
        (pytest.approx(9.0), pytest.approx(10.0), 0),
    ]
    # The nearest other speaker, where all of it is one's; nobody, where none is near.
    assert find_turns(pieces, [], [], [(1.2, 1.5)])[1] == (pytest.approx(1.2), pytest.approx(1.5), 1)
    assert len(find_turns(pieces, [], [], [(9.4, 9.6)])) == 3
