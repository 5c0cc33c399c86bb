"""Marks between words: the interface, and the one punctuator that needs no model, which listens to pauses."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final, Protocol

from hindi_stt.text.words import Span, apply
from hindi_stt.types import Word

__all__ = ["COMMA_PAUSE_S", "SENTENCE_PAUSE_S", "PausePunctuator", "Punctuator", "punctuate"]

# Pauses within a spoken sentence of Hindi are mostly shorter than 0.35 s, those between sentences longer than 0.7 s.
COMMA_PAUSE_S: Final = 0.35
SENTENCE_PAUSE_S: Final = 0.7
_MARKS: Final = frozenset(",.;:!?।॥…")


class Punctuator(Protocol):
    """Says what stands after each word of one segment."""

    def __call__(self, words: Sequence[Word], sentence_end: str) -> Sequence[str]:
        """Choose the punctuation mark behind each word.

        Args:
            words: The words of one segment, with times.
            sentence_end: The mark that ends a sentence in this script.

        Returns:
            One string per word: ",", `sentence_end`, another mark, or "" for none.
        """


class PausePunctuator:
    """A comma for a short pause, the end of a sentence for a long one and at the segment's end; nothing else."""

    def __call__(self, words: Sequence[Word], sentence_end: str) -> Sequence[str]:
        """See `Punctuator`."""
        pauses_s = [after.start_s - word.end_s for word, after in itertools.pairwise(words)]
        inner = [
            sentence_end if pause_s >= SENTENCE_PAUSE_S else "," if pause_s >= COMMA_PAUSE_S else ""
            for pause_s in pauses_s
        ]
        return [*inner, sentence_end] if words else []


def punctuate(words: Sequence[Word], punctuator: Punctuator, sentence_end: str) -> tuple[Word, ...]:
    """Append punctuation marks to words. A word that already ends in a mark gets no second one.

    Args:
        words: The words of one segment.
        punctuator: Chooses the marks.
        sentence_end: The mark that ends a sentence in this script.

    Returns:
        The words with their marks.
    """
    marks = punctuator(words, sentence_end)
    return apply(
        words,
        (
            Span(i, i + 1, word.text + mark)
            for i, (word, mark) in enumerate(zip(words, marks, strict=True))
            if mark and word.text[-1:] not in _MARKS
        ),
    )
