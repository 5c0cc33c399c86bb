"""Transcripts that survive a reload, where the visitor has asked for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import FindProblems, Visit
from tests.page.support import FAMILY, correct, download, upload
from tests.support.server import Server

RAIN = FAMILY.with_name("rain.flac")


def stored(page: Page) -> dict[str, Any]:
    """Transcripts by their key, in the order of creation."""
    text = page.evaluate("JSON.stringify(Object.entries(localStorage).filter(([key]) => key.startsWith('transcript')))")
    return {key: json.loads(value) for key, value in sorted(json.loads(text))}


def shown(page: Page) -> list[str]:
    return page.inner_text("#words").split()


@pytest.mark.ui
def test_no_transcript_is_kept_unless_the_user_agrees(page: Page) -> None:
    expect(page.locator("#keep")).not_to_be_checked()
    upload(page, FAMILY)
    correct(page, 0, "आपके")
    assert stored(page) == {}
    page.reload()
    expect(page.locator("#output")).to_be_hidden()
    assert page.evaluate("Object.keys({ ...localStorage, ...sessionStorage })") == []


@pytest.mark.ui
def test_options_survive_a_reload(page: Page, accessibility_problems: FindProblems) -> None:
    upload(page, FAMILY)
    expect(page.locator("#keep-hint")).to_contain_text("shared computer")
    page.check("#keep")
    upload(page, RAIN)
    rain = shown(page)
    page.select_option("#files", "0")
    correct(page, 0, "आपके सारे")
    family, body = shown(page), download(page, "json")
    page.reload()
    expect(page.locator("#keep")).to_be_checked()
    assert shown(page) == rain
    expect(page.locator("#status")).to_contain_text("Kept from an earlier visit")
    page.select_option("#files", "0")
    assert shown(page) == family
    assert download(page, "json") == body
    expect(page.locator("#wave")).to_be_hidden()
    assert accessibility_problems(page) == []
    correct(page, 0, "इनके")
    page.locator("#words > *").nth(1).focus()
    page.keyboard.press("F2")
    page.keyboard.insert_text("अधूरा")
    page.reload()  # the open editor is saved, too
    page.select_option("#files", "0")
    assert shown(page)[:2] == ["इनके", "अधूरा"]


@pytest.mark.ui
def test_deleted_words_are_not_kept(page: Page) -> None:
    page.check("#keep")
    upload(page, FAMILY)
    heard = shown(page)
    assert f'"{heard[0]}"' in json.dumps(stored(page), ensure_ascii=False)
    for _ in heard:
        correct(page, 0, "")
    assert not [word for word in heard if f'"{word}"' in json.dumps(stored(page), ensure_ascii=False)]
    page.reload()
    expect(page.locator("#status")).to_have_text("All words are deleted.")


@pytest.mark.ui
def test_switching_off_removes_all_but_what_is_shown(page: Page) -> None:
    page.check("#keep")
    upload(page, FAMILY)
    assert len(stored(page)) == 1
    page.uncheck("#keep")
    assert page.evaluate("Object.keys(localStorage)") == []
    assert shown(page)
    page.reload()
    expect(page.locator("#output")).to_be_hidden()


@pytest.mark.ui
def test_forgetting_removes_all(page: Page) -> None:
    expect(page.locator("#forget")).to_be_hidden()
    page.check("#keep")
    upload(page, FAMILY)
    upload(page, RAIN)
    page.dblclick("#words .word >> nth=0")
    page.click("#forget")
    assert page.evaluate("Object.keys(localStorage)") == []
    expect(page.locator("#keep")).not_to_be_checked()
    expect(page.locator("#keep-status")).to_have_text("All transcripts are removed from this page and this browser.")
    expect(page.locator("#output")).to_be_hidden()
    assert page.locator("#words > *").count() == 0
    page.reload()
    expect(page.locator("#output")).to_be_hidden()
    upload(page, FAMILY)
    expect(page.locator("#files option")).to_have_count(1)


@pytest.mark.ui
def test_what_is_forgotten_while_it_is_transcribed_stays_away(page: Page) -> None:
    page.check("#keep")
    with page.expect_response("**/transcribe"):
        page.set_input_files("#file", [FAMILY, RAIN])
        page.click("#forget")
    page.check("#keep")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#output")).to_be_hidden()
    assert stored(page) == {}


@pytest.mark.ui
def test_the_oldest_make_room(page: Page) -> None:
    page.check("#keep")
    upload(page, FAMILY)
    [(key, value)] = stored(page).items()
    for number in range(19):
        page.evaluate(
            "([key, value]) => localStorage.setItem(key, value)",
            [f"transcript:1{number:012d}-0000-x", json.dumps({**value, "name": f"older {number}"})],
        )
    page.reload()
    expect(page.locator("#files option")).to_have_count(20)
    upload(page, RAIN)
    names = [value["name"] for value in stored(page).values()]
    assert names == [*(f"older {number}" for number in range(1, 19)), "family.flac", "rain.flac"]
    assert key in stored(page)


@pytest.mark.ui
def test_a_full_storage_is_said_and_loses_nothing(page: Page) -> None:
    page.check("#keep")
    upload(page, FAMILY)
    before = stored(page)
    page.evaluate(
        "for (let size = 2 ** 22; size; size >>= 1)"
        " try { localStorage.setItem('filler', (localStorage.getItem('filler') ?? '') + '-'.repeat(size)); } catch {}"
    )
    # Longer than what the first one leaves.
    correct(page, 0, "लंबा " * 500)
    expect(page.locator("#keep-status")).to_contain_text("cannot be kept")
    assert stored(page) == before
    upload(page, RAIN)
    assert shown(page)


@pytest.mark.ui
def test_unreadable_entries_do_no_harm(page: Page) -> None:
    page.evaluate("localStorage.setItem('language', 'xx')")
    page.evaluate("localStorage.setItem('keep-transcripts', 'yes')")
    for number, text in enumerate(["{", "null", "[]", '{"name": "a", "body": {}, "words": [{"word": 1}]}']):
        page.evaluate("([key, value]) => localStorage.setItem(key, value)", [f"transcript:{number}", text])
    page.reload()
    upload(page, FAMILY)
    assert [value["name"] for value in stored(page).values()] == ["family.flac"]


@pytest.mark.ui
def test_a_browser_that_stores_nothing(visit: Visit, server: Server) -> None:
    page = visit(server)
    page.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage'])"
        " Object.defineProperty(window, name, { get() { throw new DOMException('no', 'SecurityError'); } });"
    )
    page.reload()
    upload(page, FAMILY)
    page.click("#keep")
    expect(page.locator("#keep")).not_to_be_checked()
    expect(page.locator("#keep-status")).to_contain_text("cannot be kept")
    page.click("#language")
    expect(page.locator("#record-label")).to_have_text("बोलें")


@pytest.mark.ui
def test_two_tabs(visit: Visit, server: Server, tmp_path: Path) -> None:
    first = visit(server)
    first.check("#keep")
    second = visit(server, first.context)
    expect(second.locator("#keep")).to_be_checked()
    upload(first, FAMILY)
    upload(second, RAIN)
    correct(first, 0, "आपके")
    assert [value["name"] for value in stored(first).values()] == ["family.flac", "rain.flac"]
    second.uncheck("#keep")
    expect(first.locator("#keep")).not_to_be_checked()
    correct(first, 0, "हमारे")
    assert stored(first) == {}
