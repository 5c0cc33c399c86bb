"""Interpolated modified Kneser-Ney estimation of n-gram models, in NumPy.

Sources: Chen and Goodman, "An Empirical Study of Smoothing Techniques for Language Modeling" (1998), section 3;
Heafield et al., "Scalable Modified Kneser-Ney Language Model Estimation" (2013), whose conventions are followed: <s> is
never predicted, the unigrams are interpolated with a uniform distribution over all words, </s> and <unk>.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hindi_stt.decoding.arpa import first_child_of
from hindi_stt.decoding.ngram import NGrams

__all__ = ["estimate"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_UNKNOWN, _START, _END = 0, 1, 2
# KenLM's fallback for corpora too small or too regular to estimate discounts from.
FALLBACK_DISCOUNTS: Final = (0.5, 1.0, 1.5)


@dataclass(frozen=True, slots=True)
class _Level:
    """All n-grams of one order, in order of (parent, word).

    Attributes:
        parent: Position in the level below of the n-gram without its last word.
        word: Its last word.
        suffix: Position in the level below of the n-gram without its first word.
        count: How often it occurs.
        from_start: Whether it begins with <s>.
        at: For each token of the corpus, the n-gram that ends there, or −1.
    """

    parent: Ints
    word: Ints
    suffix: Ints
    count: Ints
    from_start: NDArray[np.bool_]
    at: Ints


def estimate(sentences: Iterable[Sequence[str]], order: int, vocabulary: Iterable[str] = ()) -> NGrams:
    """Estimate an n-gram model; see the module for the method.

    Args:
        sentences: Words of each sentence.
        order: Words in the longest n-gram.
        vocabulary: Further words that the model knows; those that no sentence contains are as probable as <unk>.

    Returns:
        The model.

    Raises:
        ValueError: There is no word.
    """
    words, tokens = _tokens(sentences, vocabulary)
    levels = _levels(tokens, len(words), order)
    adjusted = [
        np.where(below.from_start, below.count, np.bincount(above.suffix, minlength=len(below.count)))
        for below, above in itertools.pairwise(levels)
    ]
    adjusted.append(levels[-1].count)
    probs = _unigrams(levels[0], adjusted[0])
    all_probs, all_backoffs = [probs], []
    for level, counts, below in zip(levels[1:], adjusted[1:], levels, strict=False):
        fresh, gamma = _discounted(level.parent, counts, len(below.word), counts)
        probs = fresh + gamma[level.parent] * probs[level.suffix]
        all_probs.append(probs)
        all_backoffs.append(gamma)
    all_backoffs.append(np.ones(len(levels[-1].word)))
    return _assemble(words, levels, all_probs, all_backoffs)


def _tokens(sentences: Iterable[Sequence[str]], vocabulary: Iterable[str]) -> tuple[tuple[str, ...], Ints]:
    """The words, and the corpus as their ids, <s> before and </s> after each sentence."""
    ids = {"<unk>": _UNKNOWN, "<s>": _START, "</s>": _END}
    tokens: list[int] = []
    for sentence in sentences:
        if sentence:
            tokens += [_START, *(ids.setdefault(word, len(ids)) for word in sentence), _END]
    if not tokens:
        raise ValueError("no words to build a language model from")
    for word in vocabulary:
        ids.setdefault(word, len(ids))
    return tuple(ids), np.array(tokens, np.int64)


def _levels(tokens: Ints, n_words: int, order: int) -> list[_Level]:
    everything = np.arange(n_words)
    first = _Level(
        np.zeros(n_words, np.int64),
        everything,
        np.zeros(n_words, np.int64),
        np.bincount(tokens, minlength=n_words),
        everything == _START,
        tokens,
    )
    levels = [first]
    # An n-gram lies in one sentence: it may end in </s>, but not go on to the next <s>.
    same_sentence = tokens != _START
    for _ in range(1, order):
        below = levels[-1]
        at = np.full(len(tokens), -1, np.int64)
        ends = np.flatnonzero(same_sentence & (np.append(-1, below.at[:-1]) >= 0))
        keys = below.at[ends - 1] * n_words + tokens[ends]
        if not len(keys):
            break
        unique, where, inverse, count = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
        at[ends] = inverse
        parent, word = np.divmod(unique, n_words)
        levels.append(_Level(parent, word, below.at[ends[where]], count, below.from_start[parent], at))
    return levels


def _discounts(counts: Ints) -> tuple[float, float, float]:
    """D1, D2, D3+ from how many n-grams occur once to four times (Chen and Goodman, equation 26)."""
    t1, t2, t3, t4 = (int((counts == k).sum()) for k in (1, 2, 3, 4))
    if not (t1 and t2 and t3):
        return FALLBACK_DISCOUNTS
    y = t1 / (t1 + 2 * t2)
    d1, d2, d3 = 1 - 2 * y * t2 / t1, 2 - 3 * y * t3 / t2, 3 - 4 * y * t4 / t3
    return (d1, d2, d3) if 0 <= d1 <= 1 and 0 <= d2 <= 2 and 0 <= d3 <= 3 else FALLBACK_DISCOUNTS


def _discounted(context: Ints, counts: Ints, n_contexts: int, for_discounts: Ints) -> tuple[Floats, Floats]:
    """Each n-gram's discounted share of its context, and the mass that each context leaves to shorter ones."""
    by_count = np.array([0.0, *_discounts(for_discounts)])
    discount = by_count[np.minimum(counts, 3)]
    total = np.bincount(context, counts, n_contexts)
    left = np.bincount(context, discount, n_contexts)
    gamma = np.divide(left, total, out=np.ones(n_contexts), where=total > 0)
    return np.maximum(counts - discount, 0) / np.where(total > 0, total, 1)[context], gamma


def _unigrams(level: _Level, counts: Ints) -> Floats:
    counts = np.where(level.word == _START, 0, counts)
    fresh, gamma = _discounted(level.parent, counts, 1, counts[counts > 0])
    probs: Floats = fresh + gamma[0] / (len(counts) - 1)
    probs[_START] = 1  # never predicted; the form asks for some value
    return probs


def _assemble(words: tuple[str, ...], levels: list[_Level], probs: list[Floats], backoffs: list[Floats]) -> NGrams:
    offsets = np.cumsum([1, *(len(level.word) for level in levels)])
    below = [0, *offsets[:-1]]
    parents = np.concatenate([level.parent + start for level, start in zip(levels, below, strict=False)])
    suffix = np.concatenate([level.suffix + start for level, start in zip(levels, below, strict=False)])

    def log10(values: list[Floats]) -> NDArray[Any]:
        return np.concatenate([[0.0], *map(np.log10, values)]).astype(np.float32)

    return NGrams(
        words,
        first_child_of(parents, len(parents) + 1),
        np.concatenate([[-1], *(level.word for level in levels)]).astype(np.int32),
        log10(probs),
        log10(backoffs),
        np.concatenate([[0], suffix]).astype(np.int32),
        len(levels),
    )
