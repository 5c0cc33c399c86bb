"""Building blocks of the groups of settings: base class, fields, and lists in one variable."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hindi_stt.errors import InvalidSetting

__all__ = [
    "PREFIX",
    "SettingsGroup",
    "invalid_setting",
    "is_host_name",
    "setting",
    "shown",
    "split_list",
    "variable",
]

PREFIX: Final = "HINDI_STT_"
# Past these bounds, timers and resource limits of the operating system overflow.
_MAX_NUMBER: Final = 2**50
_MAX_SECONDS: Final = 1e9
_PASSWORD: Final = re.compile(r"(?<=://)[^/@]*@")
_HOST_NAME: Final = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")


def setting(default: Any, meaning: str, *, example: str, unit: str = "", **constraints: Any) -> Any:
    """Declare a setting.

    Args:
        default: Value if the environment variable is not set.
        meaning: Its effect, for docs/settings.md; for a setting with a pattern also for the error message.
        example: A value as one writes it into the environment.
        unit: Unit of its number, empty where it has none.
        **constraints: Further arguments of `pydantic.Field`: bounds, a pattern.

    Returns:
        A pydantic field.
    """
    return Field(default, description=meaning, examples=[example], json_schema_extra={"unit": unit}, **constraints)


def split_list(text: str) -> tuple[str, ...]:
    """Split a list with commas between its entries.

    Args:
        text: The value of a setting.

    Returns:
        Its entries without white space around them; empty ones are left out.
    """
    return tuple(entry.strip() for entry in text.split(",") if entry.strip())


def variable(name: str) -> str:
    """Name the environment variable of a setting."""
    return PREFIX + name.upper()


def shown(value: object) -> str:
    """Write a setting's value for a message; what precedes the @ of a URL may be a password, and is left out."""
    return repr(_PASSWORD.sub("…@", value) if isinstance(value, str) else value)


def invalid_setting(name: str, value: object, reason: str) -> InvalidSetting:
    """Make the error about a setting's value.

    Args:
        name: Of the setting, as a field.
        value: Its value.
        reason: What is wrong with it, and what to write instead.

    Returns:
        The error, which names the environment variable.
    """
    return InvalidSetting(f"{variable(name)}={shown(value)}: {reason}")


def is_host_name(text: str) -> bool:
    """Whether a text in lower case has the form of a host's name."""
    return _HOST_NAME.fullmatch(text) is not None


class SettingsGroup(BaseSettings):
    """Base of the groups: each is one section of docs/settings.md.

    A field is a setting. Its environment variable is its name in capitals after HINDI_STT_, whichever group it is in.

    Attributes:
        title: Heading of the section.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", allow_inf_nan=False)

    title: ClassVar[str]

    @field_validator("*")
    @classmethod
    def _bounded(cls, value: Any, info: ValidationInfo) -> Any:
        bound = _MAX_SECONDS if str(info.field_name).endswith("_s") else _MAX_NUMBER
        if isinstance(value, int | float) and value > bound:
            raise ValueError(f"should be at most {bound:.0f}")
        return value
