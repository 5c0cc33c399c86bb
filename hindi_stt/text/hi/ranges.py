"""दो से तीन लाख → 2 से 3 लाख: the scale that both ends of a range share, and ₹ for both."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Final

from hindi_stt.text.hi import contexts
from hindi_stt.text.hi.amounts import Amount, amount_at, group_digits
from hindi_stt.text.hi.cardinals import parse
from hindi_stt.text.hi.number_words import SCALES
from hindi_stt.text.hi.phrase import Phrase, Reading
from hindi_stt.text.hi.spelling import key
from hindi_stt.text.words import Span

__all__ = ["range_of_numbers"]

_HUNDRED: Final = 100
_AND: Final = key("और")
_FROM: Final = key("से")
_UP_TO: Final = key("लेकर")


def range_of_numbers(phrase: Phrase, i: int) -> Reading | None:
    """Read a range, or a choice, of which only the second number has the scale or रुपये.

    The scale stays a word behind both numbers ("2 से 3 लाख"): written out in the second number alone it would change
    the first. सौ is written out in both ("200 से 300").

    Args:
        phrase: The words.
        i: First word of the first number.

    Returns:
        The range; None without one.
    """
    first = amount_at(phrase, i)
    second = _other_end(phrase, first) if first else None
    if not first or not second or (first.value == 1 and phrase.key(first.end) == _AND):  # "एक और …": another one
        return None
    split = _shared_scale(phrase, first, second)
    if split:
        return _with_shared_scale(phrase, first, second, split)
    if phrase.key(second.end) in contexts.RUPEES and phrase.key(first.end) == _FROM:
        return _rupees(first, second) if 0 < first.value < second.value else None
    return None


def _other_end(phrase: Phrase, amount: Amount) -> Amount | None:
    """The amount that directly follows से, या, …"""
    i = amount.end
    if phrase.key(i) not in contexts.JOINTS or amount.is_fraction:
        return None
    other = amount_at(phrase, i + (2 if phrase.key(i + 1) == _UP_TO else 1))
    return other if other and not other.is_fraction else None


def _shared_scale(phrase: Phrase, first: Amount, second: Amount) -> int | None:
    """Return where the shared scale begins: the longest one of which the second number counts more than the first."""
    if first.value <= 0:
        return None
    for split in range(second.start + 1, second.end):
        scale = _scale(phrase, split, second.end)
        if scale and first.value < second.value / scale and _counts(phrase, second, split, second.value / scale):
            return split
    return None


def _scale(phrase: Phrase, start: int, end: int) -> int:
    """The product of the scales that the words start … end are; 0 where one of them is none."""
    return math.prod(SCALES.get(word, 0) for word in phrase.keys[start:end])


def _counts(phrase: Phrase, amount: Amount, split: int, count: Decimal) -> bool:
    """Whether the words before the scale say just how many of it: not "एक लाख पचास हज़ार"."""
    if not contexts.POINT.isdisjoint(phrase.keys[amount.start : split]):
        return phrase.keys[split - 1] not in SCALES
    said = parse(phrase.keys[:split], amount.start)
    return bool(said and said.end == split and said.value == count)


def _with_shared_scale(phrase: Phrase, first: Amount, second: Amount, split: int) -> Reading:
    scale = _scale(phrase, split, second.end)
    lower, upper, end = first.value, second.value / scale, split
    if SCALES[phrase.keys[split]] == _HUNDRED:
        lower, upper, end = lower * _HUNDRED, upper * _HUNDRED, split + 1
    if end == second.end and phrase.key(end) in contexts.RUPEES:
        return _spans(first, second.start, end + 1, "₹" + group_digits(lower), "₹" + group_digits(upper))
    reading = _spans(first, second.start, end, group_digits(lower), group_digits(upper))
    return Reading(second.end, reading.spans)


def _rupees(first: Amount, second: Amount) -> Reading | None:
    if first.value % 1 or second.value % 1:
        return None
    return _spans(first, second.start, second.end + 1, "₹" + first.text, "₹" + second.text)


def _spans(first: Amount, start: int, end: int, lower: str, upper: str) -> Reading:
    return Reading(end, (Span(first.start, first.end, lower), Span(start, end, upper)))
