"""Manifests of every form, and lines that name no recording."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hindi_stt.bulk.items import read_items
from hindi_stt.errors import InvalidRequest

NAMES = ["a.wav", "folder/दो.flac", "https://example.com/three.mp3"]


def items(tmp_path: Path, content: bytes | str) -> list[tuple[int, str]]:
    """Line and source of each item; of one that is none, the code of its error."""
    path = tmp_path / "manifest"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return [(item.line, item.error.code if item.error else item.source) for item in read_items(path)]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "byte order mark"])
@pytest.mark.parametrize("field", ["audio_filepath", "audio", "file", "path"])
def test_the_same_recordings_in_every_form(tmp_path: Path, field: str, mark: str, end: str) -> None:
    wanted = list(enumerate(NAMES, 1))
    lines = [json.dumps({"duration": 1.0, field: name, "text": "x"}, ensure_ascii=False) for name in NAMES]
    assert items(tmp_path, mark + end.join(lines)) == wanted
    assert items(tmp_path, mark + end.join(NAMES) + end) == wanted
    table = [f"text\t{field}\tduration", *(f"x\t{name}\t1.0" for name in NAMES)]
    assert items(tmp_path, mark + end.join(table)) == [(line + 1, name) for line, name in wanted]


def test_empty_lines_count_and_name_nothing(tmp_path: Path) -> None:
    assert items(tmp_path, "\n  \na.wav\n\nb.wav\n\n") == [(3, "a.wav"), (5, "b.wav")]
    assert items(tmp_path, "") == []


@pytest.mark.parametrize(
    "line",
    ["{", "[]", '"a.wav"', "{}", '{"audio_filepath": 7}', '{"audio_filepath": ""}', '{"path": null}', "[" * 60_000],
)
def test_a_bad_line_of_json_does_not_affect_the_others(tmp_path: Path, line: str) -> None:
    content = f'{{"path": "a.wav"}}\n{line}\n{{"path": "b.wav"}}\n'
    assert items(tmp_path, content) == [(1, "a.wav"), (2, "invalid_request"), (3, "b.wav")]


def test_a_row_that_is_shorter_than_the_header(tmp_path: Path) -> None:
    assert items(tmp_path, "text\taudio\nx\ta.wav\nx\n") == [(2, "a.wav"), (3, "invalid_request")]


def test_bytes_that_are_not_utf_8(tmp_path: Path) -> None:
    assert items(tmp_path, b"a.wav\nb\xff.wav\nc.wav\n") == [(1, "a.wav"), (2, "invalid_request"), (3, "c.wav")]


def test_a_line_that_is_too_long(tmp_path: Path) -> None:
    longest = "a" * 65_536
    assert items(tmp_path, f"{longest}\n{longest}a\n") == [(1, longest), (2, "invalid_request")]


def test_a_manifest_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="No such file"):
        list(read_items(tmp_path / "none"))
