"""Reads the JSON files beside a published model, whose content nobody vouches for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from hindi_stt.errors import CorruptModel

__all__ = ["read_json", "read_optional"]

_MAX_BYTES: Final = 2**26


def read_json(file: Path, *, max_bytes: int = _MAX_BYTES) -> dict[str, Any]:
    """Read a JSON object; a byte order mark may precede it.

    Args:
        file: The file.
        max_bytes: Longest file that is read.

    Returns:
        Its content.

    Raises:
        CorruptModel: It is missing, too long, or holds no JSON object.
    """
    try:
        if file.stat().st_size > max_bytes:
            raise CorruptModel(f"{file} has more than {max_bytes:,} bytes.")
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise CorruptModel(f"{file.parent} has no {file.name}.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise CorruptModel(f"{file} cannot be read as JSON: {error}.") from error
    if not isinstance(content, dict):
        raise CorruptModel(f"{file} is not a JSON object.")
    return content


def read_optional(file: Path, *, max_bytes: int = _MAX_BYTES) -> dict[str, Any]:
    """Read a JSON object, or an empty one where there is no such file.

    Args:
        file: The file.
        max_bytes: Longest file that is read.

    Returns:
        Its content.

    Raises:
        CorruptModel: It is too long, or holds no JSON object.
    """
    return read_json(file, max_bytes=max_bytes) if file.is_file() else {}
