"""The page at /ui: its files, and what a browser does with them (make prove-ui; needs Chromium)."""

from __future__ import annotations

import json
import math
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
import srt
import webvtt
from playwright.sync_api import Page, expect

from hindi_stt.api.ui.page import page_routes
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Transcript
from tests.conftest import DATA
from tests.page.conftest import FindProblems, Picture
from tests.page.support import FAMILY, download, upload
from tests.support.server import ROOT, Server
from tests.support.streams import RATE, speech
from tests.support.wav import wav


def assets(server: Server) -> dict[str, httpx.Response]:
    html = httpx.get(f"{server.url}/ui").text
    found = re.findall(r'(?:href|src)="(ui/[^"]+)"', html)
    folder = found[0].rpartition("/")[0]
    names = {path.name for path in (ROOT / "hindi_stt" / "api" / "ui" / "page_files").iterdir()} - {"index.html"}
    return {name: httpx.get(f"{server.url}/{folder}/{name}") for name in sorted(names)}


def test_the_page_is_fresh_and_its_files_are_kept(server: Server) -> None:
    page = httpx.get(f"{server.url}/ui", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-cache"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for name, response in assets(server).items():
        assert response.status_code == 200, name
        assert "immutable" in response.headers["cache-control"]
        assert response.headers["content-type"].startswith(("text/css", "text/javascript"))
    assert httpx.get(f"{server.url}/ui/0123/page.js").status_code == 404
    assert httpx.get(server.url).json()["links"]["page"] == "GET /ui"


def test_the_page_requests_no_other_origin(server: Server) -> None:
    texts = [httpx.get(f"{server.url}/ui").text, *(response.text for response in assets(server).values())]
    for text in texts:
        assert not re.findall(r"(?:https?:|wss?:)?//[a-z0-9-]+\.[a-z]", text)
        assert "{{" not in text


def test_the_page_can_be_switched_off(pipeline: Pipeline) -> None:
    assert page_routes(pipeline.bundle, Settings(model="", page="off")) == []


# ---- in a browser


def as_the_page_asks(pipeline: Pipeline, acoustic: LocalAcoustic) -> Transcript:
    """FAMILY with the marks that the page asks for, in a thread of its own: Playwright's has an event loop."""
    options = pipeline.options({"punctuation": "model"})
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(pipeline.transcribe, FAMILY, acoustic, options).result()


@pytest.mark.ui
def test_a_file(page: Page, pipeline: Pipeline, acoustic: LocalAcoustic, picture: Picture) -> None:
    upload(page, FAMILY)
    expected = as_the_page_asks(pipeline, acoustic)
    assert page.inner_text("#words").split() == expected.text.split()
    grades = [
        "sure" if word.confidence >= 0.9 else "fair" if word.confidence >= 0.6 else "poor" for word in expected.words
    ]
    classes = page.locator("#words .word").evaluate_all("words => words.map(w => w.className)")
    assert classes == [f"word {grade}" for grade in grades]
    expect(page.locator("#wave")).to_be_visible()
    picture(page, "page")


@pytest.mark.ui
def test_a_word_is_transcribed(page: Page) -> None:
    upload(page, FAMILY)
    page.click("#words .word:nth-of-type(2)")
    expect(page.locator("#words .word:nth-of-type(2)")).to_have_class(re.compile("playing"))
    expect(page.locator("#words .playing")).to_have_count(0)  # it stops behind the word
    page.keyboard.press("Tab")
    page.locator("#words .word").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#words .word:nth-of-type(3)")).to_have_class(re.compile("playing"))
    assert page.evaluate("document.activeElement.dataset.i") == "2"


@pytest.mark.ui
def test_downloads(page: Page, pipeline: Pipeline, acoustic: LocalAcoustic, server: Server, tmp_path: Path) -> None:
    upload(page, FAMILY)
    text = as_the_page_asks(pipeline, acoustic).text
    assert download(page, "txt") == text + "\n"
    body = json.loads(download(page, "json"))
    assert (body["text"], [one["text"] for one in body["paragraphs"]]) == (text, [text])
    for kind, parse in (("srt", srt.parse), ("vtt", webvtt.from_string)):
        content = download(page, kind)
        assert (
            " ".join(" ".join(getattr(cue, "content", getattr(cue, "text", "")).split()) for cue in parse(content))
            == text
        )
        with FAMILY.open("rb") as file:
            own = httpx.post(
                f"{server.url}/v1/audio/transcriptions",
                files={"file": file},
                data={"model": "whisper-1", "response_format": kind},
                timeout=30,
            )
        assert content == own.text


@pytest.mark.ui
def test_marks_and_paragraphs(page: Page, tmp_path: Path) -> None:
    """They are there unasked; a corrected word keeps the paragraph that it begins."""
    family, rate = soundfile.read(FAMILY, dtype="float32")
    talk = tmp_path / "talk.wav"
    talk.write_bytes(wav(np.concatenate([family, np.zeros(3 * rate, np.float32), family]), rate))
    upload(page, talk)
    assert page.input_value("#option-punctuation") == "model"
    first, second = page.inner_text("#words").strip().split("\n\n")
    assert first.split() == second.split()
    assert first.strip().endswith("।")
    assert download(page, "txt") == f"{first.strip()}\n\n{second.strip()}\n"
    n_words = len(first.split())
    page.locator("#words .word").nth(n_words).dblclick()
    page.keyboard.type("हमारे पूरे")
    page.keyboard.press("Enter")
    assert page.inner_text("#words").strip().split("\n\n")[1].split()[:3] == ["हमारे", "पूरे", second.split()[1]]
    body = json.loads(download(page, "json"))
    assert [one["text"].split()[0] for one in body["paragraphs"]] == [first.split()[0], "हमारे"]
    assert not any("paragraph" in word for word in body["words"])
    page.click("#options summary")
    page.select_option("#option-punctuation", "off")
    upload(page, FAMILY)
    assert "।" not in page.inner_text("#words")


@pytest.mark.ui
def test_options_are_sent(page: Page) -> None:
    page.click("#options summary")
    page.select_option("#option-script", "latin")
    upload(page, FAMILY)
    assert page.inner_text("#words").isascii()


# Remembers the first words in each of these elements: under load, a poll may miss them.
REMEMBER = """() => {
  for (const id of ["stable", "unstable", "words"]) {
    const element = document.getElementById(id);
    const remember = () => { document.documentElement.dataset[id] ||= element.textContent.trim(); };
    new MutationObserver(remember).observe(element, { childList: true, characterData: true, subtree: true });
  }
}"""


@pytest.mark.ui
def test_the_microphone(page: Page, picture: Picture) -> None:
    """Words come while it is listened to; then the recording is like a file."""
    page.evaluate(REMEMBER)
    page.click("#record")
    partial = page.locator("html[data-stable]:not([data-stable='']), html[data-unstable]:not([data-unstable=''])")
    expect(partial).to_have_count(1, timeout=30_000)
    expect(page.locator("#words .word")).not_to_have_count(0, timeout=60_000)
    first = page.get_attribute("html", "data-words")
    # The clock counts what was sent: until within the second sentence.
    within_s = math.ceil(0.5 + len(speech("family.flac")) / RATE + 1.6 + 1.0)
    reached = "|".join(f"0:{second:02d}" for second in range(within_s, 60))
    expect(page.locator("#clock")).to_have_text(re.compile(reached), timeout=60_000)
    picture(page, "live")
    page.click("#record")
    expect(page.locator("#status")).to_contain_text("Done", timeout=60_000)
    assert page.inner_text("#words").startswith(first)
    assert len(page.inner_text("#words").split()) > len(first.split())
    expect(page.locator("#record")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#wave")).to_be_visible()
    page.click("#words .word >> nth=1")
    expect(page.locator("#words .word:nth-of-type(2)")).to_have_class(re.compile("playing"))
    assert list(srt.parse(download(page, "srt")))


@pytest.mark.ui
def test_errors_say_what_to_do(page: Page, tmp_path: Path) -> None:
    page.set_input_files("#file", ROOT / "README.md")
    expect(page.get_by_role("alert")).to_contain_text("README.md: The file is not audio")
    expect(page.get_by_role("alert")).to_contain_text("unsupported_audio")
    silence = tmp_path / "silence.wav"
    silence.write_bytes(wav(np.zeros(16_000)))
    page.set_input_files("#file", silence)
    expect(page.locator("#status")).to_have_text("No words were heard.")
    expect(page.get_by_role("alert")).to_be_hidden()
    page.click("#options summary")
    page.fill("#option-hotwords", "word:99")
    page.click("#record")
    expect(page.get_by_role("alert")).to_contain_text("invalid_hotwords")
    expect(page.locator("#record")).to_have_attribute("aria-pressed", "false")


@pytest.mark.ui
def test_warnings_are_in_the_readers_language(page: Page, tmp_path: Path) -> None:
    joined = tmp_path / "joined.wav"
    joined.write_bytes((DATA / "rain_16k.wav").read_bytes() * 2)
    upload(page, joined)
    expect(page.locator("#warnings li")).to_have_count(1)
    expect(page.locator("#warnings")).to_contain_text("Not all of the file could be heard")
    page.click("#language")
    expect(page.locator("#warnings")).to_contain_text("फ़ाइल पूरी नहीं सुनी जा सकी")
    page.click("#language")
    upload(page, FAMILY)
    expect(page.locator("#warnings")).to_be_hidden()


@pytest.mark.ui
def test_several_files(page: Page) -> None:
    page.set_input_files("#file", [FAMILY, DATA / "rain.mp3"])
    expect(page.locator("#files option")).to_have_count(2)
    page.select_option("#files", "1")
    expect(page.locator("#words")).to_contain_text("बारिश", timeout=30_000)


@pytest.mark.ui
def test_in_hindi_on_a_phone_in_the_dark(page: Page, picture: Picture) -> None:
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 360, "height": 740})
    upload(page, FAMILY)
    page.click("#language")
    assert page.evaluate("document.documentElement.lang") == "hi"
    expect(page.locator("#record-label")).to_have_text("बोलें")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(color_scheme="light")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    page.emulate_media(color_scheme="dark")
    picture(page, "phone-dark")
    page.reload()
    expect(page.locator("#language")).to_have_text("English")


@pytest.mark.ui
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: Page, accessibility_problems: FindProblems, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_input_files("#file", ROOT / "README.md")
    expect(page.get_by_role("alert")).to_be_visible()
    upload(page, FAMILY)
    page.click("#options summary")
    assert accessibility_problems(page) == []
