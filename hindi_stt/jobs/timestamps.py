"""Times of jobs as text."""

from __future__ import annotations

import time

__all__ = ["utc_text"]


def utc_text(seconds: float) -> str:
    """Write a time as ISO 8601 in UTC.

    Args:
        seconds: Since 1970.

    Returns:
        For instance 2026-01-31T09:05:07Z; fractions of a second are left out.
    """
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
