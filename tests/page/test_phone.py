"""The page on a phone: nothing overlaps, nothing scrolls sideways, and what only a mouse can do is not offered."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import Visit
from tests.page.support import FAMILY, correct, upload
from tests.support.guarded import Guarded
from tests.support.server import Server

# Pairs of visible controls and texts that share more than a pixel, unless one is within the other.
OVERLAPS = """() => {
  const controls = "button, input, select, summary, #drop, .word, #wave";
  const selector = `${controls}, h1, h2, p, label, strong, small, #record-label, #clock`;
  const seen = (e) => e.checkVisibility({ opacityProperty: true }) && !e.closest(".hidden, .skip");
  const all = [...document.querySelectorAll(selector)].filter(seen);
  const name = (e) => e.id || e.className || e.textContent.trim().slice(0, 20) || e.tagName;
  const found = [];
  all.forEach((a, i) => all.slice(i + 1).forEach((b) => {
    if (a.contains(b) || b.contains(a)) return;
    const p = a.getBoundingClientRect(), q = b.getBoundingClientRect();
    const width = Math.min(p.right, q.right) - Math.max(p.left, q.left);
    const height = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
    if (width > 1 && height > 1) found.push([name(a), name(b)]);
  }));
  return found;
}"""
# Those that reach out of the screen, though nothing scrolls.
OUTSIDE = """() => [...document.querySelectorAll("button, input, select, .word, #drop, p, h1, strong")]
  .filter((e) => e.checkVisibility({ opacityProperty: true }) && !e.closest(".hidden, .skip"))
  .filter((e) => e.getBoundingClientRect().left < 0 || e.getBoundingClientRect().right > innerWidth + 0.5)
  .map((e) => e.id || e.textContent)"""


def assert_fits(page: Page, width: int) -> None:
    page.evaluate("document.fonts.ready")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.body.scrollWidth") <= width
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate(OVERLAPS) == []


def phone(width: int, **options: Any) -> dict[str, Any]:
    return {"viewport": {"width": width, "height": 740}, "has_touch": True, "is_mobile": True, **options}


@pytest.mark.ui
@pytest.mark.parametrize("locale", ["en-US", "hi-IN"])
@pytest.mark.parametrize("width", [320, 360, 412])
def test_nothing_overlaps(visit: Visit, server: Server, tmp_path: Path, width: int, locale: str) -> None:
    page = visit(server, **phone(width, locale=locale))
    assert_fits(page, width)
    for name in (f"{'बहुतलंबानाम' * 5}.flac", "a_name_without_any_place_to_break_it_" * 2 + ".flac"):
        shutil.copy(FAMILY, tmp_path / name)
    page.set_input_files("#file", sorted(tmp_path.iterdir()))
    expect(page.locator("#zip")).to_be_visible(timeout=60_000)
    page.tap("#correct")
    page.check("#keep")
    page.tap("#options summary")
    correct(page, 1, "लंबाशब्द" * 12)
    page.locator("#words > *").nth(2).tap()
    expect(page.locator("#words input")).to_be_focused()
    assert_fits(page, width)
    page.locator("#words input").fill("एक और बहुत ही लंबा वाक्यांश जो एक पंक्ति में नहीं आता")
    assert_fits(page, width)
    broken = tmp_path / f"{'x' * 90}.flac"
    broken.write_text("no sound")
    page.set_input_files("#file", broken)
    expect(page.get_by_role("alert")).to_contain_text("unsupported_audio", timeout=30_000)
    assert_fits(page, width)


@pytest.mark.ui
@pytest.mark.parametrize("locale", ["en-US", "hi-IN"])
@pytest.mark.parametrize("width", [320, 360, 412])
def test_the_stop_button_can_be_read(visit: Visit, server: Server, width: int, locale: str) -> None:
    """While it records: neither the disc nor the ring that pulses around it covers the label."""
    page = visit(server, **phone(width, locale=locale))
    page.tap("#record")
    expect(page.locator("#record")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#record-label")).to_have_text({"en-US": "Stop", "hi-IN": "रोकें"}[locale])
    expect(page.locator("#clock")).to_have_text("0:01", timeout=30_000)
    ring = page.evaluate(
        """() => {
          const disc = document.querySelector(".disc");
          const [pulse] = disc.getAnimations().filter((animation) => animation.animationName === "pulse");
          pulse.pause();
          pulse.currentTime = pulse.effect.getComputedTiming().duration / 2;
          const spread = Number(getComputedStyle(disc).boxShadow.match(/0px 0px 0px ([\\d.]+)px/)[1]);
          return { spread, bottom: disc.getBoundingClientRect().bottom + spread };
        }"""
    )
    assert ring["spread"] > 5
    assert ring["bottom"] <= page.locator("#record-label").bounding_box()["y"]
    expect(page.locator("#record .stop")).to_be_visible()
    expect(page.locator("#record .microphone")).to_be_hidden()
    assert_fits(page, width)
    page.tap("#record")
    expect(page.locator("#record")).to_have_attribute("aria-pressed", "false", timeout=30_000)
    expect(page.locator("#record .microphone")).to_be_visible()


@pytest.mark.ui
def test_dropping_is_offered_to_a_mouse_alone(visit: Visit, server: Server) -> None:
    expect(visit(server, **phone(360)).locator("#drop-hint")).to_be_hidden()
    narrow = visit(server, viewport={"width": 360, "height": 740})
    expect(narrow.locator("#drop-hint")).to_be_visible()
    expect(narrow.locator("#drop svg")).to_be_visible()


@pytest.mark.ui
@pytest.mark.parametrize("width", [320, 360, 412])
def test_the_field_of_the_key_fits(visit: Visit, guarded: Guarded, width: int) -> None:
    page = visit(guarded, **phone(width))
    page.tap("#record")
    expect(page.get_by_role("alert")).to_be_visible()
    assert_fits(page, width)


@pytest.mark.ui
def test_a_wide_screen(page: Page) -> None:
    upload(page, FAMILY)
    page.click("#correct")
    assert_fits(page, 900)
