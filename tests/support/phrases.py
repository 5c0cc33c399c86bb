"""The cases of phrases.tsv."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

PHRASES = Path(__file__).with_name("phrases.tsv")


class Case(NamedTuple):
    """What is said, the forms in which it may be written, and its kind; of a kind "keep:…" nothing is rewritten."""

    said: str
    forms: list[str]
    kind: str


def read_cases(path: Path) -> list[Case]:
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith(("#", "spoken\t")))
    return [Case(said, forms.split(" || "), kind) for said, forms, kind in rows]
