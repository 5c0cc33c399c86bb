"""Fields of objects that clients send, whatever is in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["MAX_NUMBER", "MAX_TEXT", "field", "is_short", "text_fields"]

MAX_TEXT: Final = 1024
"""Longest text of a field that is kept."""
MAX_NUMBER: Final = 2**53
_MAX_FIELDS: Final = 64


def field(found: Mapping[str, Any], *names: str) -> Any:
    """Return the first of several fields that an object has, since platforms spell them differently.

    Args:
        found: The object.
        *names: The spellings.

    Returns:
        The value; None where it has none of them.
    """
    return next((found[name] for name in names if found.get(name) is not None), None)


def text_fields(found: object) -> dict[str, str]:
    """Return the fields of an object whose values are short texts, numbers or booleans, as text.

    Args:
        found: What a client sent; anything but an object has no fields.

    Returns:
        At most 64 fields.
    """
    if not isinstance(found, dict):
        return {}
    pairs = ((name[:MAX_TEXT], str(value)[:MAX_TEXT]) for name, value in found.items() if is_short(value))
    return dict(list(pairs)[:_MAX_FIELDS])


def is_short(value: object) -> bool:
    """Whether a value can be written as text: Python refuses to write numbers of thousands of digits."""
    return isinstance(value, str | float) or (isinstance(value, int) and abs(value) < MAX_NUMBER)
