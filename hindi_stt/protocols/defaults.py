"""Options of connections that say nothing of them: for all, and by the name of their key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import TypeAdapter, ValidationError

from hindi_stt.settings import invalid_setting

__all__ = ["Defaults", "defaults_for", "parse_defaults"]

Defaults = Mapping[str, Mapping[str, str]]
"""Options by the name of the key; the empty name is for all."""

_SETTING: Final = "protocol_options"
_adapter: Final[TypeAdapter[dict[str, dict[str, str]]]] = TypeAdapter(dict[str, dict[str, str]])


def parse_defaults(text: str) -> Defaults:
    """Parse HINDI_STT_PROTOCOL_OPTIONS.

    Args:
        text: The setting.

    Returns:
        The options.

    Raises:
        InvalidSetting: It is not JSON of this form.
    """  # noqa: DOC501  # invalid_setting is a function
    if not text:
        return {}
    try:
        return _adapter.validate_json(text, strict=True)
    except ValidationError as error:
        reason = 'write {"KEY NAME": {"OPTION": "VALUE"}}, all values as texts.'
        raise invalid_setting(_SETTING, text, reason) from error


def defaults_for(client: str, defaults: Defaults) -> dict[str, str]:
    """Return the options of a client's connections.

    Args:
        client: Its name.
        defaults: All of them.

    Returns:
        Those for all, with its own in their place.
    """
    return {**defaults.get("", {}), **defaults.get(client, {})}
