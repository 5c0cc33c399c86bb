"""JSON files of published models, well-formed and not."""

from __future__ import annotations

from pathlib import Path

import pytest

from hindi_stt.bundle.json_files import read_json, read_optional
from hindi_stt.errors import CorruptModel


@pytest.mark.parametrize("content", ['{"a": [1, "क"]}', '\ufeff{"a": [1, "क"]}\r\n'])
def test_an_object(tmp_path: Path, content: str) -> None:
    file = tmp_path / "vocab.json"
    file.write_text(content, encoding="utf-8")
    assert read_json(file) == read_optional(file) == {"a": [1, "क"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>", "cannot be read as JSON"),
        (b"", "cannot be read as JSON"),
        (b"[1, 2]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'{"a": "\xff"}', "cannot be read as JSON"),
        (b"[" * 200_000, "cannot be read as JSON"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "cannot be read as JSON"),
    ],
)
def test_anything_else_is_refused_by_the_name_of_the_file(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "vocab.json"
    file.write_bytes(content)
    for read in (read_json, read_optional):
        with pytest.raises(CorruptModel, match=rf"vocab\.json.*{message}"):
            read(file)


def test_a_file_longer_than_allowed_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "vocab.json"
    file.write_text('{"a": "123456"}', encoding="utf-8")
    assert read_json(file, max_bytes=15) == {"a": "123456"}
    with pytest.raises(CorruptModel, match="more than 14 bytes"):
        read_json(file, max_bytes=14)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CorruptModel, match=r"has no vocab\.json"):
        read_json(tmp_path / "vocab.json")
    assert read_optional(tmp_path / "vocab.json") == {}


def test_a_folder_of_the_name(tmp_path: Path) -> None:
    with pytest.raises(CorruptModel, match="cannot be read"):
        read_json(tmp_path)
