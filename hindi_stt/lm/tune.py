"""The weights of a language model, chosen on recordings with known texts by trying a grid of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
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
BETAS: Final = (0.0, 1.0, 2.0, 3.0, 4.0)
UNKNOWNS: Final = (-3.0, -6.0, -4.5, -1.5, 0.0)


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
    """Find weights by grid search: alpha and beta with the first score of unknown words, then the other scores.

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
    results: list[Weights] = []

    def measure(alpha: float, beta: float, unknown: float) -> None:
        model = NGramModel(ngrams.with_weights(alpha, beta, unknown))
        decode = BeamDecoder(vocabulary, language_model=model, limits=limits)
        texts = [" ".join(decode(clip).text for clip in recording) for recording in clips]
        results.append(Weights(alpha, beta, unknown, error_rate(expected, texts, "raw").wer))

    with tqdm(total=len(ALPHAS) * len(BETAS) + len(UNKNOWNS) - 1, unit="try", desc="tuning", disable=None) as bar:
        for alpha, beta in itertools.product(ALPHAS, BETAS):
            measure(alpha, beta, UNKNOWNS[0])
            bar.update()
        best = min(results, key=_rank)
        for unknown in UNKNOWNS[1:]:
            measure(best.alpha, best.beta, unknown)
            bar.update()
    return sorted(results, key=_rank)


def _rank(weights: Weights) -> tuple[float, ...]:
    return weights.wer, weights.alpha, weights.beta, -weights.unknown
