"""Removes control characters from log records, so that a client's text cannot begin a new line or move a cursor."""

from __future__ import annotations

import logging
from typing import Final

__all__ = ["EscapeControls", "LineFormatter", "escape_controls"]

_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {
    0x2028: "\\u2028",  # separators of lines and paragraphs
    0x2029: "\\u2029",
}
_IN_TRACEBACKS: Final = {code: text for code, text in _CONTROLS.items() if chr(code) not in "\n\t"}


def escape_controls(text: str) -> str:
    r"""The text with control characters as \x1b and the like."""
    return text.translate(_CONTROLS)


class LineFormatter(logging.Formatter):
    """Formats the message as one line; only a traceback has lines below it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # the name is logging's
        """The line of a record."""
        return escape_controls(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        """The record, with its traceback if it has one."""
        return super().format(record).translate(_IN_TRACEBACKS)


class EscapeControls(logging.Filter):
    """For loggers whose handlers are not ours: escapes the message before they format it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; keep it."""
        message = record.getMessage()
        if (escaped := escape_controls(message)) != message:
            record.msg, record.args = escaped, ()
        return True
