"""Spoken numbers → digits: amounts, dates, times, ₹, %, decimals, codes, ordinals. docs/hindi-text.md has the rules.

What may not be a number stays words: a lone एक, दो as a verb, idioms, "दो तीन लोग", पहले for "before".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from hindi_stt.text.hi import contexts
from hindi_stt.text.hi.amounts import Amount, amount_at, group_digits, rupees
from hindi_stt.text.hi.clock import clock_time
from hindi_stt.text.hi.counts import estimate_end, is_count, is_uncounted
from hindi_stt.text.hi.digits import find_runs, is_code
from hindi_stt.text.hi.fixed_phrases import fixed_phrase_end, fixed_phrases
from hindi_stt.text.hi.names import is_part_of_a_name
from hindi_stt.text.hi.number_words import FRACTIONS, SCALES, UNITS
from hindi_stt.text.hi.ordinals import IRREGULAR_ORDINALS, ORDINAL_ENDINGS, ordinal_at
from hindi_stt.text.hi.phrase import Phrase, Reading
from hindi_stt.text.hi.ranges import range_of_numbers
from hindi_stt.text.hi.spelling import key
from hindi_stt.text.hi.years import year
from hindi_stt.text.words import Span, apply
from hindi_stt.types import Numerals, Word

__all__ = ["group_digits", "rewrite_numerals"]

# A number is not said over a longer pause.
_MAX_PAUSE_S: Final = 1.0
_TO_DEVANAGARI: Final = str.maketrans("0123456789", "०१२३४५६७८९")
_PLUS: Final = key("प्लस")
_NUMBER_WORDS: Final = (
    UNITS.keys()
    | SCALES.keys()
    | FRACTIONS.keys()
    | IRREGULAR_ORDINALS
    | contexts.MINUS
    | contexts.QUARTER
    | {key("पौन")}
)
_FROM_OR_OF: Final = contexts.keys_of("से की")


def rewrite_numerals(words: Sequence[Word], style: Numerals) -> tuple[Word, ...]:
    """Write spoken numbers in digits.

    Args:
        words: The words.
        style: Which digits; "off" leaves the words as they are.

    Returns:
        The words, with one word for each number.
    """
    if style == "off":
        return tuple(words)
    spans = [span for start, end in _phrases(words) for span in _spans(words, start, end)]
    if style == "devanagari":
        spans = [Span(span.start, span.end, span.text.translate(_TO_DEVANAGARI)) for span in spans]
    return apply(words, spans)


def _phrases(words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    start = 0
    for i in range(1, len(words) + 1):
        if i == len(words) or words[i].start_s - words[i - 1].end_s > _MAX_PAUSE_S:
            yield start, i
            start = i


def _spans(words: Sequence[Word], first: int, last: int) -> Iterator[Span]:
    texts = [word.text for word in words[first:last]]
    phrase = Phrase(texts, [key(text) for text in texts])
    codes = {run.start: run for run in find_runs(texts, phrase.keys) if is_code(run, phrase.keys)}
    i = 0
    while i < len(texts):
        if run := codes.get(i):
            plus = "+" if phrase.key(i) == _PLUS else ""
            reading = Reading.of(i, run.end, plus + run.digits)
        elif _may_begin(phrase.keys[i]):
            reading = next((found for rule in _RULES if (found := rule(phrase, i))), Reading(i + 1))
        else:
            i += 1
            continue
        for span in reading.spans:
            yield Span(first + span.start, first + span.end, span.text)
        i = reading.end


def _may_begin(word: str) -> bool:
    """Whether any rule can begin at a word with this key: most words of speech need no rule."""
    return word in _NUMBER_WORDS or word in fixed_phrases() or word.endswith(ORDINAL_ENDINGS)


def _fixed_phrase(phrase: Phrase, i: int) -> Reading | None:
    end = fixed_phrase_end(phrase.keys, i)
    return Reading(end) if end else None


def _name(phrase: Phrase, i: int) -> Reading | None:
    number = phrase.number(i)
    return Reading(number.end) if number and is_part_of_a_name(phrase, i, number.end) else None


def _ordinal(phrase: Phrase, i: int) -> Reading | None:
    found = ordinal_at(phrase.texts, phrase.keys, i)
    return Reading.of(i, found[2], group_digits(found[0]) + found[1]) if found else None


def _score(phrase: Phrase, i: int) -> Reading | None:
    """दो एक से हराया → 2-1 से हराया."""
    ours, theirs = UNITS.get(phrase.key(i)), UNITS.get(phrase.key(i + 1))
    if ours is None or theirs is None or max(ours, theirs) > 9 or phrase.key(i + 2) not in _FROM_OR_OF:
        return None
    return Reading.of(i, i + 2, f"{ours}-{theirs}") if phrase.key(i + 3) in contexts.SCORES else None


def _times_table(phrase: Phrase, i: int) -> Reading | None:
    """दो दूनी चार, पाँच पंजे पच्चीस: a line of the multiplication table, recited."""
    number = phrase.number(i)
    product = phrase.number(number.end + 1) if number and phrase.key(number.end) in contexts.TIMES_TABLE else None
    return Reading(product.end) if product else None


def _difference(phrase: Phrase, i: int) -> Reading | None:
    """पाँच माइनस दो → 5 - 2: behind a number, माइनस is no sign of the next."""
    minus = phrase.key(i) in contexts.MINUS and i and phrase.key(i - 1) in UNITS and phrase.number(i + 1)
    return Reading.of(i, i + 1, "-") if minus else None


def _number(phrase: Phrase, i: int) -> Reading | None:
    """Any other number, with the rupees, paise or per cent that follow it."""
    amount = amount_at(phrase, i)
    if not amount:
        # "सवा डेढ़ घंटा": the one or the other.
        other = phrase.number(i + 1) if phrase.key(i) in contexts.QUARTER else None
        return Reading(other.end) if other else None
    if is_uncounted(phrase, i):
        return Reading(amount.end)
    after = phrase.key(amount.end)
    if after in contexts.PERCENT:
        return Reading.of(i, amount.end + 1, amount.text + "%")
    if amount.cardinal and (end := estimate_end(phrase, i, amount.end)):
        return Reading(end)
    if after in contexts.RUPEES:
        return rupees(phrase, amount)
    return Reading.of(i, amount.end, amount.text) if _is_meant(phrase, i, amount) else Reading(amount.end)


def _is_meant(phrase: Phrase, i: int, amount: Amount) -> bool:
    return not amount.cardinal or amount.end > i + 1 or is_count(phrase, i, amount)


_RULES: Final[tuple[Callable[[Phrase, int], Reading | None], ...]] = (
    _fixed_phrase,
    _name,
    _times_table,
    clock_time,
    _ordinal,
    _score,
    _difference,
    year,
    range_of_numbers,
    _number,
)
