"""A manifest → one item a line, or why there is none; a bad line leaves the others alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hindi_stt.errors import HindiSTTError, InvalidRequest
from hindi_stt.evaluation.manifest import AUDIO_FIELDS

__all__ = ["Item", "read_items"]

_LONGEST_LINE: Final = 65_536


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a manifest.

    Attributes:
        line: Its line in the manifest, from 1.
        source: Path or URL as written there.
        error: Why it cannot be used; None if it can.
    """

    line: int
    source: str
    error: HindiSTTError | None = None


def read_items(manifest: Path) -> Iterator[Item]:
    """Read a manifest: NeMo's JSONL, a tab-separated table with a header, or a plain list of paths and URLs.

    The first line decides the format.

    Args:
        manifest: The file.

    Yields:
        Its entries, in order; an invalid one carries its error.

    Raises:
        InvalidRequest: The file cannot be opened.
    """
    try:
        lines = manifest.open(encoding="utf-8-sig", errors="surrogateescape", newline="\n")
    except OSError as error:
        raise InvalidRequest(f"{manifest} cannot be read: {error.strerror}.") from error
    with lines:
        columns: list[str] | None = None
        started = as_json = False
        for number, raw in enumerate(lines, 1):
            line = raw.rstrip("\r\n")
            if not line.strip():
                continue
            if not started:
                started, as_json = True, line.lstrip().startswith("{")
                header = line.split("\t")
                if not as_json and any(name in AUDIO_FIELDS for name in header):
                    columns = header
                    continue
            try:
                yield Item(number, _source(line, as_json=as_json, columns=columns))
            except InvalidRequest as error:
                yield Item(number, "", error)


def _source(line: str, *, as_json: bool, columns: list[str] | None) -> str:
    if len(line) > _LONGEST_LINE:
        raise InvalidRequest(f"The line has {len(line)} characters; the limit is {_LONGEST_LINE}.")
    row: object = {"path": line.strip()}
    if as_json:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InvalidRequest("The line is not JSON.") from error
    elif columns:
        row = dict(zip(columns, line.split("\t"), strict=False))
    fields = row if isinstance(row, dict) else {}
    source = next((fields[name] for name in AUDIO_FIELDS if fields.get(name)), None)
    if not isinstance(source, str):
        raise InvalidRequest(f"The line has none of the fields {', '.join(AUDIO_FIELDS)}.")
    try:
        source.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest("The line is not UTF-8.") from error
    return source
