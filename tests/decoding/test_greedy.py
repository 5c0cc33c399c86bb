"""Greedy CTC against its definition, and against a recorded output of the real model."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindi_stt.bundle.manifest import OnsetSpec
from hindi_stt.decoding import GreedyDecoder
from hindi_stt.decoding.emission_delay import with_onsets
from hindi_stt.decoding.paths import words_from_tokens
from hindi_stt.types import LogProbs, Token

MODULES_UNDER_TEST = (
    "hindi_stt/decoding/decoders.py",
    "hindi_stt/decoding/emission_delay.py",
    "hindi_stt/decoding/vocabulary.py",
)

TOKENS = ("▁क", "ख", "ग", "▁", "<unk>", "<blk>")
BLANK = 5
SHIFT_S = 0.04


def log_probs(ids: list[int], n_classes: int, p: float = 0.9) -> LogProbs:
    """A path on which every frame gives its class the probability p and shares the rest."""
    values = np.full((len(ids), n_classes), np.log((1 - p) / (n_classes - 1)), np.float32)
    values[np.arange(len(ids)), ids] = np.log(p)
    return LogProbs(values, SHIFT_S)


@given(st.lists(st.integers(0, BLANK), max_size=40))
def test_collapses_as_ctc_is_defined(ids: list[int]) -> None:
    expected = [k for k, _ in itertools.groupby(ids) if k != BLANK]
    hypothesis = GreedyDecoder(TOKENS, BLANK)(log_probs(ids, 6))
    assert [token.id for token in hypothesis.tokens] == expected
    assert hypothesis.score == pytest.approx(len(ids) * np.log(0.9), abs=1e-4)


@given(st.lists(st.integers(0, BLANK), min_size=1, max_size=40))
def test_times_and_confidences_hold(ids: list[int]) -> None:
    hypothesis = GreedyDecoder(TOKENS, BLANK)(log_probs(ids, 6))
    runs = [(k, list(run)) for k, run in itertools.groupby(enumerate(ids), key=lambda pair: pair[1])]
    spans = [(run[0][0] * SHIFT_S, (run[-1][0] + 1) * SHIFT_S) for k, run in runs if k != BLANK]
    found = np.array([(token.start_s, token.end_s) for token in hypothesis.tokens])
    np.testing.assert_allclose(found.ravel(), np.array(spans).ravel())
    for word, following in itertools.pairwise(hypothesis.words):
        assert word.start_s < word.end_s <= following.start_s
    for token in hypothesis.tokens:
        assert token.confidence == pytest.approx((6 * 0.9 - 1) / 5, abs=1e-5)


def test_a_uniform_guess_has_no_confidence_and_certainty_has_all() -> None:
    uniform = LogProbs(np.full((3, 6), np.log(1 / 6), np.float32), SHIFT_S)
    assert GreedyDecoder(TOKENS, BLANK)(uniform).words[0].confidence == pytest.approx(0, abs=1e-6)
    sure = log_probs([0], 6, p=1 - 1e-7)
    assert GreedyDecoder(TOKENS, BLANK)(sure).words[0].confidence == pytest.approx(1, abs=1e-5)


def test_the_weakest_frame_is_the_words_confidence() -> None:
    values = np.concatenate([log_probs([0], 6, 0.9).values, log_probs([1], 6, 0.5).values])
    (word,) = GreedyDecoder(TOKENS, BLANK)(LogProbs(values, SHIFT_S)).words
    assert word.text == "कख"
    assert word.confidence == pytest.approx((6 * 0.5 - 1) / 5, abs=1e-5)


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        (["▁क", "ख"], ["कख"]),
        (["ख", "▁क"], ["ख", "क"]),
        (["▁", "ख", "▁", "▁क"], ["ख", "क"]),
        (["▁क", "<unk>", "ख"], ["क", "⁇", "ख"]),
        (["▁"], []),
        ([], []),
    ],
)
def test_words_begin_at_marks(pieces: list[str], words: list[str]) -> None:
    tokens = [Token(0, piece, i * 0.1, i * 0.1 + 0.05, 0.5) for i, piece in enumerate(pieces)]
    assert [word.text for word in words_from_tokens(tokens)] == words


@given(st.lists(st.integers(0, BLANK), min_size=1, max_size=40), st.floats(0, 0.2), st.floats(0, 0.2))
def test_tokens_begin_by_the_models_lag_earlier(ids: list[int], first_s: float, further_s: float) -> None:
    pieces = ("▁क", "खि", "ग", "▁", "नहीं", "<blk>")
    tokens = GreedyDecoder(pieces, BLANK)(log_probs(ids, 6)).tokens
    moved = with_onsets(tokens, OnsetSpec(first_letter_s=first_s, further_letter_s=further_s))
    assert [(token.id, token.end_s) for token in moved] == [(token.id, token.end_s) for token in tokens]
    before_s = 0.0
    for token, was in zip(moved, tokens, strict=True):
        lag_s = {"▁": 0.0, "खि": first_s + further_s, "नहीं": first_s + 3 * further_s}.get(token.piece, first_s)
        assert token.start_s == pytest.approx(max(before_s, was.start_s - lag_s))
        before_s = token.end_s
    assert with_onsets(tokens, OnsetSpec()) == tokens


def test_no_frames() -> None:
    assert GreedyDecoder(TOKENS, BLANK)(LogProbs(np.empty((0, 6), np.float32), SHIFT_S)).text == ""


def test_the_real_models_recorded_output() -> None:
    folder = os.environ.get("HINDI_STT_TEST_MODEL")
    if not folder:
        pytest.skip("HINDI_STT_TEST_MODEL names no folder with vocab.txt and decode_example.json")
    example = json.loads((Path(folder) / "decode_example.json").read_text(encoding="utf-8"))
    pieces = (Path(folder) / "vocab.txt").read_text(encoding="utf-8").split("\n")[: example["blank_id"]]
    decoder = GreedyDecoder([*pieces, "<blk>"], example["blank_id"])
    assert decoder(log_probs(example["frame_ids"], len(pieces) + 1)).text == example["text"]
