"""What speakers without a name are called: Speaker 1, Speaker 2, …"""

from __future__ import annotations

from typing import Final

__all__ = ["speaker_name", "speaker_number"]

_PREFIX: Final = "Speaker "


def speaker_name(number: int) -> str:
    """Return what a speaker without a name is called: Speaker 1 for the number 0."""
    return f"{_PREFIX}{number + 1}"


def speaker_number(name: str | None) -> int | None:
    """Return the number of a speaker without a name: 0 for Speaker 1.

    Args:
        name: What a speaker is called; None where speakers are not told apart.

    Returns:
        The number; None where there is no name, or another one.
    """
    digits = (name or "").removeprefix(_PREFIX)
    return int(digits) - 1 if digits != name and digits.isascii() and digits.isdecimal() else None
