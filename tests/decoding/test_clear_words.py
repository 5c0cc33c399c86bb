"""Unknown words that the best path writes clearly cost less, where the language model says so."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from hindi_stt.decoding import BeamDecoder, BeamLimits
from hindi_stt.decoding.clear_words import clear_words
from hindi_stt.decoding.ngram import NGramModel
from hindi_stt.decoding.vocabulary import Vocabulary
from hindi_stt.lm.estimate import estimate
from hindi_stt.types import LogProbs

MODULES_UNDER_TEST = ("hindi_stt/decoding/clear_words.py",)

TOKENS = ("▁कम", "ला", "नी", "▁घर", "<blk>")
BLANK = 4
VOCABULARY = Vocabulary(TOKENS, BLANK)
UNPRUNED = BeamLimits(width=10_000, token_floor=-math.inf, margin=math.inf)
LETTERS_OF_A_CLEAR_WORD = 4


def model(clear_unknown: float | None) -> NGramModel:
    made = NGramModel(estimate([["कमला", "घर"], ["घर", "कमला"], ["घर"]], 2).with_weights(0.5, 0.5, -8.0))
    made.clear_unknown = clear_unknown
    return made


def clip(*frames: dict[int, float]) -> LogProbs:
    """The given probabilities; what is left of each frame is shared by the other classes."""
    values = np.empty((len(frames), len(TOKENS)))
    for frame, given in enumerate(frames):
        values[frame] = (1 - sum(given.values())) / (len(TOKENS) - len(given))
        for class_, probability in given.items():
            values[frame, class_] = probability
    return LogProbs(np.log(values).astype(np.float32), 0.04)


CLEAR = clip({0: 0.97}, {2: 0.8, 1: 0.18}, {BLANK: 0.97}, {3: 0.97})  # कमनी घर, with कमला 1.5 behind
DOUBTFUL = clip({0: 0.97}, {2: 0.45, 1: 0.4}, {BLANK: 0.97}, {3: 0.97})


def test_words_with_confidence_and_four_letters() -> None:
    found = clear_words(CLEAR, VOCABULARY)
    assert found.words == {"कमनी"}
    assert found.beginnings == {"क", "कम", "कमन", "कमनी"}
    assert not clear_words(DOUBTFUL, VOCABULARY).words
    assert not clear_words(LogProbs(np.empty((0, 5), np.float32), 0.04), VOCABULARY).words


def test_a_clear_word_stays_at_its_own_price() -> None:
    assert BeamDecoder(VOCABULARY)(CLEAR).text == "कमनी घर"
    assert BeamDecoder(VOCABULARY, language_model=model(None))(CLEAR).text == "कमला घर"
    assert BeamDecoder(VOCABULARY, language_model=model(-0.5))(CLEAR).text == "कमनी घर"


def test_a_doubtful_word_has_the_price_of_others() -> None:
    assert BeamDecoder(VOCABULARY)(DOUBTFUL).text == "कमनी घर"
    assert BeamDecoder(VOCABULARY, language_model=model(-0.5))(DOUBTFUL).text == "कमला घर"


@pytest.mark.parametrize("seed", range(12))
def test_the_best_of_every_path(seed: int) -> None:
    """The score straight from its definition, over all paths of five frames."""
    logits = np.random.default_rng(seed).standard_normal((5, len(TOKENS))) * 6
    values = (logits - np.log(np.exp(logits).sum(1, keepdims=True))).astype(np.float32)
    scorer = model(-1.0)
    greedy = text_of(tuple(values.argmax(axis=1).tolist()))
    clear = clear_words(LogProbs(values, 0.04), VOCABULARY).words
    assert all(word in greedy.split() and len(word) >= LETTERS_OF_A_CLEAR_WORD for word in clear)
    best = -math.inf
    for path in itertools.product(range(len(TOKENS)), repeat=len(values)):
        state, score = scorer.start, float(values[np.arange(len(values)), path].sum())
        for word in text_of(path).split():
            log_p, state, known = scorer.score(state, word)
            score += 0.5 * log_p + 0.5 + (0.0 if known else -1.0 if word in clear else -8.0)
        best = max(best, score + 0.5 * scorer.end(state))
    found = BeamDecoder(VOCABULARY, language_model=scorer, limits=UNPRUNED)(LogProbs(values, 0.04))
    assert found.score == pytest.approx(best, abs=1e-3)


def text_of(path: tuple[int, ...]) -> str:
    pieces = [TOKENS[class_] for class_, _ in itertools.groupby(path) if class_ != BLANK]
    return " ".join("".join(pieces).replace("▁", " ").split())
