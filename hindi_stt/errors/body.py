"""An error as the body of an answer."""

from __future__ import annotations

from typing import Any

from hindi_stt.errors.base import HindiSTTError

__all__ = ["error_json"]


def error_json(error: HindiSTTError, request_id: str, *, openai: bool = False) -> dict[str, Any]:
    """The body of the answer for an error.

    Args:
        error: The error.
        request_id: Id of the request.
        openai: Also give OpenAI's `type` and `param`.

    Returns:
        `{"error": {code, message, status, request_id, help}}`.
    """
    detail: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "status": error.status,
        "request_id": request_id,
        "help": error.help,
    }
    if openai:
        detail |= {"type": "server_error" if error.status >= 500 else "invalid_request_error", "param": error.param}
    return {"error": detail}
