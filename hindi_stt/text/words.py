"""Rewrites words: a span of decoded words becomes one word, which keeps their time and confidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from hindi_stt.types import Word

__all__ = ["Span", "apply", "map_texts", "merge"]


@dataclass(frozen=True, slots=True)
class Span:
    """Words start … end (end excluded) are written as one word, text."""

    start: int
    end: int
    text: str


def merge(words: Sequence[Word], text: str) -> Word:
    """Replace several words by one.

    Args:
        words: Adjacent words.
        text: The new word's text.

    Returns:
        A word from the start of the first to the end of the last, with the lowest of their confidences.
    """
    decoded = tuple(source for word in words for source in word.decoded)
    return Word(
        text=text,
        start_s=words[0].start_s,
        end_s=words[-1].end_s,
        confidence=min(word.confidence for word in words),
        sources=() if decoded == (text,) else decoded,
    )


def apply(words: Sequence[Word], spans: Iterable[Span]) -> tuple[Word, ...]:
    """Write each span of words as one word.

    Args:
        words: The words.
        spans: In order, not overlapping.

    Returns:
        The new words.
    """
    rewritten: list[Word] = []
    done = 0
    for span in spans:
        rewritten += words[done : span.start]
        rewritten.append(merge(words[span.start : span.end], span.text))
        done = span.end
    return (*rewritten, *words[done:])


def map_texts(words: Sequence[Word], rewrite: Callable[[str], str]) -> tuple[Word, ...]:
    """Rewrite the text of each word. A word whose text would become empty is left as it is, so that its time is kept.

    Args:
        words: The words.
        rewrite: From old to new text.

    Returns:
        The new words.
    """
    return tuple(_with_text(word, rewrite(word.text)) for word in words)


def _with_text(word: Word, text: str) -> Word:
    return word if not text or text == word.text else replace(word, text=text, sources=word.decoded)
