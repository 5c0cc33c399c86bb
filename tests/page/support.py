"""What the tests of the page do in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import regex
from playwright.sync_api import Page, expect

from hindi_stt.types import Segment, Transcript, Word
from tests.conftest import DATA
from tests.support.server import ROOT

FAMILY = DATA / "family.flac"


def copy_modules(folder: Path, *names: str) -> None:
    """Modules of the page for Node, which needs to be told what they are."""
    for name in names:
        shutil.copy(ROOT / "hindi_stt" / "api" / "ui" / "page_files" / name, folder)
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")


def upload(page: Page, *paths: Path) -> None:
    """Choose files and wait until the last one is transcribed."""
    page.set_input_files("#file", paths)
    expect(page.locator("#status")).to_contain_text("Done", timeout=30_000)


def saved(page: Page, selector: str) -> tuple[str, bytes]:
    """Press a button that downloads; returns the file's name and content."""
    with page.expect_download() as info:
        page.click(selector)
    return info.value.suggested_filename, Path(info.value.path()).read_bytes()


def download(page: Page, kind: str) -> str:
    name, content = saved(page, f"[data-format={kind}]")
    assert name.endswith(f".{kind}")
    return content.decode()


def correct(page: Page, number: int, text: str) -> None:
    """By keyboard, as nobody else would: the word with this number, from 0."""
    page.locator("#words > *").nth(number).focus()
    page.keyboard.press("F2")
    page.keyboard.press("Control+A")
    page.keyboard.press("Backspace")
    page.keyboard.insert_text(text)
    page.keyboard.press("Enter")


def words_of(page: Page) -> list[dict[str, Any]]:
    return json.loads(download(page, "json"))["words"]


def replaced(word: dict[str, Any], parts: Sequence[str]) -> list[dict[str, Any]]:
    """What the page promises for a word that is replaced by several: they share its time by their grapheme clusters."""
    start_ms, end_ms = round(word["start"] * 1000), round(word["end"] * 1000)
    widths = [len(regex.findall(r"\X", part)) for part in parts]
    edges = [start_ms + (end_ms - start_ms) * sum(widths[:i]) // sum(widths) for i in range(len(parts) + 1)]
    return [
        {**word, "word": part, "start": start / 1000, "end": end / 1000, "confidence": 1, "corrected": True}
        for part, start, end in zip(parts, edges, edges[1:], strict=False)
    ]


def transcript_of(words: Sequence[dict[str, Any]]) -> Transcript:
    found = tuple(Word(w["word"], w["start"], w["end"], w["confidence"]) for w in words)
    return Transcript("hi", found[-1].end_s, (Segment(found[0].start_s, found[-1].end_s, found),))
