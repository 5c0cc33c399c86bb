"""From the tokens of a path back to times and confidences, the same for every decoder.

A token starts with its first frame and ends with its last; blanks between tokens belong to none.

Confidence of a frame is the probability p that the model gave to the path's class, scaled so that a uniform guess over
V classes is 0: (V·p − 1) / (V − 1); a token's is the least of its frames, a word's the least of its tokens. Source:
NeMo's "max_prob" measure with α = 1, blanks excluded, aggregation "min" (asr_confidence_utils.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hindi_stt.decoding.vocabulary import UNKNOWN, UNKNOWN_TEXT
from hindi_stt.types import WORD_MARK, Float32, LogProbs, Token, Word

__all__ = ["confidence", "ends_of", "tokens_from", "tokens_of_words", "words_from_tokens"]


def confidence(log_p: Float32, n_classes: int) -> NDArray[Any]:
    """Convert log-probabilities to confidences, linearly from a uniform distribution (0) to certainty (1).

    Args:
        log_p: Natural-log probabilities, any shape.
        n_classes: Number of classes of the model.

    Returns:
        Confidences in [0, 1], in the same shape.
    """
    return np.clip((n_classes * np.exp(log_p) - 1) / (n_classes - 1), 0, 1)


def ends_of(values: Float32, ids: Sequence[int], starts: Sequence[int], blank_id: int) -> list[int]:
    """Find where each token ends on the most likely path on which the tokens start with the given frames.

    From its start on a token is repeated, then blanks follow until the next one starts; the change is placed where the
    path is most likely. Between two tokens of one class there is at least one blank.

    Args:
        values: Natural-log probabilities, float32 [frames, classes].
        ids: Class of each token.
        starts: First frame of each token.
        blank_id: Id of the CTC blank.

    Returns:
        For each token the frame after its last one.
    """
    ends = []
    for i, (id_, start) in enumerate(zip(ids, starts, strict=True)):
        following, limit = (ids[i + 1], starts[i + 1]) if i + 1 < len(ids) else (-1, len(values))
        gains = (
            values[start + 1 : limit - (id_ == following), id_]
            - values[start + 1 : limit - (id_ == following), blank_id]
        )
        repeats = 1 + int(np.argmax(np.cumsum(gains))) if len(gains) else 0
        gain = float(gains[:repeats].sum())
        ends.append(start + 1 + (repeats if gain > 0 else 0))
    return ends


def tokens_from(
    log_probs: LogProbs, pieces: Sequence[str], ids: Sequence[int], starts: Sequence[int], ends: Sequence[int]
) -> tuple[Token, ...]:
    """Make the tokens of a path.

    Args:
        log_probs: Of the clip, float32 [frames, classes], natural log.
        pieces: Text of each class.
        ids: Class of each token.
        starts: First frame of each token.
        ends: For each token the frame after its last one.

    Returns:
        The tokens, with times in seconds and the confidence of their least certain frame.
    """
    values, shift = log_probs.values, log_probs.frame_shift_s
    least = np.array([values[a:b, id_].min() for id_, a, b in zip(ids, starts, ends, strict=True)], np.float32)
    confidences = confidence(least, values.shape[1]).tolist()
    return tuple(
        Token(id_, pieces[id_], a * shift, b * shift, sure)
        for id_, a, b, sure in zip(ids, starts, ends, confidences, strict=True)
    )


def words_from_tokens(tokens: Sequence[Token]) -> tuple[Word, ...]:
    """Group tokens into words: SentencePiece's mark (U+2581) begins a word, an unknown piece is one of its own."""
    return tuple(_word(group) for group in tokens_of_words(tokens))


def tokens_of_words(tokens: Sequence[Token]) -> list[list[Token]]:
    """The tokens of each of the words that `words_from_tokens` makes of them."""
    groups: list[list[Token]] = []
    after_unknown = False
    for token in tokens:
        unknown = token.piece == UNKNOWN
        if not groups or unknown or after_unknown or token.piece.startswith(WORD_MARK):
            groups.append([])
        groups[-1].append(token)
        after_unknown = unknown
    return [group for group in groups if _text(group)]


def _text(tokens: Sequence[Token]) -> str:
    text = "".join(UNKNOWN_TEXT if token.piece == UNKNOWN else token.piece for token in tokens)
    return text.replace(WORD_MARK, "")


def _word(tokens: Sequence[Token]) -> Word:
    # A lone word mark has a confidence but no sound of its own: the word begins where its first letter does.
    sounding = [token for token in tokens if token.piece != WORD_MARK] or list(tokens)
    return Word(
        _text(tokens),
        sounding[0].start_s,
        sounding[-1].end_s,
        min(token.confidence for token in tokens),
    )
