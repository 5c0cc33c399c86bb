"""Marks of recognised words against those of the text that was spoken: alignment, F1, intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

KINDS = ("end", "danda", "question", "comma")
RESAMPLES = 1000
_OF_MARK = {",": ("comma",), "।": ("end", "danda"), "?": ("end", "question")}


@dataclass(frozen=True)
class F1:
    """F1 in percent with its 95 % interval over resampled paragraphs; `n`: marks in the text."""

    value: float
    low: float
    high: float
    n: int


def aligned(reference: Sequence[str], recognised: Sequence[str]) -> list[int | None]:
    """For each recognised word the number of the word of the text that it stands for; None for an inserted one."""
    found: list[int | None] = [None] * len(recognised)
    for step in Levenshtein.opcodes(reference, recognised):
        if step.tag in {"equal", "replace"}:
            for k in range(step.dest_end - step.dest_start):
                found[step.dest_start + k] = step.src_start + k
    return found


def on_reference(marks: Sequence[str], places: Sequence[int | None], n_words: int) -> list[str]:
    """The marks of recognised words, each behind its word of the text.

    A mark behind an inserted word belongs to the word before it.

    Args:
        marks: Behind the recognised words.
        places: As `aligned` returns them.
        n_words: Words of the text.

    Returns:
        Marks behind the words of the text, "" for none.
    """
    result = [""] * n_words
    place = 0
    for mark, found in zip(marks, places, strict=True):
        place = place if found is None else found
        result[place] = mark or result[place]
    return result


def without_lost_words(marks: Sequence[str], places: Sequence[int | None]) -> list[str]:
    """The marks of the text, those of words that were not recognised moved to the recognised word before them."""
    heard = {place for place in places if place is not None}
    result = [""] * len(marks)
    place = 0
    for i, mark in enumerate(marks):
        place = i if i in heard else place
        result[place] = mark or result[place]
    return result


def counts(found: Sequence[str], right: Sequence[str]) -> NDArray[np.int64]:
    """Counts the marks of one paragraph, its last position left out: int64 [kinds, (hits, found, right)]."""
    table = np.zeros((len(KINDS), 3), np.int64)
    for mark, truth in zip(found[:-1], right[:-1], strict=True):
        kinds, true_kinds = _OF_MARK.get(mark, ()), _OF_MARK.get(truth, ())
        for number, kind in enumerate(KINDS):
            table[number] += (kind in kinds and kind in true_kinds, kind in kinds, kind in true_kinds)
    return table


def f1(tables: Sequence[NDArray[np.int64]], seed: int = 0) -> Mapping[str, F1]:
    """F1 by kind over paragraphs.

    Args:
        tables: Of `counts`, at least one.
        seed: Of the resampling.

    Returns:
        By the names of `KINDS`.
    """
    every = np.stack(tables).astype(float)
    picks = np.random.default_rng(seed).integers(0, len(every), (RESAMPLES, len(every)))
    sums = np.stack([every[pick].sum(axis=0) for pick in picks])
    low, high = np.percentile(_f1(sums), [2.5, 97.5], axis=0)
    total = every.sum(axis=0)
    return {
        kind: F1(float(_f1(total)[k]), float(low[k]), float(high[k]), int(total[k, 2])) for k, kind in enumerate(KINDS)
    }


def _f1(table: NDArray[np.float64]) -> NDArray[np.float64]:
    return 200 * table[..., 0] / np.maximum(1, table[..., 1] + table[..., 2])
