"""Values of a query: truth values, whole numbers and seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hindi_stt.errors import InvalidRequest
from hindi_stt.text_values import parse_boolean, parse_whole_number

__all__ = ["flag", "is_flag", "number", "seconds"]

_MAX_SECONDS: Final = 60
_SHOWN_LETTERS: Final = 64


def is_flag(value: str) -> bool:
    """Whether a value is a truth value."""
    return parse_boolean(value) is not None


def flag(values: Mapping[str, str], name: str) -> bool:
    """Parse a truth value.

    Args:
        values: Values by name.
        name: Of the parameter.

    Returns:
        The value; False where there is none.

    Raises:
        InvalidRequest: It is neither true nor false.
    """
    text = values.get(name, "false")
    value = parse_boolean(text)
    if value is None:
        raise InvalidRequest(f"{name}={text.lower()[:_SHOWN_LETTERS]} is neither true nor false.", param=name)
    return value


def number(values: Mapping[str, str], name: str, allowed: range, default: int) -> int:
    """Parse a whole number.

    Args:
        values: Values by name.
        name: Of the parameter.
        allowed: Numbers that it may be.
        default: Where there is none, or it is `false`.

    Returns:
        The number.

    Raises:
        InvalidRequest: It is no number, or another one.
    """
    text = values.get(name, "")
    if not text or text.lower() == "false":
        return default
    found = parse_whole_number(text, allowed)
    if found is None:
        raise InvalidRequest(f"{name} is a whole number from {allowed[0]} to {allowed[-1]}.", param=name)
    return found


def seconds(values: Mapping[str, str], name: str, default: float) -> float:
    """Parse a number of seconds.

    Args:
        values: Values by name.
        name: Of the parameter.
        default: Where there is none.

    Returns:
        Seconds.

    Raises:
        InvalidRequest: It is no number above 0, up to 60.
    """
    try:
        found = float(values.get(name, default))
    except ValueError:
        found = -1.0
    if not 0 < found <= _MAX_SECONDS:
        raise InvalidRequest(f"{name} is a number of seconds above 0, up to {_MAX_SECONDS}.", param=name)
    return found
