"""The base of models that clients send as JSON, and pydantic's errors as errors that name the field at fault."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from hindi_stt.errors import InvalidRequest

__all__ = ["RequestModel", "field_error", "invalid_request", "required_to"]

_FIELD_ERROR: Final = "field_error"
_MAX_NAME_LENGTH: Final = 64
# pydantic names the member of a union between this field and those within it.
_UNION_FIELD: Final = "turn_detection"
# Messages name these objects without the path to them, which `param` has.
_SHORT_PATHS: Final = ("turn_detection", "transcription")
_NOT_AN_OBJECT: Final = ("model_type", "model_attributes_type", "dict_type")
_UNKNOWN_MEMBER: Final = ("union_tag_invalid", "union_tag_not_found")


class RequestModel(BaseModel):
    """Base of a client's objects: values are not converted, and unknown fields are refused with the nearest name."""

    model_config = ConfigDict(extra="forbid", strict=True)

    named_in_errors: ClassVar[str] = "this event"
    """Name of the object with the fields, in errors."""
    fields_elsewhere: ClassVar[Mapping[str, str]] = {}
    """Fields of the protocol's other spelling, and what they are called in this one."""

    @classmethod
    def known_fields(cls) -> tuple[str, ...]:
        """The names of the fields that are accepted."""
        return tuple(cls.model_fields)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_fields(cls, value: Any) -> Any:
        """Run before the fields are checked: a misspelt name is often why another field is missing."""
        if isinstance(value, dict):
            known = cls.known_fields()
            for name in value:
                if name not in known:
                    raise field_error(f"is not a field of {cls.named_in_errors}{cls._hint(name, known)}", name)
        return value

    @classmethod
    def _hint(cls, name: str, known: tuple[str, ...]) -> str:
        if name in cls.fields_elsewhere:
            return f": here it is {cls.fields_elsewhere[name]}"
        near = difflib.get_close_matches(name[:_MAX_NAME_LENGTH], known, 1)
        return f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"


def field_error(text: str, field: str | None = None) -> PydanticCustomError:
    """Make the error that a validator raises about a field.

    Args:
        text: The problem, as it follows the name of the field.
        field: A field of the object that is being validated; without, the validated value itself is at fault.

    Returns:
        The error.
    """
    return PydanticCustomError(_FIELD_ERROR, "{text}", {"text": text, "field": field})


def required_to(text: str) -> WrapValidator:
    """Make a validator that replaces pydantic's message about a value.

    Args:
        text: The requirement, as it follows the name of the field: "has to be a number from 0 to 1".

    Returns:
        The validator.
    """

    def validate(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError as error:
            raise field_error(text) from error

    return WrapValidator(validate)


def invalid_request(error: ValidationError, *, parent: str | None = None, union: bool = False) -> InvalidRequest:
    """Convert pydantic's error.

    Args:
        error: Raised by the validation of a RequestModel; its first error counts.
        parent: The field that was validated, where it was not a whole request.
        union: Whether a member of a union was validated, whose tag then begins the location of each error.

    Returns:
        The error with the path of the field at fault as its `param`, as in `session.audio.input.format.rate`.
    """
    first = error.errors(include_url=False, include_input=False)[0]
    kind, context = first["type"], first.get("ctx", {})
    path = [parent] if parent is not None else []
    path += _path(first["loc"][1:] if union else first["loc"])
    if kind == _FIELD_ERROR:
        path += [] if context["field"] is None else [context["field"][:_MAX_NAME_LENGTH]]
        text = context["text"]
    elif kind in _UNKNOWN_MEMBER:
        path.append("type")
        text = f"may be {context['expected_tags'].replace(', ', ' or ')}"
    elif kind == "literal_error":
        text = f"may be {context['expected']}"
    elif kind == "missing":
        text = "is missing"
    elif kind in _NOT_AN_OBJECT:
        text = "is not an object"
    elif kind == "string_type":
        text = "is not text"
    else:
        text = f"cannot be used: {first['msg']}"
    ending = "" if text.endswith("?") else "."
    return InvalidRequest(f"{_shown(path)} {text}{ending}", param=".".join(path) or None)


def _path(location: tuple[int | str, ...]) -> list[str]:
    """The names of fields that lead to a value, without unions' members and up to the first list."""
    path: list[str] = []
    previous: int | str = ""
    for part in location:
        if isinstance(part, int):
            break
        if previous != _UNION_FIELD:
            path.append(part[:_MAX_NAME_LENGTH])
            previous = part
        else:
            previous = ""
    return path


def _shown(path: list[str]) -> str:
    if not path:
        return "The body"
    start = next((i for i, name in enumerate(path[:-1]) if name in _SHORT_PATHS), 0)
    return ".".join(path[start:]) if len(path) > 1 else repr(path[0])
