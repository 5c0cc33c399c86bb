"""Years said in two numbers: दो हज़ार चौबीस पच्चीस → 2024-25, सन उन्नीस सैंतालीस → 1947."""

from __future__ import annotations

from typing import Final

from hindi_stt.text.hi import contexts
from hindi_stt.text.hi.number_words import FRACTIONS, SCALES, UNITS
from hindi_stt.text.hi.phrase import Phrase, Reading
from hindi_stt.text.hi.spelling import key

__all__ = ["year"]

_YEARS: Final = range(1800, 2101)
_CENTURIES: Final = range(15, 22)
# "उन्नीस पैंसठ" is no estimate, so that it needs no सन before it.
_CLEAR_CENTURIES: Final = range(17, 20)
_TO: Final = key("से")


def year(phrase: Phrase, i: int) -> Reading | None:
    """Read a year that is not said as one number, or the two years of a season.

    Args:
        phrase: The words.
        i: Position of the first word.

    Returns:
        The year; None without one.
    """
    return _two_years(phrase, i) or _century_and_year(phrase, i)


def _two_years(phrase: Phrase, i: int) -> Reading | None:
    """The second year is the next one, and said by its last two digits."""
    number = phrase.number(i)
    if not number or number.value not in _YEARS or number.end < i + 2:
        return None
    follows = UNITS.get(phrase.key(number.end))
    short = int(number.value) % 100
    if follows is None or follows != (short + 1) % 100 or _goes_on(phrase, number.end + 1):
        return None
    if short < 10 and not _is_cued(phrase, i):
        return None  # "दो हज़ार पाँच छह" may be two counts
    return Reading.of(i, number.end + 1, f"{number.value}-{follows:02}")


def _century_and_year(phrase: Phrase, i: int) -> Reading | None:
    century, part = UNITS.get(phrase.key(i)), UNITS.get(phrase.key(i + 1))
    if century not in _CENTURIES or part is None or _goes_on(phrase, i + 2) or phrase.key(i - 1) in UNITS:
        return None
    clear = century in _CLEAR_CENTURIES and part >= 30
    if not (part >= 10 and (clear or _is_cued(phrase, i))):
        return None
    return Reading.of(i, i + 2, f"{century}{part:02}")


def _is_cued(phrase: Phrase, i: int) -> bool:
    return phrase.key(i - 1) in contexts.YEAR_CUES or (phrase.key(i - 1) == _TO and phrase.key(i - 2) in SCALES)


def _goes_on(phrase: Phrase, i: int) -> bool:
    """Whether the number before word i belongs to more: another number, a unit, a month."""
    word = phrase.key(i)
    return (
        word in UNITS
        or word in SCALES
        or word in FRACTIONS
        or word in contexts.MEASURES
        or word in contexts.TIMES
        or word in contexts.POINT
        or word in contexts.OVER
    )
