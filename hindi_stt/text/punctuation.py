"""Marks between words: the interface, and the one punctuator that needs no model, which goes by pauses."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

from hindi_stt.text.words import Span, apply
from hindi_stt.types import Segment, Word

__all__ = ["COMMA_PAUSE_S", "SENTENCE_PAUSE_S", "PausePunctuator", "Punctuator", "punctuate", "punctuate_segments"]

# Pauses within a spoken sentence of Hindi are mostly shorter than 0.35 s, those between sentences longer than 0.7 s.
COMMA_PAUSE_S: Final = 0.35
SENTENCE_PAUSE_S: Final = 0.7
_MARKS: Final = frozenset(",.;:!?।॥…")


class Punctuator(Protocol):
    """Says what stands after each word of one segment, or of several in a row.

    Attributes:
        joins_segments: Whether it reads the segments of a recording together, since a sentence may go on behind a
            pause; otherwise it is called for each segment by itself.
    """

    @property
    def joins_segments(self) -> bool:
        """See the class."""
        ...

    def __call__(self, words: Sequence[Word], sentence_end: str) -> Sequence[str]:
        """Choose the punctuation mark behind each word.

        Args:
            words: The words, with times.
            sentence_end: The mark that ends a sentence in this script.

        Returns:
            One string per word: ",", `sentence_end`, another mark, or "" for none.
        """


class PausePunctuator:
    """A comma for a short pause, the end of a sentence for a long one and at the segment's end; nothing else."""

    joins_segments: Final = False

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
        words: The words of one segment, or of several in a row.
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


def punctuate_segments(segments: Sequence[Segment], punctuator: Punctuator, sentence_end: str) -> tuple[Segment, ...]:
    """Append punctuation marks to the words of segments; nothing else of them changes.

    Args:
        segments: A recording, or an utterance of a stream; in order of time.
        punctuator: Chooses the marks.
        sentence_end: The mark that ends a sentence in this script.

    Returns:
        The segments with their marks.
    """
    if not punctuator.joins_segments:
        return tuple(replace(segment, words=punctuate(segment.words, punctuator, sentence_end)) for segment in segments)
    # What one speaker says on a channel does not go on in what another one says on the next.
    channels = dict.fromkeys(segment.channel for segment in segments)
    written = {
        channel: iter(
            punctuate(
                [word for segment in segments if segment.channel == channel for word in segment.words],
                punctuator,
                sentence_end,
            )
        )
        for channel in channels
    }
    return tuple(
        replace(segment, words=tuple(itertools.islice(written[segment.channel], len(segment.words))))
        for segment in segments
    )
