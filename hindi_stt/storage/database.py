"""Database engines whose errors say what failed without the values: those may be transcripts or secrets.

By default SQLAlchemy puts a statement's parameters into its exceptions, and PostgreSQL puts the values of
the row at fault into the lines after the first of its own messages.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext

__all__ = ["first_line", "make_engine"]


def make_engine(url: str, **options: Any) -> Engine:
    """An engine whose exceptions can be logged.

    Args:
        url: The database, as SQLAlchemy takes it.
        **options: Further arguments of `sqlalchemy.create_engine`.

    Returns:
        The engine; nothing is connected yet.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: It is no such URL.
        ImportError: The driver is not installed.
    """
    engine = create_engine(url, hide_parameters=True, **options)
    event.listen(engine, "handle_error", _drop_details)
    return engine


def first_line(error: object) -> str:
    """The first line of an error's message; the statement follows it, which says no more to an operator."""
    return str(error).partition("\n")[0]


def _drop_details(context: ExceptionContext) -> None:
    """Shorten the driver's exception, which SQLAlchemy has already wrapped and whose traceback may be logged."""
    error = context.original_exception
    error.args = (first_line(error),)
    if (wrapped := context.sqlalchemy_exception) is not None:
        wrapped.args = tuple(first_line(arg) if isinstance(arg, str) else arg for arg in wrapped.args)
