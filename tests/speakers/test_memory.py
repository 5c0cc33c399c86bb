"""Labels of groups from one grouping to the next."""

from __future__ import annotations

import numpy as np
import pytest

from hindi_stt.speakers.memory import WindowMemory

MODULES_UNDER_TEST = ("hindi_stt/speakers/memory.py",)


def memory(n: int, most_of_one: int = 100, most: int = 100) -> WindowMemory:
    made = WindowMemory(most_of_one, most)
    made.add([np.array([np.cos(i), np.sin(i), 2.0]) for i in range(n)])
    return made


def test_embeddings_are_kept_with_unit_length() -> None:
    assert np.linalg.norm(memory(5).embeddings, axis=1) == pytest.approx(1)


def test_a_group_has_the_label_of_most_of_its_windows_whatever_its_number() -> None:
    found = memory(6)
    assert found.match(np.array([0, 0, 0, 1, 1, 1])) == [0, 1]
    assert found.match(np.array([1, 1, 1, 0, 0, 1])) == [1, 0]
    found.add([np.ones(3)] * 2)
    assert found.match(np.array([0, 0, 0, 1, 1, 0, 2, 2])) == [0, 1, 2]


def test_a_label_is_for_one_group() -> None:
    found = memory(6)
    assert found.match(np.zeros(6, int)) == [0]
    assert found.match(np.array([0, 0, 1, 1, 1, 1])) == [1, 0]


def test_two_who_were_taken_for_one_for_a_while_get_their_labels_back() -> None:
    found = memory(7)
    assert found.match(np.array([0, 0, 0, 0, 1, 1, 1])) == [0, 1]
    assert found.match(np.zeros(7, int)) == [0]
    assert found.match(np.array([1, 1, 1, 1, 0, 0, 0])) == [1, 0]


def test_a_window_that_changes_its_group_does_not_bring_its_label_back() -> None:
    """Else a group that loses windows one by one would lose its label to who gets them."""
    found = memory(9)
    assert found.match(np.array([0] * 5 + [1] * 4)) == [0, 1]
    assert found.match(np.array([0] * 3 + [1] * 6)) == [0, 1]
    assert found.match(np.array([0] * 1 + [1] * 8)) == [0, 1]


def test_the_bounds_are_kept_and_small_groups_stay() -> None:
    found = memory(45, most_of_one=20)
    found.match(np.array([0] * 40 + [1] * 5))
    found.condense()
    assert len(found) == 25
    assert np.linalg.norm(found.embeddings, axis=1) == pytest.approx(1)
    assert found.match(np.array([1] * 20 + [0] * 5)) == [1, 0]


def test_the_oldest_of_too_many_speakers_are_dropped() -> None:
    found = memory(30, most=10)
    newest = found.embeddings[-10:]
    assert found.match(np.arange(30)) == list(range(30))
    found.condense()
    assert (found.embeddings == newest).all()
    assert found.match(np.arange(10)) == list(range(20, 30))
