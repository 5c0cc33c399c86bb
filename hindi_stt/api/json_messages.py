"""Messages of clients that have to be a JSON object, over whatever transport they come."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from hindi_stt.errors import InvalidRequest

__all__ = ["dump_json", "parse_json_object"]


def parse_json_object(text: str | bytes, what: str, *, shown_letters: int = 0) -> dict[str, Any]:
    """Parse a message as a JSON object.

    Deep nesting is refused, and so are halves of surrogate pairs, which could not be sent back.

    Args:
        text: The message.
        what: What the error calls it: "The message".
        shown_letters: How much of a message that is not JSON the error shows.

    Returns:
        The object.

    Raises:
        InvalidRequest: It is anything else.
    """
    try:
        found = from_json(text)
    except ValueError as error:
        shown = f": {text[:shown_letters]!s}" if shown_letters else "."
        raise InvalidRequest(f"{what} is not JSON, or holds invalid text{shown}") from error
    if not isinstance(found, dict):
        raise InvalidRequest(f"{what} is not a JSON object.")
    return found


def dump_json(body: Mapping[str, Any]) -> str:
    """Write an object as JSON, with Hindi as it is instead of escapes."""
    return json.dumps(body, ensure_ascii=False)
