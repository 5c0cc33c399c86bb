"""Phone, Aadhaar and card numbers, spoken or written, with every digit hidden.

A masked word forgets what it was made of: the number is in no field of the transcript.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from hindi_stt.types import Mask, Segment, Word

__all__ = ["MASK", "DigitRuns", "MaskableRun", "mask_numbers"]

MASK: Final = "X"
_CARD_DIGITS: Final = range(13, 20)

# Fewer digits at the beginning or the end of what was said are no piece of a number worth hiding.
_SHORTEST_PART: Final = 4
_PHONE_PREFIXES: Final = ("0091", "091", "91", "0", "")
_PHONE_DIGITS: Final = 10
_AADHAAR_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class MaskableRun:
    """Words start … end (end excluded) say or write these digits.

    may_have_begun_before, may_go_on: the run stands at the beginning or at the end of all words, and looks like a piece
    of a longer number, whose other digits may have been said in another utterance.
    """

    start: int
    end: int
    digits: str
    may_have_begun_before: bool = False
    may_go_on: bool = False


DigitRuns = Callable[[Sequence[str]], Iterator[MaskableRun]]
"""Texts of words → each run of spoken or written digits."""


def mask_numbers(segments: Sequence[Segment], kinds: frozenset[Mask], digit_runs: DigitRuns) -> tuple[Segment, ...]:
    """Hide each number of these kinds, one X a digit, also where it runs over a pause.

    A number is known by its length, not by its checksum: one misheard digit must not uncover the others. Of a stream,
    the segments are one utterance: four digits or more at its beginning or end are hidden too where they may be a piece
    of a number of these kinds whose other digits are in the utterance before or after.

    Args:
        segments: All that was said; what goes on in another call of this function is not known here.
        kinds: Kinds of numbers to hide.
        digit_runs: Finds the digits of a language.

    Returns:
        The segments, with their times; a masked word has no sources.
    """
    words = list(chain.from_iterable(segment.words for segment in segments))
    masked: dict[int, str] = {}
    for run in digit_runs([word.text for word in words]):
        if (_kinds_of(run.digits) | _kinds_of_part(run)) & kinds:
            # The digits stand in the number's first word of each segment; _masked joins the rest to it.
            masked |= dict.fromkeys(range(run.start, run.end), "")
            masked[run.start] = MASK * len(run.digits)
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
    if len(digits) == _AADHAAR_DIGITS:
        kinds.add("aadhaar")
    if len(digits) in _CARD_DIGITS:
        kinds.add("card")
    return kinds


def _is_phone(digits: str) -> bool:
    """Ten digits after an optional 0, 91, 091 or 0091; landlines have eleven with their 0."""
    return any(digits.startswith(prefix) and len(digits) == len(prefix) + _PHONE_DIGITS for prefix in _PHONE_PREFIXES)


def _kinds_of_part(run: MaskableRun) -> set[Mask]:
    """What a run may be a piece of: the kinds that have more digits than it."""
    kinds: set[Mask] = set()
    length = len(run.digits)
    if length < _SHORTEST_PART or not (run.may_have_begun_before or run.may_go_on):
        return kinds
    prefixes = [prefix for prefix in _PHONE_PREFIXES if run.may_have_begun_before or run.digits.startswith(prefix)]
    if length < max(map(len, prefixes)) + _PHONE_DIGITS:
        kinds.add("phone")
    if length < _AADHAAR_DIGITS:
        kinds.add("aadhaar")
    if length < _CARD_DIGITS.stop - 1:
        kinds.add("card")
    return kinds


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
