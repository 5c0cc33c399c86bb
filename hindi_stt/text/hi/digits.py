"""Runs of digits said or written one after another: telephone numbers, codes, card numbers."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from hindi_stt.text.hi.contexts import CALL_CUES, CODE_CUES, SHORT_CODE_CUES, keys_of
from hindi_stt.text.hi.english_numbers import ENGLISH_DIGITS, ENGLISH_TEENS, ENGLISH_TENS, REPEATS, SPOKEN_O
from hindi_stt.text.hi.fixed_phrases import fixed_phrase_end
from hindi_stt.text.hi.number_words import SCALES, UNITS
from hindi_stt.text.hi.spelling import key
from hindi_stt.text.masking import MaskableRun

__all__ = ["DigitRun", "digit_runs", "find_runs", "is_code"]

_PLUS: Final = key("प्लस")
# Said within a number, between two groups of digits.
_FILLERS: Final = keys_of("और फिर डैश हाइफ़न स्पेस हाँ जी मतलब उम्म अम्म हम्म ओके अच्छा एंड")
_WRITTEN: Final = re.compile(r"\+?[(]?[0-9०-९](?:[0-9०-९]|[-()./, ](?=[0-9०-९(]))*[)]?[।,.;?!]?")
_GROUPED: Final = re.compile("[0-9०-९][,./][0-9०-९]")
# Behind these words, so many digits are the whole number.
_COMPLETE: Final = {
    **{word: range(3, 7) for word in keys_of("ओटीपी पिन पिनकोड सीवीवी पासवर्ड पासकोड")},
    **{word: range(10, 11) for word in keys_of("फ़ोन मोबाइल व्हाट्सएप पीएनआर")},
    key("आधार"): range(12, 13),
}
_TO_LATIN: Final = str.maketrans("०१२३४५६७८९", "0123456789")
_CUE_DISTANCE: Final = 3
_ROW_OF_ZEROS: Final = 3
_FIRST_PAIR_OF_A_MOBILE: Final = 60
_DIGITS: Final = {**UNITS, **ENGLISH_TEENS, **ENGLISH_DIGITS}
_SPOKEN: Final = _DIGITS.keys() | ENGLISH_TENS.keys() | REPEATS.keys() | SPOKEN_O | {_PLUS}
_WRITTEN_BEGINNINGS: Final = frozenset("+(0123456789०१२३४५६७८९")
_PLACE: Final = key("पर")


@dataclass(frozen=True, slots=True)
class DigitRun:
    """Words that say digits.

    Attributes:
        start: First word.
        end: Word behind the last one.
        digits: The digits.
        words: How many words say digits.
        single: Whether each word says one digit.
        spoken: Whether no word is written in digits.
        marked: Whether it begins with प्लस, or has a डबल, ट्रिपल or zero, which are not said when counting.
        parts: The digits of each word.
    """

    start: int
    end: int
    digits: str
    words: int
    single: bool
    spoken: bool
    marked: bool
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Said:
    digits: str
    end: int
    single: bool
    spoken: bool
    marked: bool


def digit_runs(texts: Sequence[str]) -> Iterator[MaskableRun]:
    """Each run of digits as masking wants it: also across fillers, and with what tells whether it may be cut off."""
    keys = [key(text) for text in texts]
    for run in find_runs(texts, keys, fillers=True):
        whole = _looks_spelled_out(texts, keys, run)
        at_beginning = _FILLERS.issuperset(keys[: run.start])
        at_end = _FILLERS.issuperset(keys[run.end :])
        yield MaskableRun(
            run.start,
            run.end,
            run.digits,
            may_have_begun_before=whole and at_beginning,
            may_go_on=whole and at_end,
            at_beginning=at_beginning,
            at_end=at_end,
            named=_cued(run, keys),
            parts=run.words,
        )


def _looks_spelled_out(texts: Sequence[str], keys: Sequence[str], run: DigitRun) -> bool:
    """Tell whether the run looks like part of a number said digit by digit, and not like an amount, a year or counting.

    It is not part of one either if it is a complete number of another kind: an Aadhaar number, an OTP.

    Args:
        texts: The words as they were spoken.
        keys: Their spelling keys.
        run: The run.

    Returns:
        Whether it does.
    """
    before = keys[max(0, run.start - _CUE_DISTANCE) : run.start]
    if any(word in before and len(run.digits) in lengths for word, lengths in _COMPLETE.items()):
        return False
    if fixed_phrase_end(keys, run.start) == run.end:
        return False
    if _cued(run, keys) or run.marked:
        return True
    return _is_no_amount(run) if run.spoken else _is_no_written_amount(texts[run.start : run.end], run.digits)


def _is_no_written_amount(texts: Sequence[str], digits: str) -> bool:
    """Whether digits that are written have more than the four of a year, and no grouping."""
    return len(digits) > 4 and not any(_GROUPED.search(text) for text in texts)


def _is_no_amount(run: DigitRun) -> bool:
    """Whether digits that are spoken neither count ("एक दो तीन चार", "दस बीस तीस") nor estimate ("पचास साठ")."""
    if run.single:
        return not (_counts(run.digits) and run.digits[0] == "1" < run.digits[1])
    values = [int(part) for part in run.parts]
    if run.words == 1:
        return values[0] >= _FIRST_PAIR_OF_A_MOBILE
    if run.words == 2:  # "अट्ठानवे दस"; an estimate rises
        return values[0] >= _FIRST_PAIR_OF_A_MOBILE and values[1] < values[0]
    return len({after - before for before, after in itertools.pairwise(values)}) > 1


def find_runs(texts: Sequence[str], keys: Sequence[str], *, fillers: bool = False) -> Iterator[DigitRun]:
    """Find each longest run of words that say or write digits.

    Args:
        texts: The words as they were spoken.
        keys: Their spelling keys.
        fillers: Allow one filler ("और", "जी") between two of them.

    Yields:
        The runs, in order.
    """
    i = 0
    while i < len(texts):
        may_begin = keys[i] in _SPOKEN or texts[i][:1] in _WRITTEN_BEGINNINGS
        run = _run_at(texts, keys, i, fillers=fillers) if may_begin else None
        if run:
            yield run
        i = run.end if run else i + 1


def _run_at(texts: Sequence[str], keys: Sequence[str], start: int, *, fillers: bool) -> DigitRun | None:
    plus = keys[start] == _PLUS
    i = start + plus
    end = start
    said: list[_Said] = []
    while i < len(keys):
        if one := _said_at(texts, keys, i) or _o_at(keys, i, inside=bool(said)):
            said.append(one)
            i = end = one.end
        elif fillers and said and i == end and keys[i] in _FILLERS:
            i += 1
        else:
            break
    if not said:
        return None
    return DigitRun(
        start=start,
        end=end,
        digits="".join(one.digits for one in said),
        words=len(said),
        single=all(one.single for one in said),
        spoken=all(one.spoken for one in said),
        marked=plus or any(one.marked for one in said),
        parts=tuple(one.digits for one in said),
    )


def _said_at(texts: Sequence[str], keys: Sequence[str], i: int) -> _Said | None:
    """The digits that begin at this word."""
    if _WRITTEN.fullmatch(texts[i]):
        digits = "".join(re.findall("[0-9]", texts[i].translate(_TO_LATIN)))
        return _Said(digits, i + 1, single=len(digits) == 1, spoken=False, marked=False)
    repeat = REPEATS.get(keys[i], 1)
    j = i + (repeat > 1)
    if j >= len(keys):
        return None
    if repeat == 1 and keys[j] in ENGLISH_TENS:
        units = ENGLISH_DIGITS.get(keys[j + 1], 0) if j + 1 < len(keys) else 0
        return _Said(str(ENGLISH_TENS[keys[j]] + units), j + 1 + bool(units), single=False, spoken=True, marked=False)
    value = 0 if repeat > 1 and keys[j] in SPOKEN_O else _DIGITS.get(keys[j])
    if value is None or (repeat > 1 and value > 9):
        return None
    if j + 1 < len(keys) and keys[j + 1] in SCALES:
        return None  # "नौ सौ": a number, not a digit
    return _Said(str(value) * repeat, j + 1, single=value < 10, spoken=True, marked=repeat > 1 or not value)


def _o_at(keys: Sequence[str], i: int, *, inside: bool) -> _Said | None:
    """The letter O for zero: behind a digit, before an English one, or several in a row. Elsewhere ओ calls somebody."""
    j = i
    while j < len(keys) and keys[j] in SPOKEN_O:
        j += 1
    before_digits = j < len(keys) and (keys[j] in ENGLISH_DIGITS or keys[j] in ENGLISH_TENS or keys[j] in REPEATS)
    if j == i or not (inside or before_digits or j - i >= _ROW_OF_ZEROS):
        return None
    return _Said("0", i + 1, single=True, spoken=True, marked=False)


def _cued(run: DigitRun, keys: Sequence[str]) -> bool:
    return not CODE_CUES.isdisjoint(keys[max(0, run.start - _CUE_DISTANCE) : run.start])


def _called(run: DigitRun, keys: Sequence[str]) -> bool:
    """Whether somebody is to call the number: "एक एक दो पर कॉल करें", "एक शून्य शून्य डायल करो"."""
    after = keys[run.end : run.end + 3]
    return bool(after) and (after[0] == _PLACE or after[0] in CALL_CUES) and not CALL_CUES.isdisjoint(after)


def is_code(run: DigitRun, keys: Sequence[str]) -> bool:
    """Tell whether the run is one number said digit by digit, and not several numbers in a row.

    Args:
        run: The run.
        keys: Spelling keys of all words.

    Returns:
        Whether it is.
    """
    if not run.spoken:
        return False
    cued = _cued(run, keys) or _called(run, keys)
    if not run.single:
        if SHORT_CODE_CUES.intersection(keys[max(0, run.start - 2) : run.start]):
            return len(run.digits) >= 4
        return run.words >= (3 if cued else 4) and (cued or _looks_like_phone(run.digits))
    if _counts(run.digits) and len(run.digits) != 10 and not cued:
        return False
    return len(run.digits) >= (3 if cued or run.marked else 5)


def _looks_like_phone(digits: str) -> bool:
    local = digits.removeprefix("91") if len(digits) == 12 else digits.removeprefix("0")
    return len(local) == 10 and local[0] in "6789"


def _counts(digits: str) -> bool:
    """एक दो तीन …, or a countdown."""
    steps = {int(after) - int(digit) for digit, after in itertools.pairwise(digits)}
    return steps in ({1}, {-1})
