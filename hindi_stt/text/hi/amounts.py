"""A number as it is written: with its sign, its decimals or its denominator, as rupees or as a percentage."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hindi_stt.text.hi import contexts
from hindi_stt.text.hi.cardinals import parse
from hindi_stt.text.hi.give import is_given
from hindi_stt.text.hi.number_words import SCALES, UNITS
from hindi_stt.text.hi.phrase import Phrase, Reading

__all__ = ["Amount", "amount_at", "group_digits", "rupees"]


@dataclass(frozen=True, slots=True)
class Amount:
    """A number that some words say.

    Attributes:
        start: First word.
        end: Word behind the last one.
        text: The number as it is written.
        value: Its value; of a fraction, that of the numerator.
        cardinal: Whether it is written without a sign, decimals or a denominator.
    """

    start: int
    end: int
    text: str
    value: Decimal
    cardinal: bool = True

    @property
    def is_fraction(self) -> bool:
        """Whether it has a denominator."""
        return "/" in self.text


def group_digits(value: Decimal) -> str:
    """The number with Indian grouping from five digits on (12,34,567; 1947), and without zeros after its decimals."""
    whole, _, decimals = f"{value:f}".partition(".")
    decimals = decimals.rstrip("0")
    if len(whole) > 4:
        head, tail = whole[:-3], whole[-3:]
        pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)]
        whole = ",".join([*reversed(pairs), tail])
    return f"{whole}.{decimals}" if decimals else whole


def amount_at(phrase: Phrase, i: int) -> Amount | None:
    """Read the number that begins at a word, with माइनस before it, and दशमलव or बटा behind it.

    Args:
        phrase: The words.
        i: Position of the first word.

    Returns:
        The number; None without one.
    """
    minus = phrase.key(i) in contexts.MINUS
    number = phrase.number(i + minus)
    if number and is_given(phrase, i, number.end):
        number = parse(phrase.keys[: number.end - 1], i)
    if not number:
        return None
    sign = "-" if minus else ""
    whole = sign + group_digits(number.value)
    joint = phrase.key(number.end)
    if joint in contexts.POINT and not number.value % 1:
        decimals, end = _decimals(phrase, number.end + 1)
        if decimals:
            return _decimal(phrase, i, f"{sign}{number.value}", decimals, end)
    if joint in contexts.OVER and (below := phrase.number(number.end + 1)) and below.value:
        return Amount(i, below.end, f"{whole}/{group_digits(below.value)}", number.value, cardinal=False)
    return Amount(i, number.end, whole, -number.value if minus else number.value, cardinal=not minus)


def _decimal(phrase: Phrase, start: int, whole: str, decimals: str, end: int) -> Amount:
    """A decimal with the scales behind it multiplied out, or a version number: "दो पॉइंट तीन पॉइंट एक"."""
    value = Decimal(f"{whole}.{decimals}")
    scale = 1
    while factor := SCALES.get(phrase.key(end)):
        scale, end = scale * factor, end + 1
    if scale > 1:
        return Amount(start, end, group_digits(value * scale), value * scale)
    text = f"{group_digits(Decimal(whole))}.{decimals}"
    while phrase.key(end) in contexts.POINT and (part := UNITS.get(phrase.key(end + 1))) is not None:
        text, end = f"{text}.{part}", end + 2
    return Amount(start, end, text, value, cardinal=False)


def _decimals(phrase: Phrase, i: int) -> tuple[str, int]:
    """एक चार → "14"; चौदह → "14"."""
    digits = ""
    while (value := UNITS.get(phrase.key(i))) is not None and (value < 10 or not digits):
        digits += str(value)
        i += 1
        if value > 9:
            break
    return digits, i


def rupees(phrase: Phrase, amount: Amount) -> Reading:
    """Read an amount of money: the रुपये behind a number, and the paise behind those.

    Args:
        phrase: The words.
        amount: The number, which रुपये follows.

    Returns:
        The amount with ₹.
    """
    end = amount.end + 1
    sign, text = ("-", amount.text[1:]) if amount.text[0] == "-" else ("", amount.text)
    whole, _, decimals = text.partition(".")
    paise = UNITS.get(phrase.key(end))
    if not decimals and paise and phrase.key(end + 1) in contexts.PAISE:
        return Reading.of(amount.start, end + 2, f"{sign}₹{whole}.{paise:02}")
    written = f"{sign}₹{whole}.{decimals:0<2}" if decimals else f"{sign}₹{whole}"  # ₹2.50: paise have two digits
    return Reading.of(amount.start, end, written)
