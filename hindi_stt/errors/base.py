"""The base of every error that a user can meet."""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "HindiSTTError",
]


class HindiSTTError(Exception):
    """Base of the tree: `code`, `status` (HTTP) and `help` are fixed per class, `message` describes this case.

    Args:
        message: Description of this case.
        retry_after_s: Seconds after which trying again makes sense, where that is known.
        param: The request's field at fault, where it is one field's, as OpenAI's errors name it: `response_format`, or
            `session.audio.input.format.rate` in an event. By default that of the class, `default_param`.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    help: ClassVar[str] = "See docs/errors.md."
    default_param: ClassVar[str | None] = None

    def __init__(self, message: str, *, retry_after_s: float | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s
        self.param = param if param is not None else self.default_param
