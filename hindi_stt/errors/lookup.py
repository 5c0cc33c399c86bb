"""Errors by their code or HTTP status, and additions to errors that pass by."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from hindi_stt.errors.audio import UnsupportedAudio
from hindi_stt.errors.base import HindiSTTError
from hindi_stt.errors.request import InvalidRequest, MethodNotAllowed, NotFound
from hindi_stt.errors.server import InternalError, Overloaded, RunnerUnavailable, Timeout
from hindi_stt.errors.uploads import BodyTooLarge

__all__ = [
    "error_types",
    "from_code",
    "from_status",
    "within",
]


def error_types(base: type[HindiSTTError] = HindiSTTError) -> Iterator[type[HindiSTTError]]:
    """Every class of the tree, parents before children."""
    for cls in base.__subclasses__():
        yield cls
        yield from error_types(cls)


def from_code(code: str, message: str, retry_after_s: float | None = None) -> HindiSTTError:
    """Return the error with this code, for errors that crossed a process boundary.

    Args:
        code: The error's code.
        message: The error's message.
        retry_after_s: Seconds after which the request can be repeated; None if unknown.

    Returns:
        The error; an InternalError for an unknown code.
    """
    return next((cls for cls in error_types() if cls.code == code), InternalError)(message, retry_after_s=retry_after_s)


def from_status(status: int, message: str) -> HindiSTTError:
    """Return the error for an HTTP status that a library below this one chose.

    Args:
        status: The HTTP status.
        message: The error's message.

    Returns:
        The error; for a status without one, InvalidRequest or InternalError.
    """
    return {
        404: NotFound,
        405: MethodNotAllowed,
        413: BodyTooLarge,
        415: UnsupportedAudio,
        429: Overloaded,
        503: RunnerUnavailable,
        504: Timeout,
    }.get(status, InvalidRequest if status < 500 else InternalError)(message)


@contextlib.contextmanager
def within(field: str) -> Iterator[None]:
    """Prefix the parameter that errors raised inside the block name with an outer field.

    Args:
        field: Name of an object in the request; an error about its `rate` then has the param `field.rate`, and one
            about the object itself the param `field`.

    Raises:
        HindiSTTError: The error that was raised inside the block.
    """
    try:
        yield
    except HindiSTTError as error:
        if error.status < InternalError.status:
            error.param = field if error.param is None else f"{field}.{error.param}"
        raise
