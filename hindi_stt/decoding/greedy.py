"""Greedy CTC: the best class of every frame, repeats merged, blanks dropped (Graves et al., 2006)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from hindi_stt.types import Hypothesis, LogProbs, Token, Word

__all__ = ["GreedyDecoder", "words_from_tokens"]

_WORD_MARK: Final = "\u2581"
_UNKNOWN: Final = "<unk>"
# What SentencePiece writes for an unknown piece, and therefore NeMo too.
_UNKNOWN_TEXT: Final = "\u2047"


class GreedyDecoder:
    """Best-path decoder. Thread-safe.

    tokens: the piece of each class in order of id; blank_id: the class that stands for "nothing".

    Confidence of a frame is its maximum probability p, scaled so that a uniform guess over V classes is 0:
    (V·p − 1) / (V − 1); a token's is the least of its frames, a word's the least of its tokens. Source: NeMo's
    "max_prob" measure with α = 1, blanks excluded, aggregation "min" (asr_confidence_utils.py).

    A token starts with its first frame and ends with its last; blanks between tokens belong to none.
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
        least = np.exp(np.minimum.reduceat(best_log_probs, starts))
        n_classes = values.shape[1]
        confidences = np.clip((n_classes * least - 1) / (n_classes - 1), 0, 1)
        shift = log_probs.frame_shift_s
        tokens = tuple(
            Token(id_, self._tokens[id_], start * shift, end * shift, confidence)
            for id_, start, end, confidence in zip(
                best[starts].tolist(), starts.tolist(), ends.tolist(), confidences.tolist(), strict=True
            )
            if id_ != self._blank_id
        )
        return Hypothesis(tokens, words_from_tokens(tokens), float(best_log_probs.sum()))


def words_from_tokens(tokens: Sequence[Token]) -> tuple[Word, ...]:
    """Group tokens into words: SentencePiece's mark (U+2581) begins a word, an unknown piece is one of its own."""
    groups: list[list[Token]] = []
    after_unknown = False
    for token in tokens:
        unknown = token.piece == _UNKNOWN
        if not groups or unknown or after_unknown or token.piece.startswith(_WORD_MARK):
            groups.append([])
        groups[-1].append(token)
        after_unknown = unknown
    words = (_word(group) for group in groups)
    return tuple(word for word in words if word.text)


def _word(tokens: Sequence[Token]) -> Word:
    text = "".join(_UNKNOWN_TEXT if token.piece == _UNKNOWN else token.piece for token in tokens)
    # A lone word mark has a confidence but no sound of its own: the word begins where its first letter does.
    sounding = [token for token in tokens if token.piece != _WORD_MARK] or list(tokens)
    return Word(
        text.replace(_WORD_MARK, ""),
        sounding[0].start_s,
        sounding[-1].end_s,
        min(token.confidence for token in tokens),
    )
