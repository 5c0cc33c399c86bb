"""Words that a visitor corrects on the page: they go out as they are shown, in every format."""

from __future__ import annotations

import html
import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest
import srt
import webvtt
from playwright.sync_api import Page, expect

from hindi_stt.render import to_srt, to_vtt
from tests.page.conftest import FindProblems, Visit
from tests.page.support import (
    FAMILY,
    copy_modules,
    correct,
    download,
    replaced,
    transcript_of,
    upload,
    words_of,
)
from tests.support.server import Server

LONG = "अंतरराष्ट्रीय_दूरसंचार_नियामक_प्राधिकरण_के_अध्यक्ष"


def shown(page: Page) -> list[str]:
    return page.inner_text("#words").split()


@pytest.mark.skipif(not shutil.which("node"), reason="node runs the page's module")
def test_typed_words_share_the_time_of_one(tmp_path: Path) -> None:
    """The page's rule on texts that nobody chose, by another implementation of grapheme clusters."""
    rng = random.Random(21)
    letters = ["क", "का", "क्षि", "ज़", "स्त्री", "ं", "a", "é", "7", "👩‍👩‍👧", "-"]
    cases = []
    for _ in range(300):
        start_ms = rng.randrange(4_000_000)
        word = {
            "word": "पुराना",
            "start": start_ms / 1000,
            "end": (start_ms + rng.randrange(900)) / 1000,
            "confidence": 0.5,
        }
        parts = ["न" + "".join(rng.choices(letters, k=rng.randint(0, 8))) for _ in range(rng.randint(1, 5))]
        cases.append((word, parts, "".join(part + rng.choice([" ", "\t ", "\u00a0", "\u3000"]) for part in parts)))
    copy_modules(tmp_path, "graphemes.js", "transcript.js")
    script = """
        import { replacements } from "./transcript.js";
        const all = JSON.parse(await new Response(process.stdin).text());
        console.log(JSON.stringify(all.map(([word, text]) => replacements(word, text))));
    """
    (tmp_path / "run.js").write_text(script, encoding="utf-8")
    asked = [[word, text] for word, _, text in cases]
    nothing = [[cases[0][0], text] for text in ("", " \t", "\u200d", "\u200b \ufeff")]
    same = [[cases[0][0], text] for text in ("पुराना", " पुराना ", "पुराना\u0000")]
    done = subprocess.run(
        ["node", "run.js"],
        cwd=tmp_path,
        input=json.dumps([*asked, *nothing, *same]),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found[: len(cases)] == [replaced(word, parts) for word, parts, _ in cases]
    assert found[len(cases) :] == [[]] * len(nothing) + [None] * len(same)


@pytest.mark.ui
def test_corrected_words_go_out_in_every_format(page: Page) -> None:
    upload(page, FAMILY)
    heard = words_of(page)
    correct(page, 8, "")
    correct(page, 7, "नई  दिल्ली")
    correct(page, 2, "ज़रूर")
    correct(page, 1, "a<b>&c")
    correct(page, 0, LONG)
    expected = [
        *replaced(heard[0], [LONG]),
        *replaced(heard[1], ["a<b>&c"]),
        *replaced(heard[2], ["ज़रूर"]),
        *heard[3:7],
        *replaced(heard[7], ["नई", "दिल्ली"]),
        *heard[9:],
    ]
    assert shown(page) == [word["word"] for word in expected]
    expect(page.locator("#status")).to_have_text(f"Done: {len(expected)} words, 5 of them corrected.")
    expect(page.locator("#words .corrected")).to_have_count(5)
    text = " ".join(shown(page))
    body = json.loads(download(page, "json"))
    assert (body["text"], body["words"]) == (text, expected)
    assert download(page, "txt") == text + "\n"
    assert download(page, "srt") == to_srt(transcript_of(expected))
    assert download(page, "vtt") == to_vtt(transcript_of(expected))
    letters = "".join(shown(page))
    assert "".join("".join(cue.content.split()) for cue in srt.parse(download(page, "srt"))) == letters
    vtt = webvtt.from_string(download(page, "vtt"))
    assert html.unescape("".join("".join(cue.text.split()) for cue in vtt)) == letters


@pytest.mark.ui
def test_the_keyboard_alone_corrects(page: Page) -> None:
    upload(page, FAMILY)
    heard = shown(page)
    page.focus("#correct")
    page.keyboard.press("Enter")
    expect(page.locator("#correct")).to_have_attribute("aria-pressed", "true")
    page.locator("#words [tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    editor = page.get_by_role("textbox", name=f"Correct “{heard[1]}”")
    expect(editor).to_be_focused()
    page.keyboard.press("ArrowLeft")  # moves within the text, not to another word
    expect(editor).to_be_focused()
    page.keyboard.insert_text("x")
    page.keyboard.press("Escape")
    assert shown(page) == heard
    assert page.evaluate("document.activeElement.dataset.i") == "1"
    page.keyboard.press("F2")
    page.keyboard.press("Enter")  # the same text is no correction
    expect(page.locator("#words .corrected")).to_have_count(0)
    expect(page.locator("#undo")).to_be_disabled()
    page.keyboard.press("F2")
    page.keyboard.insert_text("घर")
    page.keyboard.press("Tab")
    assert shown(page) == [heard[0], "घर", *heard[2:]]
    assert page.evaluate("document.activeElement !== document.body")
    correct(page, 5, "")
    page.click("#undo")
    page.click("#undo")
    assert shown(page) == heard
    expect(page.locator("#words .corrected")).to_have_count(0)
    expect(page.locator("#words > *").nth(1)).to_be_focused()


@pytest.mark.ui
def test_input_methods_and_other_windows_do_not_end_a_correction(page: Page) -> None:
    """Enter chooses what an input method proposes; who looks a spelling up elsewhere has not deleted the word."""
    upload(page, FAMILY)
    heard = shown(page)
    page.locator("#words > *").first.focus()
    page.keyboard.press("F2")
    editor = page.locator("#words input")
    editor.fill("नमस")
    editor.evaluate(
        "input => input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true }))"
    )
    expect(editor).to_be_focused()
    editor.fill("")
    # As when the window loses the focus: the element stays the active one.
    editor.evaluate("input => input.dispatchEvent(new FocusEvent('blur'))")
    expect(editor).to_be_focused()
    page.keyboard.insert_text("नमस्ते")
    page.keyboard.press("Enter")
    assert shown(page) == ["नमस्ते", *heard[1:]]


@pytest.mark.ui
def test_fingers_correct(visit: Visit, server: Server, accessibility_problems: FindProblems) -> None:
    page = visit(server, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    upload(page, FAMILY)
    heard = shown(page)
    page.tap("#correct")
    page.locator("#words > *").nth(2).tap()
    expect(page.locator("#words input")).to_be_focused()
    assert accessibility_problems(page) == []
    page.locator("#words input").fill("बहुत ही लंबा वाक्यांश")
    page.locator("#words > *").nth(4).tap()  # the first is saved, the other one opened
    expect(page.locator("#words input")).to_have_value(heard[4])
    assert shown(page)[:5] == [*heard[:2], "बहुत", "ही", "लंबा"]
    page.locator("#words input").fill("")
    assert len(words_of(page)) == len(heard) + 2  # the button leaves the editor: deleted
    assert accessibility_problems(page) == []
    page.tap("#correct")
    page.locator("#words > *").nth(0).tap()
    expect(page.locator("#words input")).to_have_count(0)


@pytest.mark.ui
def test_every_word_can_be_deleted_and_brought_back(page: Page) -> None:
    upload(page, FAMILY)
    heard = shown(page)
    for _ in heard:
        correct(page, 0, "")
    expect(page.locator("#status")).to_have_text("All words are deleted.")
    expect(page.locator("#undo")).to_be_focused()
    expect(page.locator("#result-bar")).to_be_hidden()
    for _ in heard:
        page.keyboard.press("Enter") if page.locator("#undo:focus").count() else page.click("#undo")
    assert shown(page) == heard


@pytest.mark.ui
def test_other_recordings_keep_their_words(page: Page) -> None:
    upload(page, FAMILY)
    upload(page, FAMILY.with_name("rain.flac"))
    rain = shown(page)
    page.dblclick("#words .word >> nth=0")
    page.keyboard.insert_text("कल")
    page.select_option("#files", "0")  # saves it where it was typed
    assert "कल" not in shown(page)
    page.select_option("#files", "1")
    assert shown(page) == ["कल", *rain[1:]]
