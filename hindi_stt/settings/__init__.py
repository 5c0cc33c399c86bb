"""Every setting, read from the environment under one prefix: HINDI_STT_.

A module for each subject holds groups of settings; `Settings` is all of them in one class, and docs/settings.md is
made from the groups. CONTRIBUTING.md says how to add a setting.
"""

from __future__ import annotations

from hindi_stt.settings.composition import GROUPS, Settings, get_settings
from hindi_stt.settings.cores import available_cores
from hindi_stt.settings.fields import invalid_setting, is_host_name, shown, split_list, variable
from hindi_stt.settings.variables import unknown_variables

__all__ = [
    "GROUPS",
    "Settings",
    "available_cores",
    "get_settings",
    "invalid_setting",
    "is_host_name",
    "shown",
    "split_list",
    "unknown_variables",
    "variable",
]
