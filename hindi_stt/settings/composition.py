"""All groups of settings in one class, and the settings of this process."""

from __future__ import annotations

import functools
from typing import Any, ClassVar, Final, cast

from pydantic import ValidationError

from hindi_stt.errors import InvalidSetting
from hindi_stt.settings.access import AccessSettings, LimitSettings
from hindi_stt.settings.fields import SettingsGroup, shown, variable
from hindi_stt.settings.jobs import JobSettings
from hindi_stt.settings.models import InferenceSettings, ModelSettings
from hindi_stt.settings.operation import OperationSettings, StorageSettings
from hindi_stt.settings.protocols import ProtocolSettings
from hindi_stt.settings.requests import RealtimeSettings, RecordingSettings, RequestSettings
from hindi_stt.settings.text import DecodingSettings, TextSettings

__all__ = ["GROUPS", "Settings", "get_settings"]


class Settings(
    ModelSettings,
    DecodingSettings,
    TextSettings,
    RecordingSettings,
    RequestSettings,
    RealtimeSettings,
    ProtocolSettings,
    AccessSettings,
    LimitSettings,
    JobSettings,
    StorageSettings,
    OperationSettings,
    InferenceSettings,
):
    """Every setting, by groups in the order of docs/settings.md.

    The environment variable of a setting is the field's name in capitals after HINDI_STT_.
    """

    title: ClassVar[str] = "Settings"

    @property
    def for_more_models(self) -> Settings:
        """These settings for models other than the first: without those that are meant for the first one's language."""
        of_one_language = ("language_model", "hotwords_file", *TextSettings.model_fields)
        return self.model_copy(update={name: type(self).model_fields[name].default for name in of_one_language})

    @property
    def longest_transcription_s(self) -> float:
        """The most time that a recording can take whose segments keep to their bound, in seconds.

        The shortest segments have 3/8 of the longest length.
        """
        return self.request_timeout_s * (1 + self.max_audio_s / (self.max_segment_s * 3 / 8))


GROUPS: Final = cast("tuple[type[SettingsGroup], ...]", Settings.__bases__)


@functools.cache
def get_settings() -> Settings:
    """Read the process's settings, once.

    Returns:
        The settings.

    Raises:
        InvalidSetting: The environment has a value that cannot be used.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise InvalidSetting(" ".join(_complaint(dict(wrong)) for wrong in error.errors())) from error


def _complaint(wrong: dict[str, Any]) -> str:
    """Write one of pydantic's errors as a sentence; instead of a regular expression it says what the setting takes."""
    name = str(wrong["loc"][0])
    field = Settings.model_fields.get(name)
    by_pattern = wrong["type"] == "string_pattern_mismatch" and field is not None
    reason = f"cannot be used. {field.description}" if by_pattern and field else f"{wrong['msg']}."
    return f"{variable(name)}={shown(wrong['input'])}: {reason}"
