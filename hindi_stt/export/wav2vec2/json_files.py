"""Reads the JSON files of a model's folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hindi_stt.errors import CorruptModel

__all__ = ["read_json", "read_optional"]


def read_json(file: Path) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        file: The file.

    Returns:
        Its content.

    Raises:
        CorruptModel: It is missing or holds no JSON object.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CorruptModel(f"{file.parent} has no {file.name}.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise CorruptModel(f"{file.name} cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise CorruptModel(f"{file.name} is no JSON object.")
    return content


def read_optional(file: Path) -> dict[str, Any]:
    """Read a JSON object, or an empty one where there is no such file.

    Args:
        file: The file.

    Returns:
        Its content.

    Raises:
        CorruptModel: It holds no JSON object.
    """
    return read_json(file) if file.is_file() else {}
