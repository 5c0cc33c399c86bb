"""The programs of docs/clients.md and the pages of docs/clients, and the output that a page shows below a program."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.support.server import ROOT

PAGES = ROOT / "docs" / "clients"


@dataclass(frozen=True)
class Program:
    """A block of a page.

    Args:
        page: The name of its file.
        language: What the block is marked with.
        source: Its text.
        output: The text that the page says it prints, without the last line break; None where it says nothing.
    """

    page: str
    language: str
    source: str
    output: str | None

    def __str__(self) -> str:
        return f"{self.page}: {self.source.splitlines()[0]}"


def programs(*languages: str) -> list[Program]:
    """The blocks of all pages that are marked with one of these languages, in order."""
    found: list[Program] = []
    for page in (ROOT / "docs" / "clients.md", *sorted(PAGES.glob("*.md"))):
        text = page.read_text(encoding="utf-8")
        blocks = re.finditer(r"```(\w+)\n(.*?)```\n(?:\nprints\n\n```text\n(.*?)\n```)?", text, re.DOTALL)
        found += [Program(page.name, block[1], block[2], block[3]) for block in blocks if block[1] in languages]
    return found
