"""Words → a number: from शून्य to खरब, with सवा, डेढ़, ढाई, साढ़े, पौने.

    number   = group (करोड़ | अरब | खरब) … group        "दो लाख करोड़": the group may have any size
    group    = [hundreds लाख] [hundreds हज़ार] [hundreds]
    hundreds = [1…99] सौ [1…99] | 0…99 | fraction सौ   "उन्नीस सौ सैंतालीस": more than nine hundreds are fine

Scales descend. A fraction is the last part of its number: "साढ़े तीन हज़ार" ends there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from hindi_stt.text.hi.number_words import FRACTIONS, SCALES, UNITS

__all__ = ["Number", "parse"]

_HUNDRED, _THOUSAND, _LAKH, _CRORE = 100, 10**3, 10**5, 10**7
_UNBOUNDED = 10**20


@dataclass(frozen=True, slots=True)
class Number:
    """A number that some words say.

    Attributes:
        value: Its value.
        end: Position of the word behind the last one.
        closed: Whether no further word can belong to it.
    """

    value: Decimal
    end: int
    closed: bool = False


def parse(keys: Sequence[str], start: int) -> Number | None:
    """Parse the longest number that begins at a word.

    Args:
        keys: The words' spelling keys.
        start: Position of the first word.

    Returns:
        The number; None without one.
    """
    total, i, bound = Decimal(0), start, _UNBOUNDED
    closed = False
    while not closed and (group := _group(keys, i, bound)):
        scale = _scale_at(keys, group.end)
        if _CRORE <= scale < bound and group.value:
            total += group.value * scale
            i, bound, closed = group.end + 1, scale, group.closed
            continue
        if group.value or i == start:  # "एक करोड़ शून्य" is two numbers
            total, i = total + group.value, group.end
        break
    return Number(total, i) if i > start else None


def _group(keys: Sequence[str], start: int, bound: int) -> Number | None:
    """A number below one crore, with nothing of it at or above the bound."""
    total, i, bound = Decimal(0), start, min(bound, _CRORE)
    while part := _hundreds(keys, i):
        scale = _scale_at(keys, part.end)
        # A hundred thousand is a lakh: "पाँच सौ हज़ार" is five hundred or a thousand.
        if _HUNDRED < scale < bound and part.value and not (scale == _THOUSAND and part.value >= _HUNDRED):
            total += part.value * scale
            i, bound = part.end + 1, scale
            if part.closed and part.value % 1:
                return Number(total, i, closed=True)
            continue
        # What is followed by a scale that it cannot take is the beginning of another number.
        own = not (i > start and (part.value >= bound or not part.value or (0 < scale < _CRORE)))
        return Number(total + part.value, part.end, part.closed) if own else Number(total, i)
    if i > start:
        return Number(total, i)
    scale = _scale_at(keys, start)  # "हज़ार करोड़", "लाख रुपये": one of them
    return Number(Decimal(scale), start + 1) if scale in {_THOUSAND, _LAKH, _CRORE} else None


def _hundreds(keys: Sequence[str], start: int) -> Number | None:
    """Up to 9,999, or a fraction."""
    if start >= len(keys):
        return None
    if keys[start] in FRACTIONS:
        return _fraction(keys, start)
    count = UNITS.get(keys[start])
    if count is None:
        return Number(Decimal(_HUNDRED), start + 1, closed=True) if _scale_at(keys, start) == _HUNDRED else None
    if not count or _scale_at(keys, start + 1) != _HUNDRED:
        return Number(Decimal(count), start + 1)
    rest = UNITS.get(keys[start + 2], 0) if start + 2 < len(keys) else 0
    # "एक सौ दो सौ" is two numbers.
    if not rest or _scale_at(keys, start + 3) == _HUNDRED:
        return Number(Decimal(count * _HUNDRED), start + 2)
    return Number(Decimal(count * _HUNDRED + rest), start + 3)


def _fraction(keys: Sequence[str], start: int) -> Number | None:
    """सवा, साढ़े, पौने with the number they belong to, and सौ where it follows."""
    part, whole = FRACTIONS[keys[start]]
    end = start + 1
    value = part
    if whole is None:
        count = UNITS.get(keys[end], 0) if end < len(keys) else 0
        if count:
            value, end = count + part, end + 1
        elif part == Decimal("0.25") and _scale_at(keys, end):
            value = 1 + part
        else:
            return None
    if _scale_at(keys, end) == _HUNDRED:
        return Number(value * _HUNDRED, end + 1, closed=True)
    return Number(value, end, closed=True)


def _scale_at(keys: Sequence[str], i: int) -> int:
    return SCALES.get(keys[i], 0) if i < len(keys) else 0
