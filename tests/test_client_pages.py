"""The pages of docs/clients and the table of docs/clients.md name the releases that are tested."""

from __future__ import annotations

import re

import pytest

from tests.support.client_pages import PAGES, programs
from tests.support.server import ROOT

TABLE = ROOT / "docs" / "clients.md"
NAMES = sorted(page.name for page in PAGES.glob("*.md"))


def locked() -> dict[str, str]:
    """Packages of requirements/clients.lock and of the Makefile's npm install, with their releases."""
    lock = (ROOT / "requirements" / "clients.lock").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    node = re.search(r"npm install .* openai@([\d.]+) ws@(\d+)", makefile)
    assert node is not None
    return dict(re.findall(r"^([\w-]+)==([\w.]+)", lock, re.MULTILINE)) | {"npm openai": node[1], "npm ws": node[2]}


def test_every_page_names_releases_that_are_tested() -> None:
    found = 0
    for program in programs("bash"):
        for name, release in re.findall(r'pip install "([\w-]+)(?:\[[\w,]+\])?==([\w.]+)"', program.source):
            assert locked()[name] == release, program
            found += 1
        for command in re.findall(r"npm install (.*)", program.source):
            for name, release in re.findall(r"(\w+)@([\d.]+)", command):
                assert locked()[f"npm {name}"] == release, program
                found += 1
    assert found >= 6


def test_the_table_names_releases_that_are_tested() -> None:
    rows = re.findall(
        r"^\| ([\w\[\]-]+)(?: \((\w+)\))? \| ([\d.]+) \|", TABLE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(rows) >= 6
    for package, variant, release in rows:
        name = "npm openai" if variant == "Node" else package.partition("[")[0]
        assert locked()[name] == release, package


@pytest.mark.parametrize("name", NAMES)
def test_a_page_begins_with_one_sentence_and_is_linked(name: str) -> None:
    title, lead, *_ = (PAGES / name).read_text(encoding="utf-8").split("\n\n")
    assert title.startswith("# ")
    assert lead.endswith(".")
    assert len(re.findall(r"[.!?](?:\s|$)", lead)) == 1
    assert f"(clients/{name})" in TABLE.read_text(encoding="utf-8")


def test_the_output_on_a_page_is_that_of_its_program() -> None:
    with_output = [program.page for program in programs("python", "javascript", "bash") if program.output is not None]
    for page in PAGES.glob("*.md"):
        shown = page.read_text(encoding="utf-8").count("\nprints\n")
        assert shown == with_output.count(page.name), page
