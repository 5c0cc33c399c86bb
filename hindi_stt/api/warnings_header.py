"""The header that carries warnings where the body of an answer has no place for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

__all__ = ["WARNINGS_HEADER", "warnings_header"]

WARNINGS_HEADER: Final = "X-Warnings"


def warnings_header(warnings: Iterable[str]) -> str:
    """Write warnings as the value of X-Warnings.

    Args:
        warnings: The warnings, at least one.

    Returns:
        They, separated by commas; letters beyond ASCII are percent-encoded, as UTF-8.
    """
    return ", ".join(quote(text, safe=" =:,;'()") for text in warnings)
