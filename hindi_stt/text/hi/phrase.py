"""Input and output of the numeral rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hindi_stt.text.hi.cardinals import Number, parse
from hindi_stt.text.words import Span

__all__ = ["Phrase", "Reading"]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words spoken without a long pause between them, with their spelling keys."""

    texts: Sequence[str]
    keys: Sequence[str]

    def key(self, i: int) -> str:
        """The key of word i; "" outside the phrase."""
        return self.keys[i] if 0 <= i < len(self.keys) else ""

    def number(self, i: int) -> Number | None:
        """The longest number that begins at word i; None where there is none."""
        return parse(self.keys, i) if 0 <= i < len(self.keys) else None


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of a rule: the words up to `end` (excluded), and how some of them are written.

    Words that no span covers stay as they were spoken.
    """

    end: int
    spans: tuple[Span, ...] = ()

    @classmethod
    def of(cls, start: int, end: int, text: str) -> Reading:
        """Make a reading in which some words are written as one.

        Args:
            start: First word.
            end: Word behind the last one.
            text: The written word.

        Returns:
            The reading.
        """
        return cls(end, (Span(start, end, text),))
