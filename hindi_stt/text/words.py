"""Rewriting words: a span of heard words becomes one word, which keeps their time and confidence."""

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
    """One word for several: from the start of the first to the end of the last, as sure as the least sure of them."""
    heard = tuple(source for word in words for source in word.heard)
    return Word(
        text=text,
        start_s=words[0].start_s,
        end_s=words[-1].end_s,
        confidence=min(word.confidence for word in words),
        sources=() if heard == (text,) else heard,
    )


def apply(words: Sequence[Word], spans: Iterable[Span]) -> tuple[Word, ...]:
    """The words with every span written as its text. Spans come in order and do not overlap."""
    rewritten: list[Word] = []
    done = 0
    for span in spans:
        rewritten += words[done : span.start]
        rewritten.append(merge(words[span.start : span.end], span.text))
        done = span.end
    return (*rewritten, *words[done:])


def map_texts(words: Sequence[Word], rewrite: Callable[[str], str]) -> tuple[Word, ...]:
    """Each word with its text rewritten. A word that would vanish stays as it is: its time belongs to something."""
    return tuple(_with_text(word, rewrite(word.text)) for word in words)


def _with_text(word: Word, text: str) -> Word:
    return word if not text or text == word.text else replace(word, text=text, sources=word.heard)
