"""Values that requests carry as text: true or false, and whole numbers."""

from __future__ import annotations

from typing import Final

__all__ = ["parse_boolean", "parse_whole_number"]

_BOOLEANS: Final = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}


def parse_boolean(text: str) -> bool | None:
    """Parse true or false, 1 or 0, yes or no, on or off, in upper or lower case.

    Args:
        text: The value, which may have white space around it.

    Returns:
        Whether it is true; None for any other text.
    """
    return _BOOLEANS.get(text.strip().lower())


def parse_whole_number(text: str, allowed: range) -> int | None:
    """Parse a whole number in ASCII digits; a minus sign may precede them.

    Args:
        text: The value, which may have white space around it, and be of any length.
        allowed: The numbers that it may be.

    Returns:
        The number; None for any other text.
    """
    text = text.strip()
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    if not (digits.isascii() and digits.isdecimal()):
        return None
    significant = digits.lstrip("0") or "0"
    # Python refuses to convert thousands of digits.
    if len(significant) > max(len(str(abs(bound))) for bound in (allowed.start, allowed.stop)):
        return None
    number = int(sign + significant)
    return number if number in allowed else None
