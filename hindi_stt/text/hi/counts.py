"""Whether a number counts: estimates (दो तीन), each (दो दो), a lone एक, and दो as "give" stay words."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from hindi_stt.text.hi import contexts
from hindi_stt.text.hi.amounts import Amount
from hindi_stt.text.hi.cardinals import Number
from hindi_stt.text.hi.give import is_number
from hindi_stt.text.hi.number_words import FRACTIONS, SCALES, UNITS
from hindi_stt.text.hi.phrase import Phrase
from hindi_stt.text.hi.spelling import key

__all__ = ["estimate_end", "is_count", "is_uncounted"]

_FROM: Final = key("से")
_UP_TO: Final = key("लेकर")
_NUMBERS: Final = frozenset(UNITS) | frozenset(SCALES) | frozenset(FRACTIONS)
_LABELS_OF_ONE: Final = contexts.keys_of("सेक्टर धारा कक्षा क्लास अध्याय वार्ड चैप्टर फ़ेज़ फेज़ अनुच्छेद पेज")
_NUMBER_WORDS: Final = contexts.keys_of("नंबर नम्बर")
_NUMBERED: Final = contexts.keys_of(
    "गेट प्लेटफ़ॉर्म कमरा कमरे रूम मकान वार्ड बस काउंटर टेबल गली कोच सेक्टर ब्लॉक पेज लाइन फ़्लैट प्लॉट बूथ"
)
_AND: Final = key("और")
_OR: Final = key("या")
_OPERATORS: Final = contexts.keys_of("गुणा गुना माइनस प्लस")
_DIGIT: Final = frozenset("0123456789०१२३४५६७८९")
_ARAB: Final = key("अरब")
_KIN_BEHIND: Final = contexts.POSTPOSITIONS | contexts.keys_of("है हैं थी थीं आई गई हुई और भी ही")


def is_uncounted(phrase: Phrase, i: int) -> bool:
    """Tell whether the scale at a word belongs to no spoken number: "कई लाख", "फ़ाइव लाख", "10 लाख", "एक अरब देश".

    Args:
        phrase: The words.
        i: Position of the scale.

    Returns:
        Whether it does not.
    """
    if phrase.key(i + 1) == _ARAB and phrase.key(i + 2) in contexts.ARAB_LANDS:
        return UNITS.get(phrase.key(i)) == 1
    if phrase.key(i) not in SCALES:
        return False
    before = phrase.texts[i - 1] if i else ""
    return phrase.key(i - 1) in contexts.UNCOUNTED or not _DIGIT.isdisjoint(before)


def estimate_end(phrase: Phrase, i: int, end: int) -> int | None:
    """Find the end of an estimate: "दो तीन", "साढ़े दस ग्यारह", "दो सौ तीन सौ".

    Args:
        phrase: The words.
        i: First word of its first number.
        end: Word behind its first number.

    Returns:
        The word behind the estimate; None without one.
    """
    second = phrase.number(end)
    if _is_operand(phrase, i):
        return None
    if not second:
        return _around(phrase, i, end) or _one_or_two(phrase, i, end)
    if phrase.number(second.end) or (i and phrase.number(i - 1)):
        return None  # a part of a longer list
    alone = end == i + 1 or (phrase.keys[i] in FRACTIONS and end == i + 2 and phrase.keys[i + 1] not in SCALES)
    return second.end if alone or _both_round(phrase, i, end, second) else None


def _both_round(phrase: Phrase, i: int, end: int, second: Number) -> bool:
    """As in "दो सौ तीन सौ", "पाँच सौ पाँच सौ": counts of one scale, not falling."""
    scale = phrase.keys[end - 1]
    if second.end == end + 1 and phrase.keys[end] in SCALES:
        return True  # "पाँच सौ हज़ार"
    if (
        scale not in SCALES
        or phrase.keys[second.end - 1] != scale
        or not SCALES.keys().isdisjoint(phrase.keys[i : end - 1])
    ):
        return False
    first = phrase.number(i)
    rest = phrase.keys[end : second.end - 1]
    return bool(first and first.value <= second.value <= 2 * first.value and SCALES.keys().isdisjoint(rest))


def _around(phrase: Phrase, i: int, end: int) -> int | None:
    """As in "साल दो साल": a unit before and behind the number, the first of them not counted."""
    before, after = phrase.key(i - 1), phrase.key(end)
    if end != i + 1 or before not in contexts.TIMES | contexts.MEASURES or before[:2] != after[:2]:
        return None
    return end if after in contexts.TIMES | contexts.MEASURES and phrase.key(i - 2) not in _NUMBERS else None


def _one_or_two(phrase: Phrase, i: int, end: int) -> int | None:
    """As in "एक या दो": a choice that begins with a lone एक."""
    if end != i + 1 or UNITS.get(phrase.key(i)) != 1 or phrase.key(end) != _OR:
        return None
    second = phrase.number(end + 1)
    return second.end if second and second.end == end + 2 else None


def is_count(phrase: Phrase, i: int, amount: Amount) -> bool:
    """Tell whether a word that can be a number is meant as a number.

    Args:
        phrase: The words.
        i: Position of the word.
        amount: The number that it can be.

    Returns:
        Whether it is.
    """
    after, value = phrase.key(i + 1), amount.value
    if _is_operand(phrase, i) or (_in_a_range(phrase, i, value) and after not in contexts.PARTS):
        return True
    if value == 2:
        return after not in contexts.PARTS and is_number(phrase, i)
    if after in contexts.MEASURES or after in contexts.PARTS:
        return after in contexts.MEASURES
    return _is_clear(phrase, i, value)


def _is_clear(phrase: Phrase, i: int, value: Decimal) -> bool:
    """Whether a number of one word without a unit counts: not डेढ़, नवासी for a granddaughter, हज़ार, एक alone."""
    word, before, after = phrase.key(i), phrase.key(i - 1), phrase.key(i + 1)
    if word in FRACTIONS:
        return after in contexts.TIMES
    if word in contexts.KIN:
        return before not in contexts.POSSESSIVES and after not in _KIN_BEHIND
    if word in SCALES:
        return before in UNITS or after in UNITS or after in contexts.COUNTED
    return value >= 2 or before in UNITS or after in UNITS or (value == 1 and _is_label(phrase, i))


def _in_a_range(phrase: Phrase, i: int, value: Decimal) -> bool:
    """As in "एक से दस", "पचास से सौ"."""
    before, after = phrase.key(i - 1), phrase.key(i + 1)
    if before == _FROM or (before == _UP_TO and phrase.key(i - 2) == _FROM):
        return value > 1 and (phrase.key(i - 2) in _NUMBERS or phrase.key(i - 3) in _NUMBERS)
    if after != _FROM or not value:
        return False
    other = phrase.number(i + 2 + (phrase.key(i + 2) == _UP_TO))
    return bool(other and other.value > value)


def _is_operand(phrase: Phrase, i: int) -> bool:
    """Whether the number is the second of a sum: "तीन माइनस एक", "पाँच और दो सात"."""
    before = phrase.key(i - 1)
    if before == _AND and phrase.key(i - 2) in UNITS and phrase.key(i) in UNITS:
        return UNITS[phrase.key(i - 2)] + UNITS[phrase.key(i)] == UNITS.get(phrase.key(i + 1))
    return before in _OPERATORS and phrase.key(i - 2) in _NUMBERS


def _is_label(phrase: Phrase, i: int) -> bool:
    """As in "गेट नंबर एक", "कक्षा एक में"; but "नंबर एक खिलाड़ी"."""
    before, after = phrase.key(i - 1), phrase.key(i + 1)
    if before in _NUMBER_WORDS:
        return phrase.key(i - 2) in _NUMBERED
    return before in _LABELS_OF_ONE and (not after or after in contexts.POSTPOSITIONS)
