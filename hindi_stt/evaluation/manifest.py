"""Lists of recordings with their texts: NeMo's JSONL, or a table with a header, separated by tabs."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hindi_stt.errors import InvalidRequest
from hindi_stt.evaluation.normalise import apply_form

__all__ = ["Utterance", "name_some", "read_manifest", "read_references"]

AUDIO_FIELDS: Final = ("audio_filepath", "audio", "file", "path")
TEXT_FIELDS: Final = ("text", "sentence", "transcript")
DOMAIN_FIELDS: Final = ("domain", "dataset", "source")
_MAX_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Utterance:
    """One recording of a manifest.

    Attributes:
        file: The recording.
        text: The reference; empty if unknown.
        domain: Kind of speech; empty if unknown.
    """

    file: Path
    text: str
    domain: str = ""


def read_manifest(manifest: Path) -> list[Utterance]:
    """Read a manifest; relative paths in it start from its own folder.

    Args:
        manifest: NeMo's JSONL, or a tab-separated table with a header.

    Returns:
        The recordings, in order.

    Raises:
        InvalidRequest: The file cannot be read, lists nothing, or has an invalid line, which the message names.
    """
    try:
        text = manifest.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{manifest} cannot be read as text: {error}.") from error
    rows = _json_rows(text, manifest) if text.lstrip().startswith("{") else _table_rows(text, manifest)
    utterances = [_utterance(row, manifest, number) for number, row in rows]
    if not utterances:
        raise InvalidRequest(f"{manifest} lists no recordings.")
    return utterances


def read_references(manifest: Path) -> tuple[list[Utterance], list[str]]:
    """Read the recordings of a manifest whose texts a transcript can be compared with.

    Args:
        manifest: As for `read_manifest`.

    Returns:
        The recordings, and warnings that name those that are left out since their texts have no word.

    Raises:
        InvalidRequest: As of `read_manifest`; no text has a word, or a recording is not there.
    """
    utterances = read_manifest(manifest)
    missing = [utterance for utterance in utterances if not utterance.file.is_file()]
    if missing:
        raise InvalidRequest(
            f"{manifest}: {len(missing)} of {len(utterances)} recordings are missing: {name_some(missing)}."
        )
    comparable = [u for u in utterances if apply_form(u.text, "normalised")]
    if not comparable:
        raise InvalidRequest(f"{manifest} has no texts to compare with.")
    others = [u for u in utterances if not apply_form(u.text, "normalised")]
    return comparable, [f"Left out, without a word in their texts: {name_some(others)}."] if others else []


def name_some(utterances: Sequence[Utterance]) -> str:
    """The files of the first recordings, and how many more there are.

    Args:
        utterances: The recordings.

    Returns:
        Text for a message.
    """
    more = len(utterances) - _MAX_NAMED
    return ", ".join(str(u.file) for u in utterances[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def _json_rows(text: str, manifest: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InvalidRequest(f"{manifest}, line {number}: not JSON: {error}.") from error
            if not isinstance(row, dict):
                raise InvalidRequest(f"{manifest}, line {number}: not a JSON object.")
            yield number, row


def _table_rows(text: str, manifest: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    reader = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise InvalidRequest(f"{manifest}, line {reader.line_num + 1}: {error}.") from error


def _utterance(row: Mapping[str, object], manifest: Path, number: int) -> Utterance:
    file = next((row[name] for name in AUDIO_FIELDS if row.get(name)), None)
    if not isinstance(file, str):
        raise InvalidRequest(f"{manifest}, line {number}: none of the fields {', '.join(AUDIO_FIELDS)}.")
    text = next((row[name] for name in TEXT_FIELDS if row.get(name)), "")
    domain = next((row[name] for name in DOMAIN_FIELDS if row.get(name)), "")
    return Utterance(manifest.parent / file, str(text), str(domain))
