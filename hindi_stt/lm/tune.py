"""The weights of a language model, chosen on recordings with known texts by trying a grid of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tqdm import tqdm

from hindi_stt.decoding import BeamDecoder, BeamLimits
from hindi_stt.decoding.ngram import NGramModel, NGrams
from hindi_stt.decoding.vocabulary import Vocabulary
from hindi_stt.evaluation.metrics import error_rate
from hindi_stt.types import LogProbs

__all__ = ["ALPHAS", "BETAS", "UNKNOWNS", "Weights", "tune"]

ALPHAS: Final = (0.1, 0.2, 0.35, 0.5, 0.7, 1.0)
BETAS: Final = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)
UNKNOWNS: Final = (-3.0, -6.0, -4.5, -1.5, 0.0, -9.0, -13.0, -18.0, -26.0)


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of a language model, and their result.

    Attributes:
        alpha: See `LanguageModel`.
        beta: See `LanguageModel`.
        unknown: See `LanguageModel`.
        wer: Word error rate with these weights, as a fraction.
    """

    alpha: float
    beta: float
    unknown: float
    wer: float


def tune(
    clips: Sequence[Sequence[LogProbs]],
    references: Sequence[str],
    ngrams: NGrams,
    vocabulary: Vocabulary,
    limits: BeamLimits | None = None,
) -> list[Weights]:
    """Find weights by search on a grid: alpha and beta with the first score of unknown words, then the other scores.

    How much an unknown word costs decides how large alpha and beta may be, so the neighbours of the best weights on the
    grid are tried after that, until none is better.

    Args:
        clips: Log-probs of the clips of each recording, float32 [frames, classes].
        references: The text of each recording, compared in the form of the model's own output.
        ngrams: The language model.
        vocabulary: Of the acoustic model.
        limits: Bounds on the beam search; None for the defaults.

    Returns:
        All results, best first; of equal ones those with the smallest weights.
    """
    expected = [" ".join(vocabulary.words(reference)) for reference in references]
    results: dict[tuple[float, float, float], Weights] = {}

    def measure(alpha: float, beta: float, unknown: float) -> None:
        model = NGramModel(ngrams.with_weights(alpha, beta, unknown))
        decode = BeamDecoder(vocabulary, language_model=model, limits=limits)
        texts = [" ".join(decode(clip).text for clip in recording) for recording in clips]
        found = Weights(alpha, beta, unknown, error_rate(expected, texts, "raw").wer)
        results[alpha, beta, unknown] = found
        bar.update()

    with tqdm(total=len(ALPHAS) * len(BETAS) + len(UNKNOWNS) - 1, unit="try", desc="tuning", disable=None) as bar:
        for alpha, beta in itertools.product(ALPHAS, BETAS):
            measure(alpha, beta, UNKNOWNS[0])
        best = min(results.values(), key=_rank)
        for unknown in UNKNOWNS[1:]:
            measure(best.alpha, best.beta, unknown)
        while fresh := [weights for weights in _neighbours(min(results.values(), key=_rank)) if weights not in results]:
            bar.total = len(results) + len(fresh)
            for weights in fresh:
                measure(*weights)
    return sorted(results.values(), key=_rank)


def _neighbours(weights: Weights) -> Iterator[tuple[float, float, float]]:
    """The points next to weights on the grid."""
    alpha, beta, unknown = weights.alpha, weights.beta, weights.unknown
    yield from ((value, beta, unknown) for value in _next_to(alpha, ALPHAS))
    yield from ((alpha, value, unknown) for value in _next_to(beta, BETAS))
    yield from ((alpha, beta, value) for value in _next_to(unknown, sorted(UNKNOWNS)))


def _next_to(value: float, values: Sequence[float]) -> Sequence[float]:
    """The one before a value, and the one after it, where they exist."""
    at = values.index(value)
    return [*values[max(0, at - 1) : at], *values[at + 1 : at + 2]]


def _rank(weights: Weights) -> tuple[float, ...]:
    return weights.wer, weights.alpha, weights.beta, -weights.unknown
