"""Long files say why they are long."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("hindi_stt", "tests", "benchmarks", "loadtests", "training", "docs")
MAX_LINES = 300


def has_reason(source: str) -> bool:
    return "Longer than 300 lines" in (ast.get_docstring(ast.parse(source)) or "")


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_file_of_more_than_300_lines_gives_the_reason(folder: str) -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in (ROOT / folder).rglob("*.py")}
    long = [path for path, source in sources.items() if source.count("\n") > MAX_LINES and not has_reason(source)]
    assert not long, long


def test_a_reason_stands_in_the_docstring_of_the_module() -> None:
    assert has_reason('"""A table.\n\nLonger than 300 lines: one table.\n"""\n')
    assert not has_reason('"""A table."""\n# Longer than 300 lines: one table.\n')
