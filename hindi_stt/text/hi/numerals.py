"""Spoken numbers → digits: amounts, dates, times, ₹, %, decimals, codes, ordinals. docs/hindi-text.md has the rules.

What may not be a number stays words: a lone एक, दो as a verb, idioms, "दो तीन लोग", पहले for "before".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from hindi_stt.text.hi import contexts
from hindi_stt.text.hi.cardinals import parse
from hindi_stt.text.hi.digits import find_runs, is_code
from hindi_stt.text.hi.number_words import FRACTIONS, SCALES, UNITS
from hindi_stt.text.hi.ordinals import ordinal_at
from hindi_stt.text.hi.spelling import key
from hindi_stt.text.words import Span, apply
from hindi_stt.types import Numerals, Word

__all__ = ["group_digits", "rewrite_numerals"]

# A number is not said over a longer pause.
_MAX_PAUSE_S: Final = 1.0
_TO_DEVANAGARI: Final = str.maketrans("0123456789", "०१२३४५६७८९")


def rewrite_numerals(words: Sequence[Word], style: Numerals) -> tuple[Word, ...]:
    """The words with spoken numbers in digits of this style; off: as they are."""
    if style == "off":
        return tuple(words)
    spans = [span for start, end in _phrases(words) for span in _spans(words, start, end)]
    if style == "devanagari":
        spans = [Span(span.start, span.end, span.text.translate(_TO_DEVANAGARI)) for span in spans]
    return apply(words, spans)


def group_digits(value: Decimal) -> str:
    """The number with Indian grouping from five digits on (12,34,567; 1947), and without zeros after its decimals."""
    whole, _, decimals = f"{value:f}".partition(".")
    decimals = decimals.rstrip("0")
    if len(whole) > 4:
        head, tail = whole[:-3], whole[-3:]
        pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)]
        whole = ",".join([*reversed(pairs), tail])
    return f"{whole}.{decimals}" if decimals else whole


@dataclass(frozen=True, slots=True)
class _Phrase:
    """Words between two pauses, with their spelling keys."""

    texts: Sequence[str]
    keys: Sequence[str]

    def key(self, i: int) -> str:
        """The key of a word, "" outside the phrase."""
        return self.keys[i] if 0 <= i < len(self.keys) else ""


@dataclass(frozen=True, slots=True)
class _Amount:
    """A number as it will be written; value: None where it is a decimal or a fraction, which are written as said."""

    text: str
    end: int
    value: Decimal | None = None


_Reading = tuple[int, str]
"""End (excluded) of what a rule has read, and its text; "" where the words stay."""


def _phrases(words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    start = 0
    for i in range(1, len(words) + 1):
        if i == len(words) or words[i].start_s - words[i - 1].end_s > _MAX_PAUSE_S:
            yield start, i
            start = i


def _spans(words: Sequence[Word], first: int, last: int) -> Iterator[Span]:
    texts = [word.text for word in words[first:last]]
    phrase = _Phrase(texts, [key(text) for text in texts])
    codes = {run.start: run for run in find_runs(texts) if is_code(run, phrase.keys)}
    i = 0
    while i < len(texts):
        if run := codes.get(i):
            plus = "+" if phrase.key(i) == key("प्लस") else ""
            end, text = run.end, plus + run.digits
        else:
            end, text = next((reading for rule in _RULES if (reading := rule(phrase, i))), (i + 1, ""))
        if text:
            yield Span(first + i, first + end, text)
        i = end


def _idiom(phrase: _Phrase, i: int) -> _Reading | None:
    for idiom in contexts.IDIOMS:
        if tuple(phrase.keys[i : i + len(idiom)]) == idiom:
            return i + len(idiom), ""
    return None


def _clock(phrase: _Phrase, i: int) -> _Reading | None:
    """साढ़े तीन (बजे) → 3:30; तीन बजकर दस मिनट → 3:10."""
    number = parse(phrase.keys, i)
    if not number or not 0 < number.value < 25:
        return None
    hours, part = divmod(number.value, 1)
    after = phrase.key(number.end)
    if after in contexts.OCLOCK and part:
        return number.end, f"{int(hours) or 12}:{int(part * 60):02}"  # पौने एक is 12:45
    if after in contexts.PAST and not part:
        minutes, end = UNITS.get(phrase.key(number.end + 1)), number.end + 3
        if minutes is None or minutes > 59 or phrase.key(end - 1) not in contexts.MINUTES:
            return None
        text = f"{hours}:{minutes:02}"
        seconds = UNITS.get(phrase.key(end))
        if seconds is not None and seconds < 60 and phrase.key(end + 1) in contexts.SECONDS:
            return end + 2, f"{text}:{seconds:02}"
        return end, text
    return None


def _ordinal(phrase: _Phrase, i: int) -> _Reading | None:
    found = ordinal_at(phrase.texts, phrase.keys, i)
    return (found[2], group_digits(found[0]) + found[1]) if found else None


def _number(phrase: _Phrase, i: int) -> _Reading | None:
    """Any other number, with the rupees, paise or per cent that follow it."""
    amount = _amount(phrase, i)
    if not amount:
        return None
    after = phrase.key(amount.end)
    if after in contexts.PERCENT:
        return amount.end + 1, amount.text + "%"
    if after in contexts.RUPEES:
        return _rupees(phrase, amount)
    if amount.value is None:
        return amount.end, amount.text
    together = _apposed(phrase, i, amount.end)
    if together:
        return together, ""
    stays = amount.end == i + 1 and not _is_count(phrase, i, amount.value)
    return amount.end, "" if stays else amount.text


_RULES: Final[tuple[Callable[[_Phrase, int], _Reading | None], ...]] = (_idiom, _clock, _ordinal, _number)


def _amount(phrase: _Phrase, i: int) -> _Amount | None:
    """A number with its माइनस, and what follows दशमलव or बटा."""
    minus = phrase.key(i) in contexts.MINUS
    number = parse(phrase.keys, i + minus)
    if not number:
        return None
    whole = ("-" if minus else "") + group_digits(number.value)
    joint = phrase.key(number.end)
    if joint in contexts.POINT and not number.value % 1:
        decimals, end = _decimals(phrase, number.end + 1)
        if decimals and (scale := SCALES.get(phrase.key(end))):
            return _Amount(group_digits(Decimal(f"{number.value}.{decimals}") * scale), end + 1)
        if decimals:
            return _Amount(f"{whole}.{decimals}", end)
    if joint in contexts.OVER and (below := parse(phrase.keys, number.end + 1)) and below.value:
        return _Amount(f"{whole}/{group_digits(below.value)}", below.end)
    return _Amount(whole, number.end, None if minus else number.value)


def _decimals(phrase: _Phrase, i: int) -> tuple[str, int]:
    """एक चार → "14"; चौदह → "14"."""
    digits = ""
    while (value := UNITS.get(phrase.key(i))) is not None and (value < 10 or not digits):
        digits += str(value)
        i += 1
        if value > 9:
            break
    return digits, i


def _rupees(phrase: _Phrase, amount: _Amount) -> _Reading:
    end = amount.end + 1
    sign, amount_text = ("-", amount.text[1:]) if amount.text[0] == "-" else ("", amount.text)
    whole, _, decimals = amount_text.partition(".")
    paise = UNITS.get(phrase.key(end))
    if not decimals and paise and phrase.key(end + 1) in contexts.PAISE:
        return end + 2, f"{sign}₹{whole}.{paise:02}"
    return end, f"{sign}₹{whole}.{decimals:0<2}" if decimals else f"{sign}₹{whole}"  # ₹2.50: paise have two digits


def _apposed(phrase: _Phrase, i: int, end: int) -> int | None:
    """The end of two numbers side by side, the first a single word: "दो तीन", "दस बीस", "दो दो" are no amounts."""
    second = parse(phrase.keys, end)
    if end > i + 1 or not second or parse(phrase.keys, second.end):
        return None
    if parse(phrase.keys, i - 1) if i else None:
        return None  # the last two of a longer list
    return second.end


def _is_count(phrase: _Phrase, i: int, value: Decimal) -> bool:
    """Whether a number of one word is meant as a number."""
    word, before, after = phrase.key(i), phrase.key(i - 1), phrase.key(i + 1)
    if after in contexts.MEASURES or after in contexts.PARTS:
        return after in contexts.MEASURES
    if word in FRACTIONS:
        return after in contexts.TIMES
    if word in contexts.KIN:
        return before not in contexts.POSSESSIVES
    if value < 2 or word in SCALES:
        return before in UNITS or after in UNITS  # a list; two side by side have been left alone
    if value == 2:
        return bool(after) and after not in contexts.GIVE_AFTER and before not in contexts.GIVE_BEFORE
    return True
