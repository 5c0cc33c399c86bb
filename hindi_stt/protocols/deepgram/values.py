"""Values of a query: truth values, whole numbers and seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hindi_stt.errors import InvalidRequest

__all__ = ["flag", "is_flag", "number", "seconds"]

_TRUE: Final = frozenset({"true", "1", "yes", "on"})
_FALSE: Final = frozenset({"false", "0", "no", "off"})
_MAX_SECONDS: Final = 60
_SHOWN_LETTERS: Final = 64


def is_flag(value: str) -> bool:
    """Whether a value is a truth value."""
    return value.lower() in _TRUE | _FALSE


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
    value = values.get(name, "false").lower()
    if not is_flag(value):
        raise InvalidRequest(f"{name}={value[:_SHOWN_LETTERS]} is neither true nor false.", param=name)
    return value in _TRUE


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
    value = values.get(name, "")
    if not value or value.lower() == "false":
        return default
    if not (value.isascii() and value.isdecimal() and len(value) < 8 and int(value) in allowed):
        raise InvalidRequest(f"{name} is a whole number from {allowed[0]} to {allowed[-1]}.", param=name)
    return int(value)


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
