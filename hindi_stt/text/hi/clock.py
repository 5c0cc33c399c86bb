"""Times of day: साढ़े तीन बजे → 3:30 बजे, तीन बजकर दस मिनट → 3:10, साढ़े नौ से छह बजे → 9:30 से 6 बजे."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from hindi_stt.text.hi import contexts
from hindi_stt.text.hi.number_words import FRACTIONS, SCALES, UNITS
from hindi_stt.text.hi.phrase import Phrase, Reading
from hindi_stt.text.hi.spelling import key

__all__ = ["clock_time"]

_QUARTER_TO: Final = frozenset(map(key, ("पौन", "पौने")))
# Between the two ends of a stretch of time: "साढ़े नौ से शाम साढ़े पाँच बजे".
_BETWEEN: Final = contexts.JOINTS | contexts.DAYPARTS | contexts.keys_of("लेकर के को फिर लगभग क़रीब")
_MOST_BETWEEN: Final = 4
_WHEN: Final = contexts.keys_of("को के तक से पर में और या")
_EVENTS: Final = contexts.keys_of("ट्रेन बस फ़्लाइट गाड़ी मीटिंग क्लास शो लोकल उड़ान बैठक शिफ़्ट राजधानी शताब्दी एक्सप्रेस फ़िल्म")


def clock_time(phrase: Phrase, i: int) -> Reading | None:
    """Read the time of day that begins at a word; a full hour is left to the rule for numbers.

    Args:
        phrase: The words.
        i: Position of the first word.

    Returns:
        The time; None without one.
    """
    if phrase.key(i) in contexts.QUARTER | _QUARTER_TO and phrase.key(i + 1) in contexts.OCLOCK:
        return Reading.of(i, i + 1, "1:15" if phrase.key(i) in contexts.QUARTER else "12:45")
    number = phrase.number(i)
    if not number or not 0 < number.value < 25:
        return None
    hours, part = divmod(number.value, 1)
    if part:
        said = (
            _is_struck(phrase, number.end)
            or _ends_at_a_time(phrase, number.end)
            or _is_of_the_day(phrase, i, number.end)
        )
        text = f"{int(hours) or 12}:{int(part * 60):02}"  # पौने एक is 12:45
        return Reading.of(i, number.end, text) if said else None
    minutes_at = _past(phrase, number.end)
    return _with_minutes(phrase, i, hours, minutes_at) if minutes_at else None


def _past(phrase: Phrase, i: int) -> int | None:
    """Return the position of the minutes behind "बजकर", "बज कर", "बज के"."""
    if phrase.key(i) in contexts.PAST:
        return i + 1
    if phrase.key(i) in contexts.STRUCK and phrase.key(i + 1) in contexts.STRUCK_ON:
        return i + 2
    return None


def _with_minutes(phrase: Phrase, start: int, hours: Decimal, i: int) -> Reading | None:
    """तीन बजकर दस मिनट (बीस सेकंड); without मिनट only where nothing is counted."""
    minutes = UNITS.get(phrase.key(i))
    if minutes is None or minutes > 59:
        return None
    text, end = f"{hours}:{minutes:02}", i + 2
    if phrase.key(i + 1) not in contexts.MINUTES:
        bare = not phrase.key(i + 1) or phrase.key(i + 1) in contexts.POSTPOSITIONS
        return Reading.of(start, i + 1, text) if bare else None
    seconds = UNITS.get(phrase.key(end))
    if seconds is not None and seconds < 60 and phrase.key(end + 1) in contexts.SECONDS:
        return Reading.of(start, end + 2, f"{text}:{seconds:02}")
    return Reading.of(start, end, text)


def _is_struck(phrase: Phrase, end: int) -> bool:
    return phrase.key(end) in contexts.OCLOCK | contexts.STRUCK | contexts.PAST


def _ends_at_a_time(phrase: Phrase, end: int) -> bool:
    """Whether a time with बजे follows behind से, या, …"""
    if phrase.key(end) not in contexts.JOINTS:
        return False
    for i in range(end + 1, end + 1 + _MOST_BETWEEN):
        if (number := phrase.number(i)) and number.value < 25:
            return _is_struck(phrase, number.end)
        if phrase.key(i) not in _BETWEEN:
            return False
    return False


def _is_of_the_day(phrase: Phrase, i: int, end: int) -> bool:
    """As in "शाम साढ़े पाँच तक", "साढ़े सात की ट्रेन": without बजे, but nothing is measured."""
    after = phrase.key(end)
    if after in SCALES or after in contexts.TIMES or after in contexts.MEASURES or phrase.keys[i] not in FRACTIONS:
        return False
    if after == key("की") and phrase.key(end + 1) in _EVENTS:
        return True
    before = phrase.key(i - 1)
    daypart = before in contexts.DAYPARTS or (
        before in {key("के"), key("को")} and phrase.key(i - 2) in contexts.DAYPARTS
    )
    return daypart and (not after or after in _WHEN)
