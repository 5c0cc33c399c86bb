"""Greedy CTC: the best class of every frame, repeats merged, blanks dropped (Graves et al., 2006)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hindi_stt.decoding.paths import confidence, words_from_tokens
from hindi_stt.types import Hypothesis, LogProbs, Token

__all__ = ["GreedyDecoder"]


class GreedyDecoder:
    """Best-path decoder. Thread-safe. Times and confidences: see `decoding.paths`.

    Args:
        tokens: The piece of each class, in order of id.
        blank_id: Id of the CTC blank.
    """

    def __init__(self, tokens: Sequence[str], blank_id: int) -> None:
        self._tokens = tuple(tokens)
        self._blank_id = blank_id

    def __call__(self, log_probs: LogProbs) -> Hypothesis:
        """The best path as tokens and words, with times and confidences."""
        values = log_probs.values
        if not len(values):
            return Hypothesis((), (), 0.0)
        best = values.argmax(axis=1)
        best_log_probs = np.take_along_axis(values, best[:, None], axis=1)[:, 0]
        starts = np.flatnonzero(np.diff(best, prepend=-1))
        ends = np.append(starts[1:], len(best))
        confidences = confidence(np.minimum.reduceat(best_log_probs, starts), values.shape[1])
        shift = log_probs.frame_shift_s
        tokens = tuple(
            Token(id_, self._tokens[id_], start * shift, end * shift, sure)
            for id_, start, end, sure in zip(
                best[starts].tolist(), starts.tolist(), ends.tolist(), confidences.tolist(), strict=True
            )
            if id_ != self._blank_id
        )
        return Hypothesis(tokens, words_from_tokens(tokens), float(best_log_probs.sum()))
