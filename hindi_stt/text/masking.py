"""Phone, Aadhaar and card numbers, spoken or written, with every digit hidden.

A masked word forgets what it was made of: the number is in no field of the transcript.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

from hindi_stt.types import Mask, Segment, Word

__all__ = ["MASK", "mask_numbers"]

MASK: Final = "X"
_CARD_DIGITS: Final = range(13, 20)

DigitRuns = Callable[[Sequence[str]], Iterator[tuple[int, int, str]]]
"""Texts of words → (start, end, digits) of each run of spoken or written digits; end excluded."""


def mask_numbers(segments: Sequence[Segment], kinds: frozenset[Mask], digit_runs: DigitRuns) -> tuple[Segment, ...]:
    """The segments with each number of these kinds written as one X a digit, also where it runs over a pause.

    A number is known by its length, not by its checksum: one misheard digit must not uncover the others.
    """
    words = list(chain.from_iterable(segment.words for segment in segments))
    masked: dict[int, str] = {}
    for start, end, digits in digit_runs([word.text for word in words]):
        if _kinds_of(digits) & kinds:
            # The digits stand in the number's first word of each segment; _masked joins the rest to it.
            masked |= dict.fromkeys(range(start, end), "")
            masked[start] = MASK * len(digits)
    rewritten: list[Segment] = []
    first = 0
    for segment in segments:
        last = first + len(segment.words)
        rewritten.append(replace(segment, words=tuple(_masked(words, masked, first, last))))
        first = last
    return tuple(rewritten)


def _kinds_of(digits: str) -> set[Mask]:
    """What a run of digits may be; a run longer than any card may be several numbers in a row."""
    kinds: set[Mask] = set()
    if len(digits) >= _CARD_DIGITS.stop:
        return {"phone", "aadhaar", "card"}
    if _is_phone(digits):
        kinds.add("phone")
    if len(digits) == 12:
        kinds.add("aadhaar")
    if len(digits) in _CARD_DIGITS:
        kinds.add("card")
    return kinds


def _is_phone(digits: str) -> bool:
    """Ten digits after an optional 0, 91, 091 or 0091; landlines have eleven with their 0."""
    for prefix in ("0091", "091", "91", "0", ""):
        if digits.startswith(prefix) and len(digits) == len(prefix) + 10:
            return True
    return False


def _masked(words: Sequence[Word], masked: dict[int, str], first: int, last: int) -> Iterator[Word]:
    i = first
    while i < last:
        end = i + 1
        if i not in masked:
            yield words[i]
        else:
            while end < last and masked.get(end) == "":
                end += 1
            confidence = min(word.confidence for word in words[i:end])
            yield Word(masked[i] or MASK * (end - i), words[i].start_s, words[end - 1].end_s, confidence)
        i = end
