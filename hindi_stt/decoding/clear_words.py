"""Words that the acoustic model writes clearly: a language model that lacks them is not to replace them at any price.

An n-gram model over words knows no names but those of its text. The score of an unknown word that is right for
doubtful sounds makes one that was clearly heard impossible, too. So a language model may have another score for unknown
words that the best path writes with confidence.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from hindi_stt.decoding.greedy import GreedyDecoder
from hindi_stt.decoding.vocabulary import Vocabulary
from hindi_stt.types import LogProbs

__all__ = ["NO_WORDS", "ClearWords", "clear_words"]

# Chosen on held-back recordings and synthesised speech with the embedded model (docs/decoding.md).
LEAST_CONFIDENCE: Final = 0.5
# Shorter ones are as often a part of another word.
LEAST_LETTERS: Final = 4


class ClearWords(NamedTuple):
    """Words of a best path, and what they begin with.

    Attributes:
        words: The words.
        beginnings: Every beginning of them, the words included.
    """

    words: frozenset[str]
    beginnings: frozenset[str]


NO_WORDS: Final = ClearWords(frozenset(), frozenset())


def clear_words(log_probs: LogProbs, vocabulary: Vocabulary) -> ClearWords:
    """Find the words of the best path that have a confidence of at least 0.5 and at least 4 code points.

    Args:
        log_probs: Of one clip, float32 [frames, classes], natural log.
        vocabulary: Of the acoustic model.

    Returns:
        The words.
    """
    best = GreedyDecoder(vocabulary.tokens, vocabulary.blank_id)(log_probs).words
    words = {word.text for word in best if word.confidence >= LEAST_CONFIDENCE and len(word.text) >= LEAST_LETTERS}
    return ClearWords(frozenset(words), frozenset(word[:end] for word in words for end in range(1, len(word) + 1)))
