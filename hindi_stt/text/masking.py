"""Phone, Aadhaar and card numbers, spoken or written, with every digit hidden.

A masked word forgets what it was made of: the number is in no field of the transcript.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from hindi_stt.types import Mask, Segment, Word

__all__ = ["MASK", "DigitRuns", "MaskableRun", "UtteranceMasker", "mask_numbers"]

MASK: Final = "X"
_CARD_DIGITS: Final = range(13, 20)

# Fewer digits at the beginning or the end of what was said are no piece of a number worth hiding.
_SHORTEST_PART: Final = 4
_PHONE_PREFIXES: Final = ("0091", "091", "91", "0", "")
_PHONE_DIGITS: Final = 10
_AADHAAR_DIGITS: Final = 12
# Of a speaker who pauses within a number: the longest pause, and how many digits or pairs are hidden before it is known
# whether more follow.
_LONGEST_PAUSE_S: Final = 10.0
_SHORTEST_OPEN_PART: Final = 2


@dataclass(frozen=True, slots=True)
class MaskableRun:
    """Words that say or write digits.

    Attributes:
        start: First word.
        end: Word behind the last one.
        digits: The digits.
        may_have_begun_before: Whether nothing but fillers precedes a run that looks like part of a longer number, whose
            first digits may have been said in another utterance.
        may_go_on: The same for its last digits.
        at_beginning: Whether nothing but fillers precedes the run.
        at_end: Whether nothing but fillers follows the run.
        named: Whether a word before it announces a number.
        parts: How many digits or pairs it was said in.
    """

    start: int
    end: int
    digits: str
    may_have_begun_before: bool = False
    may_go_on: bool = False
    at_beginning: bool = False
    at_end: bool = False
    named: bool = False
    parts: int = 1


# Texts of words → each run of spoken or written digits.
DigitRuns = Callable[[Sequence[str]], Iterator[MaskableRun]]


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
    runs = digit_runs([word.text for word in words])
    return _rewrite(segments, words, [run for run in runs if _is_hidden(run, kinds)])


class UtteranceMasker:
    """Hides the numbers of one speaker, utterance after utterance, as `mask_numbers` does in one of them.

    An utterance is written when it ends, before it is known whether its last digits go on in the next one. So digits
    at its end are hidden as soon as they could be a piece of a number of the kinds asked for: two or more, or one
    (digit or pair) that is announced ("नंबर नौ") or said by itself. Digits with which the next utterance begins belong
    to them, for `_LONGEST_PAUSE_S`: they are hidden, however few, while all of them together could be such a number or
    a piece of one. Utterances without digits in between change nothing.
    """

    def __init__(self) -> None:
        self._digits = ""
        self._end_s = 0.0

    def __call__(
        self, segments: Sequence[Segment], kinds: frozenset[Mask], digit_runs: DigitRuns
    ) -> tuple[Segment, ...]:
        """Mask the next utterance.

        Args:
            segments: The utterance; times in seconds of the stream.
            kinds: Kinds of numbers to hide.
            digit_runs: Finds the digits of a language.

        Returns:
            The segments, as of `mask_numbers`.
        """
        words = list(chain.from_iterable(segment.words for segment in segments))
        if not words:
            return tuple(segments)
        runs = list(digit_runs([word.text for word in words]))
        before = self._digits if words[0].start_s - self._end_s <= _LONGEST_PAUSE_S else ""
        hidden = [run for run in runs if self._is_hidden(run, before, kinds)]
        if runs:
            last = runs[-1]
            goes_on = last.at_end and (last.may_go_on or bool(before and last.at_beginning))
            self._digits = (before if last.at_beginning else "") + last.digits if goes_on else ""
            self._end_s = words[-1].end_s
        return _rewrite(segments, words, hidden)

    def _is_hidden(self, run: MaskableRun, before: str, kinds: frozenset[Mask]) -> bool:
        if _is_hidden(run, kinds):
            return True
        if before and run.at_beginning:
            joined = replace(run, digits=before + run.digits, may_have_begun_before=True)
            if _is_hidden(joined, kinds, shortest_part=1):
                return True
        open_ended = run.parts >= _SHORTEST_OPEN_PART or run.named or run.at_beginning
        end = replace(run, may_have_begun_before=run.at_beginning)
        return run.may_go_on and open_ended and _is_hidden(end, kinds, shortest_part=1)


def _rewrite(segments: Sequence[Segment], words: Sequence[Word], hidden: Sequence[MaskableRun]) -> tuple[Segment, ...]:
    """The segments with these runs masked. words: those of all segments."""
    masked: dict[int, str] = {}
    for run in hidden:
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


def _is_hidden(run: MaskableRun, kinds: frozenset[Mask], shortest_part: int = _SHORTEST_PART) -> bool:
    """Whether a run is, or may be a piece of, a number of these kinds."""
    return bool((_kinds_of(run.digits) | _kinds_of_part(run, shortest_part)) & kinds)


def _kinds_of(digits: str) -> set[Mask]:
    """Return the kinds of number that a run may be; a run longer than any card may be several numbers in a row."""
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


def _kinds_of_part(run: MaskableRun, shortest: int) -> set[Mask]:
    """Return the kinds of number of which a run may be a part: those with more digits."""
    kinds: set[Mask] = set()
    length = len(run.digits)
    if length < shortest or not (run.may_have_begun_before or run.may_go_on):
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
