"""Patch: no error in the log for a WebSocket that was refused with an HTTP response.

What: a filter on uvicorn's log. Why: uvicorn (0.54) reports that the application "returned without completing
handshake", though the client has its response.
"""

from __future__ import annotations

import logging

from hindi_stt.observability.request_context import handshake_was_denied

__all__ = ["DeniedHandshakes", "patch"]


class DeniedHandshakes(logging.Filter):
    """Drops that entry where the handshake of the current task's WebSocket was answered; keeps all others."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide on one record.

        Args:
            record: Any record of uvicorn.

        Returns:
            Whether it is logged.
        """
        return not (handshake_was_denied() and "without completing handshake" in str(record.msg))


def patch() -> None:
    """Filter uvicorn's log of this process."""
    logger = logging.getLogger("uvicorn.error")
    if not any(isinstance(there, DeniedHandshakes) for there in logger.filters):
        logger.addFilter(DeniedHandshakes())
