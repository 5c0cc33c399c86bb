"""Corpus word and character error rates (by jiwer), with bootstrap intervals, and the paired comparison of two runs.

A corpus rate is all errors over all reference words, not a mean of rates. Intervals resample whole utterances (Bisani
and Ney, 2004): words of one clip stand or fall together.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import jiwer
import numpy as np
from numpy.typing import NDArray

from hindi_stt.evaluation.normalise import Form, apply_form

__all__ = ["Comparison", "ErrorRate", "compare", "confusions", "error_rate", "holm"]

N_SAMPLES: Final = 2000
CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """Error rates of a corpus.

    Attributes:
        form: Form in which the texts were compared.
        wer: Word error rate, as a fraction.
        wer_interval: Its 95 % bootstrap interval.
        cer: Character error rate, as a fraction.
        cer_interval: Its 95 % bootstrap interval.
        n_utterances: Number of references.
        n_words: Words in the references.
        errors: Substitutions, deletions and insertions of words.
    """

    form: Form
    wer: float
    wer_interval: tuple[float, float]
    cer: float
    cer_interval: tuple[float, float]
    n_utterances: int
    n_words: int
    errors: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Run B compared with run A on the same utterances.

    Attributes:
        form: Form in which the texts were compared.
        delta_wer: Word error rate of B minus that of A, as a fraction.
        interval: Its 95 % paired bootstrap interval.
        p_worse: Share of resamplings in which B is worse.
        p_value: Two-sided: twice the smaller share of resamplings in which B is at least as good, or at least as bad.
    """

    form: Form
    delta_wer: float
    interval: tuple[float, float]
    p_worse: float
    p_value: float = 1.0


@dataclass(frozen=True, slots=True)
class _Counts:
    """Per utterance: word errors, words, character errors, characters."""

    word_errors: NDArray[np.int64]
    words: NDArray[np.int64]
    char_errors: NDArray[np.int64]
    chars: NDArray[np.int64]
    kinds: tuple[int, int, int]


def error_rate(references: Sequence[str], hypotheses: Sequence[str], form: Form, *, seed: int = 0) -> ErrorRate:
    """Compute the error rates of a corpus with bootstrap intervals over utterances.

    Args:
        references: The texts that were spoken.
        hypotheses: The recognised texts, in the same order.
        form: Form in which the texts are compared.
        seed: Seed of the resampling.

    Returns:
        The error rates.

    Raises:
        ValueError: The lists differ in length, or no reference has a word.
    """
    counts = _count(references, hypotheses, form)
    samples = _resample(len(counts.words), seed)
    return ErrorRate(
        form=form,
        wer=_rate(counts.word_errors, counts.words),
        wer_interval=_interval(counts.word_errors[samples].sum(1) / np.maximum(counts.words[samples].sum(1), 1)),
        cer=_rate(counts.char_errors, counts.chars),
        cer_interval=_interval(counts.char_errors[samples].sum(1) / np.maximum(counts.chars[samples].sum(1), 1)),
        n_utterances=len(counts.words),
        n_words=int(counts.words.sum()),
        errors=counts.kinds,
    )


def compare(
    references: Sequence[str], run_a: Sequence[str], run_b: Sequence[str], form: Form, *, seed: int = 0
) -> Comparison:
    """Compare the word error rates of two runs with a paired bootstrap over utterances.

    Args:
        references: The texts that were spoken.
        run_a: Texts of the first run, in the same order.
        run_b: Texts of the second run, in the same order.
        form: Form in which the texts are compared.
        seed: Seed of the resampling.

    Returns:
        B compared with A.
    """
    a, b = _count(references, run_a, form), _count(references, run_b, form)
    samples = _resample(len(a.words), seed)
    words = np.maximum(a.words[samples].sum(1), 1)
    deltas = (b.word_errors - a.word_errors)[samples].sum(1) / words
    delta = _rate(b.word_errors, b.words) - _rate(a.word_errors, a.words)
    p_value = 2 * min(float((deltas <= 0).mean()), float((deltas >= 0).mean()))
    return Comparison(form, delta, _interval(deltas), float((deltas > 0).mean()), min(1.0, p_value))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values of several comparisons, so that the chance of any false difference stays what it is for one.

    Source: Holm, A simple sequentially rejective multiple test procedure, 1979.

    Args:
        p_values: One per comparison.

    Returns:
        The adjusted p-values, in the same order, at most 1.
    """
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, (len(p_values) - rank) * p_values[i])
        adjusted[i] = min(1.0, largest)
    return adjusted


def confusions(references: Sequence[str], hypotheses: Sequence[str], form: Form) -> list[tuple[str, str, int]]:
    """Count which words were recognised as which.

    Args:
        references: The texts that were spoken.
        hypotheses: The recognised texts, in the same order.
        form: Form in which the texts are compared.

    Returns:
        (spoken, recognised, count), most frequent first; "" stands for a missing or an inserted word.
    """
    found: Counter[tuple[str, str]] = Counter()
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        spoken, recognised = apply_form(reference, form).split(), apply_form(hypothesis, form).split()
        for part in jiwer.process_words(" ".join(spoken), " ".join(recognised)).alignments[0] if spoken else ():
            if part.type == "equal":
                continue
            words = spoken[part.ref_start_idx : part.ref_end_idx]
            found.update(itertools.zip_longest(words, recognised[part.hyp_start_idx : part.hyp_end_idx], fillvalue=""))
    return [(*pair, times) for pair, times in found.most_common()]


def _count(references: Sequence[str], hypotheses: Sequence[str], form: Form) -> _Counts:
    if len(references) != len(hypotheses):
        raise ValueError(f"{len(references)} references for {len(hypotheses)} hypotheses")
    pairs = [(apply_form(r, form), apply_form(h, form)) for r, h in zip(references, hypotheses, strict=True)]
    pairs = [pair for pair in pairs if pair[0]]  # without a reference there is no rate
    if not pairs:
        raise ValueError("no reference has a word")
    words = [jiwer.process_words(reference, hypothesis) for reference, hypothesis in pairs]
    chars = [jiwer.process_characters(reference, hypothesis) for reference, hypothesis in pairs]
    kinds = (
        sum(w.substitutions for w in words),
        sum(w.deletions for w in words),
        sum(w.insertions for w in words),
    )
    return _Counts(
        word_errors=np.array([w.substitutions + w.deletions + w.insertions for w in words]),
        words=np.array([len(reference.split()) for reference, _ in pairs]),
        char_errors=np.array([c.substitutions + c.deletions + c.insertions for c in chars]),
        chars=np.array([len(reference) for reference, _ in pairs]),
        kinds=kinds,
    )


def _rate(errors: NDArray[np.int64], total: NDArray[np.int64]) -> float:
    return float(errors.sum() / total.sum())


def _resample(n: int, seed: int) -> NDArray[np.int64]:
    """Positions, [N_SAMPLES, n], drawn with replacement; the same for the same n, which pairs two runs."""
    return np.random.default_rng(seed).integers(0, n, (N_SAMPLES, n))


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)
