"""The values of form fields: what they may be, and what is wrong with them."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from hindi_stt.errors import InvalidRequest
from hindi_stt.text_values import parse_boolean

__all__ = ["CHUNKING_SCHEMAS", "boolean", "chunking_warnings", "one_of", "unknown_field"]

_CHUNKING: Final = ("auto", "server_vad")
_CHUNKING_NUMBERS: Final = ("threshold", "prefix_padding_ms", "silence_duration_ms")
# OpenAI's chunking_strategy: as a text, and as its clients send an object.
CHUNKING_SCHEMAS: Final[Mapping[str, dict[str, Any]]] = {
    "chunking_strategy": {
        "type": "string",
        "default": "auto",
        "description": "auto, server_vad, or an object as JSON; recordings are always cut at pauses.",
    },
    "chunking_strategy[type]": {"type": "string", "enum": list(_CHUNKING[1:])},
    **{
        f"chunking_strategy[{name}]": {"type": "number", "description": "Without effect; a warning says so."}
        for name in _CHUNKING_NUMBERS
    },
}


def unknown_field(name: str, known: Sequence[str]) -> InvalidRequest:
    """Make the error about an unknown field, with the known field of the nearest name.

    Args:
        name: The field's name.
        known: Names of the known fields.

    Returns:
        The error.
    """
    near = difflib.get_close_matches(name.lower().removesuffix("[]"), known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return InvalidRequest(f"Unknown field: {name[:64]!r}.{hint} Known are {', '.join(known)}.", param=name[:64])


def one_of(fields: Mapping[str, str], name: str, values: tuple[str, ...]) -> str:
    """Parse a field with a fixed set of values.

    Args:
        fields: The request's fields.
        name: The field's name.
        values: Its values; the first one is the default.

    Returns:
        The value in lower case.

    Raises:
        InvalidRequest: The value is not one of them.
    """
    value = fields.get(name, values[0])
    if value.lower() not in values:
        raise InvalidRequest(f"{name}={value[:64]!r} is not offered; it may be {', '.join(values)}.", param=name)
    return value.lower()


def boolean(fields: Mapping[str, str], name: str) -> bool:
    """Parse a field that is true or false, 1 or 0, yes or no, on or off.

    Args:
        fields: Values by name.
        name: Name of the field.

    Returns:
        Its value.

    Raises:
        InvalidRequest: It has any other value.
    """
    value = parse_boolean(fields[name])
    if value is None:
        shown = fields[name].strip().lower()[:64]
        raise InvalidRequest(f"{name}={shown!r} is not offered; it may be true or false.", param=name)
    return value


def chunking_warnings(fields: Mapping[str, str]) -> list[str]:
    """Check OpenAI's chunking_strategy, as form fields or as an object in JSON.

    Args:
        fields: Those of the request.

    Returns:
        A warning for each number in it.

    Raises:
        InvalidRequest: It has an unknown field, or one whose value cannot be read.
    """  # noqa: DOC501  # unknown_field is a function
    prefix = "chunking_strategy["
    strategy: dict[str, Any] = {
        name.removeprefix(prefix).removesuffix("]"): value for name, value in fields.items() if name.startswith(prefix)
    }
    value = fields.get("chunking_strategy", _CHUNKING[0]).strip()
    if value.startswith("{"):
        try:
            strategy |= json.loads(value)
        except (ValueError, RecursionError) as error:
            raise InvalidRequest("chunking_strategy is not JSON.", param="chunking_strategy") from error
    else:
        one_of({"chunking_strategy": value}, "chunking_strategy", _CHUNKING)
    known = ("type", *_CHUNKING_NUMBERS)
    for name, given in strategy.items():
        path = f"chunking_strategy.{name}"
        if name == "type":
            one_of({path: str(given)}, path, _CHUNKING[1:])
        elif name not in known:
            raise unknown_field(path, [f"chunking_strategy.{one}" for one in known])
        elif not _is_number(given):
            raise InvalidRequest(f"{path} is not a number.", param=path)
    return [
        f"chunking_strategy.{name}: has no effect, since recordings are cut at pauses"
        for name in _CHUNKING_NUMBERS
        if name in strategy
    ]


def _is_number(value: object) -> bool:
    try:
        return math.isfinite(float(str(value)))
    except ValueError:
        return False
