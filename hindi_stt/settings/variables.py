"""Environment variables that look like settings and are none."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Final

from hindi_stt.settings.composition import Settings
from hindi_stt.settings.fields import PREFIX, variable

__all__ = ["unknown_variables"]

# Variables of the tests, and those that Kubernetes sets in every pod of a namespace with a Service named hindi-stt.
_OTHERS: Final = re.compile(r"HINDI_STT_(TEST_.*|FUZZ_.*|SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\d+_.*)?)")


def unknown_variables(names: Iterable[str]) -> dict[str, str]:
    """Find environment variables that look like settings and are none.

    Args:
        names: Names of environment variables.

    Returns:
        Each of them that has the prefix of settings → the setting's variable with the nearest name, or "".
    """
    known = {variable(name) for name in Settings.model_fields}
    unknown = [
        name
        for name in sorted(names)
        if name.upper().startswith(PREFIX) and name.upper() not in known and not _OTHERS.fullmatch(name.upper())
    ]
    return {name: _nearest(name.upper().removeprefix(PREFIX)) for name in unknown}


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name.lower(), Settings.model_fields, n=1)
    return variable(near[0]) if near else ""
