"""What leaves the page: the clipboard, and all transcripts in an archive."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import DATA
from tests.page.conftest import Visit
from tests.page.support import FAMILY, correct, download, saved, upload
from tests.support.server import ROOT, Server

FORMATS = ("txt", "srt", "vtt", "json")


def copies_of_family(folder: Path, *names: str) -> list[Path]:
    for name in names:
        shutil.copy(FAMILY, folder / name)
    return [folder / name for name in names]


def wait_for_archive(page: Page, count: int) -> None:
    """Until this many recordings are transcribed: the last one is shown then."""
    page.select_option("#files", str(count - 1))
    expect(page.locator("#status")).to_contain_text("Done", timeout=60_000)


@pytest.mark.ui
def test_copy(visit: Visit, server: Server) -> None:
    page = visit(server, permissions=["clipboard-read", "clipboard-write"])
    upload(page, FAMILY)
    correct(page, 0, "आपके नए")
    page.click("#copy")
    expect(page.locator("#status")).to_have_text("The text is on the clipboard.")
    assert page.evaluate("navigator.clipboard.readText()") == page.inner_text("#words").strip()
    assert page.evaluate("navigator.clipboard.readText()").startswith("आपके नए ")


@pytest.mark.ui
def test_copy_without_https(visit: Visit, server: Server) -> None:
    """Away from localhost, browsers have no clipboard for pages without https, but the older way."""
    page = visit(server, permissions=["clipboard-read"])
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    upload(page, FAMILY)
    page.click("#copy")
    expect(page.locator("#status")).to_have_text("The text is on the clipboard.")
    expect(page.locator("#copy")).to_be_focused()
    page.click("#options summary")
    page.focus("#option-hotwords")
    page.keyboard.press("Control+V")
    assert page.input_value("#option-hotwords") == page.inner_text("#words").strip()
    page.evaluate("document.execCommand = () => false")
    page.click("#copy")
    expect(page.locator("#status")).to_contain_text("does not allow copying")


@pytest.mark.ui
def test_all_in_an_archive(page: Page, tmp_path: Path) -> None:
    """Names with Hindi letters, names that would be equal, and texts as they are shown."""
    names = ["बैठक ज़ोन.flac", "बैठक ज़ोन.FLAC", "a.b:c?.flac", "A.B:C?.flac", "NUL.flac", "न" * 80 + ".flac"]
    files = copies_of_family(tmp_path, *names)
    page.set_input_files("#file", [files[0]])
    expect(page.locator("#status")).to_contain_text("Done", timeout=30_000)
    expect(page.locator("#zip")).to_be_hidden()  # one alone has its own buttons
    page.set_input_files("#file", [*files[1:], ROOT / "README.md"])
    expect(page.get_by_role("alert")).to_contain_text("README.md", timeout=60_000)
    page.select_option("#files", "1")
    correct(page, 0, "हमारे")
    # Chromium takes ten downloads within seconds from one page.
    singles = {kind: download(page, kind) for kind in FORMATS}
    name, content = saved(page, "#zip")
    expect(page.locator("#status")).to_have_text("6 of 7 recordings are in the archive.")
    assert name == "transcripts.zip"
    stems = ["बैठक ज़ोन", "बैठक ज़ोन (2)", "a.b_c_", "A.B_C_ (2)", "NUL_", "न" * 76]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"{stem}.{kind}" for stem in stems for kind in FORMATS]
        assert {kind: archive.read(f"{stems[1]}.{kind}").decode() for kind in FORMATS} == singles
        assert len({archive.read(f"{stem}.srt") for stem in stems}) == 2  # one sound six times, one of them corrected
        archive.extractall(tmp_path / "extracted")
        assert json.loads((tmp_path / "extracted" / "बैठक ज़ोन (2).json").read_text())["text"].startswith("हमारे ")
        assert all(2020 < info.date_time[0] < 2100 and info.date_time[1] for info in archive.infolist())


@pytest.mark.ui
@pytest.mark.skipif(not shutil.which("bsdtar") and not shutil.which("unzip"), reason="neither unzip nor bsdtar is here")
def test_other_programs_read_the_archive(page: Page, tmp_path: Path) -> None:
    first, second = copies_of_family(tmp_path, "पहली.flac", "दूसरी.flac")
    upload(page, first)
    page.set_input_files("#file", second)
    wait_for_archive(page, 2)
    _, content = saved(page, "#zip")
    (tmp_path / "a.zip").write_bytes(content)
    target = tmp_path / "out"
    target.mkdir()
    command = ["unzip", "-q", "../a.zip"] if shutil.which("unzip") else ["bsdtar", "-xf", "../a.zip"]
    subprocess.run(command, cwd=target, check=True, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"})
    assert {path.name for path in target.iterdir()} == {
        f"{stem}.{kind}" for stem in ("पहली", "दूसरी") for kind in FORMATS
    }


@pytest.mark.ui
def test_a_recording_without_words_is_in_the_archive(page: Page) -> None:
    page.set_input_files("#file", [FAMILY, DATA / "rain.mp3"])
    wait_for_archive(page, 2)
    for _ in page.inner_text("#words").split():
        correct(page, 0, "")
    _, content = saved(page, "#zip")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.read("rain.txt") == b"\n"
        assert archive.read("rain.vtt") == b"WEBVTT\n\n"
        assert json.loads(archive.read("rain.json"))["words"] == []
