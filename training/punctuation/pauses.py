"""Pauses behind words as a recogniser times them, drawn for each passage by a habit of speaking.

The means are those of clips of Kokoro-82M as the embedded model times their words: behind plain words 0.08 s (median;
0.2 s at 95 %), behind commas 0.24 s, behind sentences 0.3 to 0.9 s, as long as whoever joins or speaks them leaves.
"""

import numpy as np
from numpy.typing import NDArray

from .text import COMMA, DANDA, INNER, OUTER, QUESTION


def draw(labels: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.float64]:
    """Seconds of silence behind each word of a passage.

    Args:
        labels: int [words].
        generator: Of random numbers.

    Returns:
        float64 [words]; the last is long, since speech ends there.
    """
    n = len(labels)
    ends = np.isin(labels, (DANDA, QUESTION, OUTER))
    # Whether a comma is unknown: every ninth inner boundary is taken for one.
    commas = (labels == COMMA) | ((labels == INNER) & (generator.random(n) < 0.05))
    habit = np.exp(generator.normal(0, 0.35))
    even = generator.random() < 0.25  # synthesisers and practised readers leave nearly the same pause each time
    spread = 0.12 if even else 0.45
    at_commas, at_ends = (0.97, 0.99) if even else (generator.uniform(0.3, 0.95), generator.uniform(0.75, 1.0))
    hesitation = 0.0 if even else 0.07 * generator.random() ** 2
    mean = np.where(ends, generator.uniform(0.3, 0.9), np.where(commas, generator.uniform(0.17, 0.35), 0.25)) * habit
    chance = np.where(ends, at_ends, np.where(commas, at_commas, hesitation))
    short = generator.choice([0.0, 0.04, 0.08], n) + generator.exponential(generator.uniform(0.01, 0.05), n)
    pauses = np.where(generator.random(n) < chance, mean * np.exp(generator.normal(0, spread, n)), short)
    pauses[-1] = generator.uniform(0.5, 3.0)
    return pauses
