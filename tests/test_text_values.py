"""Truth values and whole numbers in the texts of requests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindi_stt.text_values import parse_boolean, parse_whole_number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *((text, True) for text in ("true", "TRUE", " true ", "1", "yes", "on")),
        *((text, False) for text in ("false", "False", "0", "no", "OFF\n")),
        *((text, None) for text in ("", " ", "2", "truth", "हाँ", "01", "y")),
    ],
)
def test_booleans(text: str, expected: bool | None) -> None:
    assert parse_boolean(text) is expected


@given(st.integers(-20, 20), st.integers(-30, 30), st.integers(0, 40), st.integers(0, 9))
def test_every_number_of_the_range_is_parsed_and_no_other(number: int, start: int, length: int, zeros: int) -> None:
    allowed = range(start, start + length)
    text = ("-" if number < 0 else "") + "0" * zeros + str(abs(number))
    expected = number if number in allowed else None
    assert parse_whole_number(text, allowed) == expected
    assert parse_whole_number(f" {text}\t", allowed) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "-", "--1", "+1", "1.0", "1e0", "1_0", "०", "²", "1 2", "0x1"),
        *("00000001000000", "9" * 5_000, "-" + "9" * 5_000, "0" * 5_000 + "101"),
    ],
)
def test_other_texts_are_no_numbers(text: str) -> None:
    assert parse_whole_number(text, range(-100, 101)) is None


def test_leading_zeros_do_not_count_as_digits() -> None:
    assert parse_whole_number("0" * 5_000 + "7", range(1, 10)) == 7
