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

__all__ = ["ALPHAS", "BETAS", "Weights", "tune"]

ALPHAS: Final = (0.2, 0.35, 0.5, 0.7, 1.0)
BETAS: Final = (0.0, 1.0, 2.0, 3.0, 4.0)


@dataclass(frozen=True, slots=True)
class Weights:
    """wer: word error rate with these weights, as a fraction."""

    alpha: float
    beta: float
    wer: float


def tune(
    clips: Sequence[Sequence[LogProbs]],
    references: Sequence[str],
    ngrams: NGrams,
    vocabulary: Vocabulary,
    limits: BeamLimits | None = None,
) -> list[Weights]:
    """Every pair of weights of the grid, best first; of equal ones the smaller.

    clips: of each recording; references: what is said in it, compared in the form of the model's own output.
    """
    expected = [" ".join(vocabulary.words(reference)) for reference in references]
    results = []
    for alpha, beta in tqdm(list(itertools.product(ALPHAS, BETAS)), unit="pair", desc="tuning", disable=None):
        model = NGramModel(ngrams.with_weights(alpha, beta))
        decode = BeamDecoder(vocabulary, language_model=model, limits=limits)
        heard = [" ".join(decode(clip).text for clip in recording) for recording in clips]
        results.append(Weights(alpha, beta, error_rate(expected, heard, "raw").wer))
    return sorted(results, key=lambda weights: (weights.wer, weights.alpha, weights.beta))
