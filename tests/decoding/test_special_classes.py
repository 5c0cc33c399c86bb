"""Classes without text: the transcript is that of the same path with blanks in their place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindi_stt.decoding import GreedyDecoder
from hindi_stt.decoding.special_classes import SpecialClassDecoder
from hindi_stt.types import LogProbs

TOKENS = ("▁क", "ख", "<pad>", "<unk>", "</s>")
BLANK, UNKNOWN, END = 2, 3, 4
SPECIAL = (UNKNOWN, END)


def log_probs(ids: list[int]) -> LogProbs:
    """A path on which every frame gives its class 0.9 and shares the rest."""
    values = np.full((len(ids), len(TOKENS)), np.log(0.1 / (len(TOKENS) - 1)), np.float32)
    values[np.arange(len(ids)), ids] = np.log(0.9)
    return LogProbs(values, 0.02)


@given(st.lists(st.integers(0, END), max_size=30))
def test_they_count_as_blanks(ids: list[int]) -> None:
    greedy = GreedyDecoder(TOKENS, BLANK)
    found = SpecialClassDecoder(greedy, BLANK, SPECIAL)(log_probs(ids))
    blanks = greedy(log_probs([BLANK if id_ in SPECIAL else id_ for id_ in ids]))
    assert [(token.id, token.start_s, token.end_s) for token in found.tokens] == [
        (token.id, token.start_s, token.end_s) for token in blanks.tokens
    ]
    assert found.score == pytest.approx(blanks.score)


def test_equal_letters_with_one_between_them_are_two() -> None:
    decode = SpecialClassDecoder(GreedyDecoder(TOKENS, BLANK), BLANK, SPECIAL)
    assert decode(log_probs([0, 1, UNKNOWN, 1, END])).text == "कखख"


def test_the_given_values_stay_as_they_are() -> None:
    given_ = log_probs([0, UNKNOWN, 1])
    before = given_.values.copy()
    SpecialClassDecoder(GreedyDecoder(TOKENS, BLANK), BLANK, SPECIAL)(given_)
    np.testing.assert_array_equal(given_.values, before)
