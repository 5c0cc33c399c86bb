"""What a visitor has to fill in: the API key where the server asks for one, and options in the reader's words."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from hindi_stt.transcription.options import FIELDS
from tests.page.conftest import FindProblems, Visit
from tests.page.support import FAMILY
from tests.support.guarded import Guarded

DEVANAGARI = re.compile(r"[\u0900-\u097f]")


@pytest.mark.ui
def test_without_a_key_the_error_names_the_header(
    visit: Visit, guarded: Guarded, accessibility_problems: FindProblems
) -> None:
    """What was chosen is not lost: it goes to the server as soon as there is a key."""
    page = visit(guarded)
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.url) if asked.url.endswith("/transcribe") else None)
    page.set_input_files("#file", [FAMILY, FAMILY.with_name("rain.flac")])
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("This server asks for an API key. Type one into the field “API key”")
    assert "Authorization" not in alert.inner_text()
    key = page.get_by_label("API key", exact=True)
    expect(key).to_be_focused()
    expect(key).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#status")).to_have_text("Waiting for an API key.")
    assert sent == []
    assert accessibility_problems(page) == []
    key.fill("hindi-stt_wrong")
    key.press("Enter")
    expect(alert).to_contain_text("does not know this API key")
    expect(key).to_be_focused()
    expect(page.locator("#status")).to_have_text("Waiting for an API key.")
    assert len(sent) == 1  # the second recording was not sent with it, too
    key.fill(guarded.key)
    key.press("Enter")
    expect(page.locator("#status")).to_contain_text("Done", timeout=30_000)
    expect(alert).to_be_hidden()
    page.select_option("#files", "1")
    expect(page.locator("#status")).to_contain_text("Done", timeout=30_000)
    page.reload()
    expect(key).to_have_value(guarded.key)
    assert guarded.key not in page.evaluate("JSON.stringify(localStorage)")


@pytest.mark.ui
def test_the_microphone_without_a_key(visit: Visit, guarded: Guarded) -> None:
    page = visit(guarded, locale="hi-IN")
    page.click("#record")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("यह सर्वर एपीआई कुंजी माँगता है। पृष्ठ के ऊपर")
    expect(page.locator("#key")).to_be_focused()
    page.click("#language")
    expect(alert).to_contain_text("This server asks for an API key.")
    page.fill("#key", "hindi-stt_wrong")
    page.click("#record")
    expect(alert).to_contain_text("does not know this API key")
    expect(page.locator("#record")).to_have_attribute("aria-pressed", "false")
    page.fill("#key", guarded.key)
    page.click("#record")
    expect(page.locator("#record")).to_have_attribute("aria-pressed", "true")
    expect(alert).to_be_hidden()
    page.click("#record")
    expect(page.locator("#record")).to_have_attribute("aria-pressed", "false", timeout=30_000)


@pytest.mark.ui
def test_a_server_without_keys_asks_for_none(page: Page) -> None:
    expect(page.locator("#key")).to_be_hidden()


def labels(page: Page, language: str) -> dict[str, Any]:
    return page.evaluate(
        "async (name) => (await import(new URL(name, document.querySelector('script[type=module]').src))).default",
        f"./labels_{language}.js",
    )


@pytest.mark.ui
def test_both_languages_have_every_text(page: Page) -> None:
    english, hindi = labels(page, "en"), labels(page, "hi")

    def names(texts: dict[str, Any], before: str = "") -> set[str]:
        return {
            found
            for name, text in texts.items()
            for found in (names(text, f"{before}{name}.") if isinstance(text, dict) else [before + name])
        }

    assert names(english) == names(hindi)
    for option, values in FIELDS.items():
        assert option in english
        for texts in (english, hindi):
            said = [texts["values"][option][value] for value in values]
            assert len(set(said)) == len(values)
            assert not set(said) & set(values)
    used = set(page.locator("[data-label]").evaluate_all("elements => elements.map((e) => e.dataset.label)"))
    assert used - {""} <= set(english)
    for name, text in hindi.items():
        if isinstance(text, str):
            assert DEVANAGARI.search(text), name


@pytest.mark.ui
def test_options_are_in_the_readers_words(page: Page) -> None:
    page.click("#options summary")
    options = page.locator("#option-fields option")
    values = set(options.evaluate_all("all => all.map((o) => o.value)")) - {""}
    assert {"greedy", "latin"} <= values
    in_english = options.all_inner_texts()
    assert not values & set(in_english)
    page.click("#language")
    in_hindi = options.all_inner_texts()
    assert all(DEVANAGARI.search(text) for text in in_hindi)
    assert not set(in_hindi) & (values | set(in_english))
    page.click("#language")
    assert options.all_inner_texts() == in_english
